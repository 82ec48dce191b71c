import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { parseJson, preflight, readBody, readJson, setCorsHeaders } from "./mod.ts";
import { checkOrigin } from "./mod.ts";

const policy = {
  baseUrl: new URL("https://mcp.example/"),
  allowedOrigins: new Set(["https://inspector.example"]),
};
const code = (expected: string) => (error: unknown) =>
  error instanceof AppError && error.code === expected;

Deno.test("checkOrigin() lets absent, own and listed origins in", () => {
  const of = (origin?: string) => new Request("http://x/", origin ? { headers: { origin } } : {});
  assert.equal(checkOrigin(policy, of()), null);
  assert.equal(checkOrigin(policy, of("https://mcp.example")), "https://mcp.example");
  assert.equal(checkOrigin(policy, of("https://inspector.example")), "https://inspector.example");
  for (
    const bad of [
      "null",
      "http://mcp.example",
      "https://mcp.example:8443",
      "https://evil.mcp.example",
      "https://mcp.example.evil",
      "https://mcp.example/",
    ]
  ) assert.throws(() => checkOrigin(policy, of(bad)), code("ORIGIN_NOT_ALLOWED"), bad);
});

Deno.test("preflight() allows the headers MCP clients send and exposes what they read", () => {
  const response = preflight(
    policy,
    new Request("http://x/", {
      method: "OPTIONS",
      headers: {
        origin: "https://inspector.example",
        "access-control-request-headers": "Authorization, mcp-method, Mcp-Param-Region, cookie",
      },
    }),
    "POST, OPTIONS",
  );
  assert.equal(response.status, 204);
  assert.equal(response.headers.get("access-control-allow-origin"), "https://inspector.example");
  assert.equal(response.headers.get("access-control-allow-methods"), "POST, OPTIONS");
  assert.equal(
    response.headers.get("access-control-allow-headers"),
    "authorization, mcp-method, mcp-param-region",
  );
  assert.equal(response.headers.has("access-control-allow-credentials"), false);
  assert.equal(response.headers.get("vary"), "Origin, Access-Control-Request-Headers");
  assert.match(response.headers.get("access-control-expose-headers")!, /WWW-Authenticate/);
});

Deno.test("setCorsHeaders() says nothing to who sent no origin", () => {
  const headers = new Headers();
  setCorsHeaders(headers, null);
  assert.deepEqual([...headers], []);
});

Deno.test("readBody() stops a stream that says too little of its length", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1000));
    },
  });
  const request = new Request("http://x/", { method: "POST", body: endless });
  await assert.rejects(readBody(request, 2500), code("PAYLOAD_TOO_LARGE"));
  assert.ok(pulled < 6, `${pulled} chunks were read`);
});

Deno.test("readBody() refuses by declared length and by true length", async () => {
  const post = (body: string, headers: HeadersInit = {}) =>
    new Request("http://x/", { method: "POST", body, headers });
  await assert.rejects(
    readBody(post("x", { "content-length": "5000" }), 100),
    code("PAYLOAD_TOO_LARGE"),
  );
  await assert.rejects(
    readBody(post("x".repeat(101), { "content-length": "5" }), 100),
    code("PAYLOAD_TOO_LARGE"),
  );
  assert.equal((await readBody(post("x".repeat(100)), 100)).length, 100);
  assert.equal((await readBody(new Request("http://x/"), 100)).length, 0);
});

Deno.test("parseJson() refuses what is no UTF-8 JSON or nests too deep", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (const bad of ["", "{", "nul", "{'a':1}", '"\u0000"', "[1,]", "NaN", "[".repeat(60)]) {
    assert.throws(() => parseJson(bytes(bad)), code("MALFORMED_JSON"), bad);
  }
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), code("MALFORMED_JSON"));
  for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
    const nested = (depth: number) => bytes(open.repeat(depth) + "1" + close.repeat(depth));
    assert.ok(parseJson(nested(64)));
    assert.throws(() => parseJson(nested(65)), code("INVALID_REQUEST"));
    assert.throws(() => parseJson(nested(1_000_000)), code("INVALID_REQUEST"));
  }
  // Brackets inside of a text are no nesting.
  const text = "[".repeat(100) + '\\"' + "{".repeat(100);
  assert.deepEqual(parseJson(bytes(JSON.stringify([text]))), [text]);
});

Deno.test("readJson() wants application/json in UTF-8", async () => {
  const post = (type: string | null) => {
    const request = new Request("http://x/", { method: "POST", body: '{"a":1}' });
    if (type === null) request.headers.delete("content-type");
    else request.headers.set("content-type", type);
    return readJson(request, 100);
  };
  for (const type of ["application/json", "Application/JSON; charset=UTF-8"]) {
    assert.deepEqual(await post(type), { a: 1 });
  }
  for (
    const type of [null, "text/plain", "application/json-patch", "application/json;charset=latin1"]
  ) {
    await assert.rejects(post(type), code("UNSUPPORTED_MEDIA_TYPE"), String(type));
  }
});
