import assert from "node:assert/strict";
import { ERRORS } from "../../lib/errors.ts";
import type { RestRoute } from "../../lib/rest/mod.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import { type RestAnswer, type RestClient, startRest } from "../harness/mod.ts";

/** What no answer may hold: a driver's words, a path of ours, a stack. */
const LEAKS = /postgres|sqlstate|syntax error|relation |constraint|node_modules|file:\/\/|\.ts:\d/i;

function checkRefusal(answer: RestAnswer, said: string, ...codes: string[]): void {
  const { status, headers, body } = answer;
  const code = body["code"] as keyof typeof ERRORS;
  assert.ok(code in ERRORS, `${said}: ${status} ${JSON.stringify(body)}`);
  if (codes.length) assert.ok(codes.includes(code), `${said}: ${code} ${body["detail"]}`);
  assert.equal(status, ERRORS[code].status, said);
  assert.ok(status >= 400 && status < 500, `${said}: ${status}`);
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.equal(headers.get("x-request-id"), body["request_id"]);
  const text = JSON.stringify(body);
  assert.doesNotMatch(text, LEAKS, said);
  assert.ok(text.length < 2_000, `${said}: ${text.length} characters`);
}

const HOSTILE = [
  "%00",
  "a%00b",
  "'%20OR%201=1--",
  "%22%3B%20DROP%20TABLE%20tokens%3B--",
  "..%2f..%2fetc%2fpasswd",
  "%E0%A4%A",
  "%F0%9F%92%A9",
  "__proto__",
  "constructor",
  "UPPER-case",
  "-a",
  "a".repeat(10_000),
  "00000000-0000-0000-0000-00000000000g",
  "%7Bslug%7D",
  "*",
  "%20",
];

const sendable = (route: RestRoute) => route.method !== "GET";

/** Sends what a route takes besides its path, as far as that can be valid here. */
const send = (client: RestClient, route: RestRoute, path: string, init: RequestInit = {}) =>
  client.raw(route.method, path, {
    ...(route.body ? { body: "{}", headers: { "content-type": "application/json" } } : {}),
    ...init,
  });

Deno.test("/v1 refuses every hostile path", async () => {
  await using test = await startRest();
  const client = await test.client();
  const { slug } = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  for (const route of REST_ROUTES) {
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    for (const hostile of names.length ? HOSTILE : []) {
      for (const name of names) {
        const path = route.path.replace(`{${name}}`, hostile).replace("{slug}", slug as string)
          .replace(/\{\w+\}/g, "00000000-0000-7000-8000-000000000000");
        checkRefusal(await send(client, route, path), `${route.method} ${path.slice(0, 80)}`);
      }
    }
  }
  assert.equal((await client.ok(200, "GET", "/v1/endpoints"))["next_cursor"], null);
});

Deno.test("/v1 refuses every hostile query", async () => {
  await using test = await startRest();
  const client = await test.client();
  const { slug } = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const cursor = "AAAAAAAAAAAAAAAAAAAAAA";
  const paged: [query: string, ...codes: string[]][] = [
    ["limit=0", "INVALID_ARGUMENTS"],
    ["limit=-1", "INVALID_ARGUMENTS"],
    ["limit=1e1", "INVALID_ARGUMENTS"],
    ["limit=", "INVALID_ARGUMENTS"],
    ["limit=201", "INVALID_ARGUMENTS"],
    ["limit=99999999999999999999", "INVALID_ARGUMENTS"],
    ["limit=5&limit=6", "INVALID_ARGUMENTS"],
    ["cursor=", "INVALID_CURSOR"],
    ["cursor=%00", "INVALID_CURSOR"],
    ["cursor=' OR 1=1", "INVALID_CURSOR"],
    ["cursor=********************==", "INVALID_CURSOR"],
    [`cursor=${cursor}&cursor=${cursor}`, "INVALID_ARGUMENTS"],
    [`cursor=${"A".repeat(200)}`, "INVALID_ARGUMENTS"],
  ];
  const anywhere: [query: string, ...codes: string[]][] = [
    ["nonsense=1", "INVALID_ARGUMENTS"],
    ["__proto__=1", "INVALID_ARGUMENTS"],
    ["constructor=1&toString=2", "INVALID_ARGUMENTS"],
    [`${"y".repeat(10_000)}=1`, "INVALID_ARGUMENTS"],
    ["access_token=bhd_pat_0", "INVALID_ARGUMENTS"],
  ];
  for (const route of REST_ROUTES) {
    const path = route.path.replace("{slug}", slug as string)
      .replace(/\{\w+\}/g, "00000000-0000-7000-8000-000000000000");
    const isList = route.query && "cursor" in route.query.shape;
    for (const [query, ...codes] of [...anywhere, ...(isList ? paged : [])]) {
      const said = `${route.method} ${path}?${query.slice(0, 60)}`;
      checkRefusal(await send(client, route, `${path}?${query}`), said, ...codes);
    }
  }
});

const json = { "content-type": "application/json" };

Deno.test("/v1 refuses every hostile body", async () => {
  await using test = await startRest();
  const client = await test.client();
  const { slug } = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const bodies: [body: string | Uint8Array<ArrayBuffer>, ...codes: string[]][] = [
    ["", "MALFORMED_JSON"],
    ["{", "MALFORMED_JSON"],
    ["{'a':1}", "MALFORMED_JSON"],
    [Uint8Array.of(0x22, 0xff, 0x22), "MALFORMED_JSON"],
    ["null", "INVALID_ARGUMENTS"],
    ["[]", "INVALID_ARGUMENTS"],
    ["1e400", "INVALID_ARGUMENTS"],
    ['"text"', "INVALID_ARGUMENTS"],
    ["{}", "INVALID_ARGUMENTS"],
    ['{"__proto__":{"name":"x"}}', "INVALID_ARGUMENTS"],
    ['{"constructor":{"prototype":{}}}', "INVALID_ARGUMENTS"],
    [`{"${"k".repeat(50_000)}":1}`, "INVALID_ARGUMENTS"],
    ["[".repeat(60) + "]".repeat(60), "INVALID_ARGUMENTS"],
    ["[".repeat(30_000), "INVALID_REQUEST"],
    [`{"name":"${"x".repeat(1_000_000)}"}`, "PAYLOAD_TOO_LARGE"],
  ];
  for (const route of REST_ROUTES.filter((route) => sendable(route) && !route.streamed)) {
    const path = route.path.replace("{slug}", slug as string)
      .replace(/\{\w+\}/g, "00000000-0000-7000-8000-000000000000");
    for (const [body, ...codes] of bodies) {
      const said = `${route.method} ${path} ${String(body).slice(0, 40)}`;
      const answer = () => client.raw(route.method, path, { body, headers: json });
      // Where every field may be left out, it is what the path names that is not there.
      const isValid = body === "{}" && route.body?.safeParse({}).success;
      if (route.body) checkRefusal(await answer(), said, ...(isValid ? ["NOT_FOUND"] : codes));
      else if (body.length) {
        // A route may lack a query parameter here, which is told first.
        const codes = ["INVALID_REQUEST", "PAYLOAD_TOO_LARGE", "INVALID_ARGUMENTS"];
        checkRefusal(await answer(), said, ...codes);
      }
    }
    if (!route.body) continue;
    for (const type of ["text/plain", "application/json; charset=latin1", "multipart/form-data"]) {
      const headers = { "content-type": type };
      checkRefusal(
        await client.raw(route.method, path, { body: "{}", headers }),
        `${route.operation} as ${type}`,
        "UNSUPPORTED_MEDIA_TYPE",
      );
    }
  }
});

Deno.test("/v1 refuses every hostile value", async () => {
  await using test = await startRest();
  const client = await test.client();
  const { slug } = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const token = { name: "t", abilities: ["rows:read"], endpoints: "all" };
  const cases: [method: string, path: string, body: unknown, ...codes: string[]][] = [
    ["POST", "/v1/endpoints", { name: "" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: "   " }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: "a\u0000b" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: "a\nb" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: "x".repeat(201) }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: 5 }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: { toString: "x" } }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: "x", slug: "mine" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: "x", tenant_id: "1" }, "INVALID_ARGUMENTS"],
    ["PATCH", `/v1/endpoints/${slug}`, {}, "INVALID_ARGUMENTS"],
    ["PATCH", `/v1/endpoints/${slug}`, { text_format: "xml" }, "INVALID_ARGUMENTS"],
    ["PATCH", `/v1/endpoints/${slug}`, { public_llms_txt: "yes" }, "INVALID_ARGUMENTS"],
    ["PATCH", `/v1/endpoints/${slug}`, { status: "ready" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, abilities: [] }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, abilities: ["rows:*"] }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, abilities: "rows:read" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { name: "t", endpoints: "all" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { name: "t", abilities: ["rows:read"] }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, endpoints: [] }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, endpoints: ["all"] }, "ACCESS_DENIED"],
    ["POST", "/v1/tokens", { ...token, endpoints: ["no-such"] }, "ACCESS_DENIED"],
    ["POST", "/v1/tokens", { ...token, endpoints: ["\u0000"] }, "ACCESS_DENIED"],
    ["POST", "/v1/tokens", { ...token, scope: "mcp:all" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, abilities: ["rows:insert"] }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, expires_at: "tomorrow" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, expires_at: "2020-01-01T00:00:00Z" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, expires_at: "+99999-01-01T00:00:00Z" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, expires_at: 4102444800 }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, name: "a\u0000b" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, name: "pay\u202efdp" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, name: "a\u200bb" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/tokens", { ...token, name: "\ud800 lone" }, "INVALID_ARGUMENTS"],
    ["POST", "/v1/endpoints", { name: "\u{e0041}\u{e0042}" }, "INVALID_ARGUMENTS"],
  ];
  for (const [method, path, body, ...codes] of cases) {
    checkRefusal(
      await client.call(method, path, body),
      `${method} ${path} ${JSON.stringify(body).slice(0, 80)}`,
      ...codes,
    );
  }
  // Odd, yet harmless: text is kept as it is.
  for (const name of ["'; DROP TABLE tokens; --", "<script>", "𝔘𝔫𝔦", "__proto__"]) {
    const made = await client.ok(201, "POST", "/v1/tokens", { ...token, name });
    assert.equal(made["name"], name.toWellFormed());
  }
  assert.deepEqual(test.logLines.filter((line) => line.includes('"error"')), []);
});
