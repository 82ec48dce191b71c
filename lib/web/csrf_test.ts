import assert from "node:assert/strict";
import { checkSource, checkToken, csrfToken, isSafe } from "./csrf.ts";

const OWN = new Set(["https://bulkhead.example"]);

function source(headers: Record<string, string>): boolean {
  const request = new Request("https://bulkhead.example/tokens", { method: "POST", headers });
  try {
    checkSource(request, OWN);
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, "CSRF_REJECTED");
    return false;
  }
}

Deno.test("checkSource() lets our own pages write", () => {
  assert(source({ origin: "https://bulkhead.example" }));
  assert(source({ "sec-fetch-site": "same-origin" }));
  assert(source({ origin: "https://bulkhead.example", "sec-fetch-site": "same-origin" }));
});

Deno.test("checkSource() refuses every other source, and none at all", () => {
  const refused: Record<string, string>[] = [
    {},
    { origin: "null" },
    { origin: "" },
    { origin: "https://evil.example" },
    { origin: "http://bulkhead.example" },
    { origin: "https://bulkhead.example:444" },
    { origin: "https://bulkhead.example.evil.example" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { origin: "https://bulkhead.example", "sec-fetch-site": "cross-site" },
    { origin: "https://evil.example", "sec-fetch-site": "same-origin" },
    { referer: "https://bulkhead.example/tokens" },
  ];
  for (const headers of refused) assert(!source(headers), JSON.stringify(headers));
});

Deno.test("csrfToken() differs by secret and gives nothing of it away", () => {
  const secret = "s".repeat(43);
  const token = csrfToken(secret);
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(token, csrfToken(secret));
  assert.notEqual(token, csrfToken("t".repeat(43)));
  assert(!token.includes(secret.slice(0, 8)));
});

Deno.test("checkToken() accepts the visit's own token alone", () => {
  const token = csrfToken("s".repeat(43));
  checkToken(token, token);
  for (const wrong of [null, undefined, "", token.slice(1), `${token}=`, csrfToken("other")]) {
    assert.throws(() => checkToken(wrong, token), { code: "CSRF_REJECTED" });
  }
});

Deno.test("checkToken() never matches an empty expectation", () => {
  assert.throws(() => checkToken("", ""), { code: "CSRF_REJECTED" });
});

Deno.test("isSafe() knows the reading methods", () => {
  assert.deepEqual(["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"].filter(isSafe), [
    "GET",
    "HEAD",
    "OPTIONS",
  ]);
});
