import assert from "node:assert/strict";
import { PUBLIC_ONLY } from "../http/mod.ts";
import { documentUrl, freshSeconds } from "./document.ts";

Deno.test("freshSeconds() follows the headers, within a day (RFC 9111, 4.2.1)", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  const cases: [Record<string, string>, number][] = [
    [{}, 300],
    [{ "cache-control": "max-age=60" }, 60],
    [{ "cache-control": "public, Max-Age=60", age: "20" }, 40],
    [{ "cache-control": "max-age=60", age: "90" }, 0],
    [{ "cache-control": "max-age=99999999" }, 86_400],
    [{ "cache-control": "no-store" }, 0],
    [{ "cache-control": "max-age=60, no-cache" }, 0],
    [{ expires: "Sat, 21 Nov 2026 12:01:40 GMT" }, 100],
    [{ expires: "Sat, 21 Nov 2026 11:00:00 GMT" }, 0],
    [{ expires: "0" }, 0],
    [{ "cache-control": "max-age=60", expires: "Sat, 21 Nov 2026 13:00:00 GMT" }, 60],
  ];
  for (const [headers, seconds] of cases) {
    assert.equal(freshSeconds(new Headers(headers), now), seconds, JSON.stringify(headers));
  }
});

Deno.test("documentUrl() takes the canonical spelling of an https address with a path alone", () => {
  assert.ok(documentUrl("https://app.example/client.json", PUBLIC_ONLY));
  assert.ok(documentUrl("https://app.example:8443/a?b=c", PUBLIC_ONLY));
  for (
    const clientId of [
      "https://app.example",
      "https://app.example/",
      "https://APP.example/a",
      "https://app.example:443/a",
      "https://app.example/a/../b",
      "https://app.example/a#b",
      "https://app.example/a#",
      "https://u@app.example/a",
      "http://app.example/a",
      "http://localhost/a",
      "bhc_0123456789",
      "https://app.example/" + "a".repeat(2000),
    ]
  ) assert.equal(documentUrl(clientId, PUBLIC_ONLY), null, clientId);
});
