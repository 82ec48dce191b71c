import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import type { Slug } from "../ids.ts";
import { createLog } from "../log.ts";
import { createMcpServer, type Door, type McpTarget } from "./mod.ts";

const SLUG = "movies-abc123" as Slug;
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
type Json = Record<string, unknown>;

/** A target whose tools show what reaches them. */
function target(overrides: Partial<McpTarget> = {}): McpTarget {
  return {
    serverInfo: '{"name":"test","version":"1"}',
    instructions: () => "Ask away.",
    listTools: () => '[{"name":"echo","inputSchema":{"type":"object"}}]',
    // deno-lint-ignore require-await -- what it throws must reject
    async callTool(name, args, context) {
      switch (name) {
        case "echo":
          return { fields: `"content":[],"structuredContent":${JSON.stringify({ args })}` };
        case "lines":
          context.progress(1, 2);
          context.progress(1, 2);
          context.progress(2, 2, "end");
          return { fields: '"content":[],\n "structuredContent":[1,\n 2]' };
        case "fault":
          throw new Error("secret detail of a driver");
        case "forbidden":
          throw new AppError("INSUFFICIENT_SCOPE", "This needs the ability rows:read.");
        case "asking":
          return { fields: '"inputRequests":{}', inputRequired: true };
        default:
          throw new AppError("UNKNOWN_TOOL");
      }
    },
    ...overrides,
  };
}

function serverOf(served: McpTarget = target(), door: Partial<Door> = {}) {
  const log: string[] = [];
  const server = createMcpServer({
    policy: {
      baseUrl: new URL("https://mcp.example"),
      allowedOrigins: new Set(["https://app.example"]),
    },
    log: createLog((line) => void log.push(line)),
    enter: () => Promise.resolve({ target: served, owner: "token", caller: "token" }),
    ...door,
  });
  const send = (init: RequestInit) =>
    server.answer(new Request(`https://mcp.example/mcp/${SLUG}`, init), SLUG, "192.0.2.1");
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    send({
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  /** A request of the legacy era. */
  const legacy = (method: string, params?: Json, headers: Record<string, string> = {}) =>
    post({ jsonrpc: "2.0", id: 7, method, ...(params ? { params } : {}) }, {
      "mcp-protocol-version": "2025-11-25",
      ...headers,
    });
  /** A request of 2026-07-28; a header of null is left out. */
  const modern = (
    method: string,
    params: Json = {},
    headers: Record<string, string | null> = {},
    meta: Json = META,
  ) => {
    const name = params.name ?? params.uri;
    const sent: Record<string, string | null> = {
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": name } : {}),
      ...headers,
    };
    const kept = Object.entries(sent).filter((entry): entry is [string, string] => !!entry[1]);
    return post(
      { jsonrpc: "2.0", id: "a", method, params: { ...params, _meta: meta } },
      Object.fromEntries(kept),
    );
  };
  return { server, log, send, post, legacy, modern };
}

/** What these tests read of answers. */
interface Body {
  readonly id?: unknown;
  readonly result: Json & { readonly tools: Json[]; readonly structuredContent: Json };
  readonly error: { readonly code: number; readonly message: string; readonly data: Json };
}
const json = async (response: Response): Promise<Body> => await response.json();
const events = async (response: Response) =>
  (await response.text()).split("\n\n").filter(Boolean).map((event) => {
    const [type, data, ...more] = event.split("\n");
    assert.equal(type, "event: message");
    assert.deepEqual(more, []);
    return JSON.parse(data!.slice("data: ".length));
  });

Deno.test("answer() serves 2026-07-28 with result type, server info and caching hints", async () => {
  const { modern } = serverOf();
  const discovered = await modern("server/discover");
  assert.equal(discovered.headers.get("content-type"), "application/json");
  assert.deepEqual(await json(discovered), {
    jsonrpc: "2.0",
    id: "a",
    result: {
      resultType: "complete",
      supportedVersions: ["2026-07-28", "2025-11-25", "2025-06-18"],
      capabilities: { tools: {} },
      instructions: "Ask away.",
      ttlMs: 60000,
      cacheScope: "private",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "test", version: "1" } },
    },
  });
  const list = await json(await modern("tools/list"));
  assert.equal(list.result.cacheScope, "private");
  assert.equal(list.result.tools[0]!.name, "echo");
  const call = await json(await modern("tools/call", { name: "echo", arguments: { a: [1] } }));
  assert.deepEqual(call.result.structuredContent, { args: { a: [1] } });
  assert.equal(call.result.resultType, "complete");
  assert.equal("ttlMs" in call.result, false);
});

Deno.test("answer() serves the legacy revisions without what is new in 2026-07-28", async () => {
  const { legacy, post } = serverOf();
  const initialize = (protocolVersion: string) =>
    legacy("initialize", {
      protocolVersion,
      capabilities: {},
      clientInfo: { name: "client", version: "1" },
    });
  for (
    const [asked, given] of [
      ["2025-11-25", "2025-11-25"],
      ["2025-06-18", "2025-06-18"],
      ["2025-03-26", "2025-03-26"],
      ["2026-07-28", "2025-11-25"],
      ["1999-01-01", "2025-11-25"],
    ] as const
  ) {
    const { result } = await json(await initialize(asked));
    assert.equal(result.protocolVersion, given);
    assert.deepEqual(result.capabilities, { tools: {} });
    assert.deepEqual(result.serverInfo, { name: "test", version: "1" });
  }
  const call = await json(await legacy("tools/call", { name: "echo" }));
  assert.deepEqual(call, {
    jsonrpc: "2.0",
    id: 7,
    result: { content: [], structuredContent: { args: {} } },
  });
  assert.deepEqual((await json(await legacy("ping"))).result, {});
  // Without a header it is taken for 2025-03-26.
  const assumed = await post({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  assert.equal((await json(assumed)).result.tools.length, 1);
});

Deno.test("answer() holds 2026-07-28 requests to their headers and _meta", async () => {
  const { modern } = serverOf(target({
    paramHeaders: () => [{ name: "Region", path: ["place", "region"] }],
  }));
  const call = { name: "echo", arguments: {} };
  const inRegion = (region: unknown) => ({ name: "echo", arguments: { place: { region } } });
  const encoded = (text: string) => `=?base64?${new TextEncoder().encode(text).toBase64()}?=`;
  const cases: [string, Promise<Response>, status: number, code: number | undefined][] = [
    ["method missing", modern("tools/call", call, { "mcp-method": null }), 400, -32020],
    ["method differs", modern("tools/call", call, { "mcp-method": "tools/list" }), 400, -32020],
    ["method's case", modern("tools/call", call, { "mcp-method": "TOOLS/CALL" }), 400, -32020],
    ["name missing", modern("tools/call", call, { "mcp-name": null }), 400, -32020],
    ["name differs", modern("tools/call", call, { "mcp-name": "fault" }), 400, -32020],
    ["name encoded", modern("tools/call", call, { "mcp-name": encoded("echo") }), 200, undefined],
    ["encoded, differs", modern("tools/call", call, { "mcp-name": encoded("x") }), 400, -32020],
    ["no Base64", modern("tools/call", call, { "mcp-name": "=?base64?!?=" }), 400, -32020],
    [
      "blank inside",
      modern("tools/call", call, { "mcp-name": "=?base64?ZW Nobw==?=" }),
      400,
      -32020,
    ],
    ["not visible", modern("tools/call", call, { "mcp-name": "\xe9" }), 400, -32020],
    ["version missing", modern("tools/list", {}, { "mcp-protocol-version": null }), 400, -32020],
    [
      "version differs",
      modern("tools/list", {}, { "mcp-protocol-version": "2025-11-25" }),
      400,
      -32020,
    ],
    ["no _meta", modern("tools/list", {}, {}, {}), 400, -32602],
    [
      "no capabilities",
      modern("tools/list", {}, {}, {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      }),
      400,
      -32602,
    ],
    [
      "bad log level",
      modern("tools/list", {}, {}, {
        ...META,
        "io.modelcontextprotocol/logLevel": "loud",
      }),
      400,
      -32602,
    ],
    [
      "bad progress token",
      modern("tools/list", {}, {}, { ...META, progressToken: 1.5 }),
      400,
      -32602,
    ],
    ["parameter missing", modern("tools/call", inRegion("eu")), 400, -32020],
    [
      "parameter",
      modern("tools/call", inRegion("eu"), { "mcp-param-region": "eu" }),
      200,
      undefined,
    ],
    [
      "parameter differs",
      modern("tools/call", inRegion("eu"), { "mcp-param-region": "us" }),
      400,
      -32020,
    ],
    [
      "parameter, number",
      modern("tools/call", inRegion(42), { "mcp-param-region": "42.0" }),
      200,
      undefined,
    ],
    ["parameter null", modern("tools/call", inRegion(null)), 200, undefined],
    ["parameter alone", modern("tools/call", call, { "mcp-param-region": "eu" }), 400, -32020],
    ["unknown method", modern("tools/cull"), 404, -32601],
    ["removed method", modern("ping"), 404, -32601],
    ["not offered", modern("prompts/list"), 404, -32601],
    ["no changes told", modern("subscriptions/listen", { notifications: {} }), 404, -32601],
  ];
  for (const [name, answer, status, code] of cases) {
    const response = await answer;
    const body = await json(response);
    assert.equal((body as Partial<Body>).error?.code, code, `${name}: ${JSON.stringify(body)}`);
    assert.equal(response.status, status, name);
    assert.equal(body.id, "a", name);
  }
});

Deno.test("answer() names the versions it serves to who asks for another", async () => {
  const { modern, legacy, post } = serverOf();
  const meta = { ...META, "io.modelcontextprotocol/protocolVersion": "2030-01-01" };
  const asked = await modern("tools/list", {}, { "mcp-protocol-version": "2030-01-01" }, meta);
  assert.equal(asked.status, 400);
  const { error } = await json(asked);
  assert.equal(error.code, -32022);
  assert.deepEqual(error.data.supported, ["2026-07-28", "2025-11-25", "2025-06-18"]);
  assert.equal(error.data.requested, "2030-01-01");
  const old = await legacy("tools/list", {}, { "mcp-protocol-version": "2024-11-05" });
  assert.equal(old.status, 400);
  assert.equal((await json(old)).error.code, -32022);
  const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
  const headers = { "mcp-protocol-version": "nonsense" };
  assert.equal((await post(notification, headers)).status, 400);
});

Deno.test("answer() tells errors of the legacy era in a 200, where the message was well-formed", async () => {
  const { legacy } = serverOf();
  const cases: [Promise<Response>, code: number][] = [
    [legacy("server/discover"), -32601],
    [legacy("subscriptions/listen", { notifications: {} }), -32601],
    [legacy("tools/call", { name: "nothing" }), -32602],
    [legacy("tools/call", { name: 5 }), -32602],
    [legacy("tools/call", { name: "echo", arguments: [] }), -32602],
    [legacy("tools/call"), -32602],
    [legacy("tools/list", { cursor: "x" }), -32602],
    [legacy("initialize", {}), -32602],
    [legacy("tools/call", { name: "asking" }), -32600],
  ];
  for (const [answer, code] of cases) {
    const response = await answer;
    assert.equal(response.status, 200);
    const body = await json(response);
    assert.equal(body.error.code, code);
    assert.equal(body.id, 7);
  }
});

Deno.test("answer() takes notifications in and refuses what is no message", async () => {
  const { post } = serverOf();
  const message = (rest: Json) => ({ jsonrpc: "2.0", ...rest });
  const accepted = [
    { method: "notifications/initialized" },
    { method: "notifications/cancelled", params: { requestId: 3 } },
    { method: "notifications/cancelled", params: { requestId: { a: 1 } } },
    { method: "notifications/something/else" },
  ];
  for (const notification of accepted) {
    const response = await post(message(notification));
    assert.equal(response.status, 202, JSON.stringify(notification));
    assert.equal(await response.text(), "");
  }
  const refused: [body: unknown, code: number][] = [
    [[], -32600],
    [[message({ id: 1, method: "ping" })], -32600],
    [null, -32600],
    ["5", -32600],
    ["{}", -32600],
    [{ jsonrpc: "1.0", id: 1, method: "ping" }, -32600],
    [message({ id: null, method: "ping" }), -32600],
    [message({ id: 1.5, method: "ping" }), -32600],
    ['{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1e400,"method":"ping"}', -32600],
    [message({ id: {}, method: "ping" }), -32600],
    [message({ id: 1, method: 5 }), -32600],
    [message({ id: 1, method: "ping", params: [] }), -32600],
    [message({ id: 1, method: "ping", params: { _meta: "x" } }), -32602],
    [message({ id: 1, result: {} }), -32600],
    [message({ id: 1, error: { code: 1, message: "x" } }), -32600],
    [message({ method: "ping" }), -32600],
    ["{", -32700],
    ["", -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}garbage', -32700],
    [`{"a":${"[".repeat(100)}${"]".repeat(100)}}`, -32600],
  ];
  for (const [body, code] of refused) {
    const response = await post(body);
    const { error } = await json(response);
    assert.equal(error.code, code, JSON.stringify(body));
    assert.equal(response.status, 400, JSON.stringify(body));
  }
});

Deno.test("answer() hands arguments on as they were sent, prototype keys included", async () => {
  const { post } = serverOf();
  const args = '{"__proto__":{"x":1},"constructor":"\\u0000","toString":"\\ud800","a":1,"a":2}';
  const response = await post(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`,
  );
  const { result } = await json(response);
  assert.deepEqual(
    JSON.stringify(result.structuredContent.args),
    JSON.stringify(JSON.parse(args)),
  );
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const unknown = await post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } });
    assert.equal((await json(unknown)).error.code, -32602);
    const method = await post({ jsonrpc: "2.0", id: 1, method: name });
    assert.equal((await json(method)).error.code, -32601);
  }
});

Deno.test("answer() never tells what an unexpected error says", async () => {
  const { modern, log } = serverOf();
  const response = await modern("tools/call", { name: "fault" });
  assert.equal(response.status, 500);
  const text = await response.text();
  assert.doesNotMatch(text, /secret|driver/);
  const { error } = JSON.parse(text);
  assert.equal(error.code, -32603);
  const line = log.find((entry) => entry.includes(String(error.data.request_id)));
  assert.match(line!, /secret detail of a driver/);
});

Deno.test("answer() streams progress that rises, then the answer on one line", async () => {
  const { modern } = serverOf();
  const meta = { ...META, progressToken: "p" };
  const response = await modern("tools/call", { name: "lines" }, {}, meta);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  const [first, second, answer, ...more] = await events(response);
  const progress = (params: Json) => ({
    jsonrpc: "2.0",
    method: "notifications/progress",
    params: { progressToken: "p", ...params },
  });
  assert.deepEqual(first, progress({ progress: 1, total: 2 }));
  assert.deepEqual(second, progress({ progress: 2, total: 2, message: "end" }));
  assert.deepEqual(answer.result.structuredContent, [1, 2]);
  assert.deepEqual(more, []);
});

Deno.test("answer() needs no stream for what says nothing before its answer", async () => {
  const { modern, legacy } = serverOf();
  const meta = { ...META, progressToken: 1 };
  const response = await modern("tools/call", { name: "echo" }, {}, meta);
  assert.equal(response.headers.get("content-type"), "application/json");
  const forbidden = await legacy("tools/call", { name: "forbidden", _meta: { progressToken: 1 } });
  assert.equal(forbidden.status, 403);
});

Deno.test("answer() asks for a token before all else, and the same for every slug", async () => {
  const refusing = (code: "AUTHENTICATION_REQUIRED" | "ACCESS_DENIED") =>
    serverOf(target(), { enter: () => Promise.reject(new AppError(code)) });
  const { send, post } = refusing("AUTHENTICATION_REQUIRED");
  const metadata =
    `resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp/${SLUG}"`;
  for (const method of ["GET", "DELETE", "PUT", "POST"]) {
    const response = await send({ method });
    assert.equal(response.status, 401, method);
    assert.equal(response.headers.get("www-authenticate"), `Bearer ${metadata}, scope="mcp"`);
  }
  const wrong = await post("{", { authorization: "Bearer nonsense" });
  assert.equal(wrong.status, 401);
  assert.equal(
    wrong.headers.get("www-authenticate"),
    `Bearer error="invalid_token", ${metadata}, scope="mcp"`,
  );
  const denied = await refusing("ACCESS_DENIED").post("{");
  assert.equal(denied.status, 403);
  assert.equal(denied.headers.get("www-authenticate"), null);
});

Deno.test("answer() tells of a missing ability with a challenge", async () => {
  const { modern } = serverOf();
  const response = await modern("tools/call", { name: "forbidden" });
  assert.equal(response.status, 403);
  assert.match(response.headers.get("www-authenticate")!, /^Bearer error="insufficient_scope", /);
  const { id, error } = await json(response);
  assert.equal(id, "a");
  assert.match(error.message, /rows:read/);
});

Deno.test("answer() guards method, origin, content type and size", async () => {
  const { send, post } = serverOf();
  for (const method of ["GET", "DELETE", "PUT", "PATCH", "HEAD"]) {
    const response = await send({ method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get("allow"), "POST, OPTIONS");
  }
  assert.equal((await post("{}", { "content-type": "text/plain" })).status, 415);
  assert.equal((await post(`"${"x".repeat(4 * 1024 * 1024)}"`)).status, 413);
  assert.equal((await post("{}", { origin: "https://evil.example" })).status, 403);
  const allowed = await post({ jsonrpc: "2.0", id: 1, method: "ping" }, {
    origin: "https://app.example",
  });
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://app.example");
  assert.match(allowed.headers.get("access-control-expose-headers")!, /WWW-Authenticate/);
  assert.equal(allowed.headers.get("vary"), "Origin");
});

Deno.test("answer() answers OPTIONS before it asks for a token", async () => {
  const { send } = serverOf(target(), {
    enter: () => Promise.reject(new AppError("AUTHENTICATION_REQUIRED")),
  });
  const ask = (origin: string) =>
    send({
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,mcp-protocol-version",
      },
    });
  const allowed = await ask("https://app.example");
  assert.equal(allowed.status, 204);
  assert.match(allowed.headers.get("access-control-allow-headers")!, /authorization/);
  assert.equal((await ask("https://evil.example")).status, 403);
});
