import assert from "node:assert/strict";
import {
  echoTarget,
  MCP_META,
  type McpBody,
  mcpBody,
  mcpHarness,
} from "../../tests/harness/mcp.ts";

type Json = Record<string, unknown>;

const events = async (response: Response) =>
  (await response.text()).split("\n\n").filter(Boolean).map((event) => {
    const [type, data, ...more] = event.split("\n");
    assert.equal(type, "event: message");
    assert.deepEqual(more, []);
    return JSON.parse(data!.slice("data: ".length));
  });

Deno.test("answer() serves 2026-07-28 with result type, server info and caching hints", async () => {
  const { modern } = mcpHarness();
  const discovered = await modern("server/discover");
  assert.equal(discovered.headers.get("content-type"), "application/json");
  assert.deepEqual(await mcpBody(discovered), {
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
  const list = await mcpBody(await modern("tools/list"));
  assert.equal(list.result.cacheScope, "private");
  assert.equal(list.result.tools[0]!.name, "echo");
  const call = await mcpBody(await modern("tools/call", { name: "echo", arguments: { a: [1] } }));
  assert.deepEqual(call.result.structuredContent, { args: { a: [1] } });
  assert.equal(call.result.resultType, "complete");
  assert.equal("ttlMs" in call.result, false);
});

Deno.test("answer() serves the legacy revisions without what is new in 2026-07-28", async () => {
  const { legacy, post } = mcpHarness();
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
    const { result } = await mcpBody(await initialize(asked));
    assert.equal(result.protocolVersion, given);
    assert.deepEqual(result.capabilities, { tools: {} });
    assert.deepEqual(result.serverInfo, { name: "test", version: "1" });
  }
  const call = await mcpBody(await legacy("tools/call", { name: "echo" }));
  assert.deepEqual(call, {
    jsonrpc: "2.0",
    id: 7,
    result: { content: [], structuredContent: { args: {} } },
  });
  assert.deepEqual((await mcpBody(await legacy("ping"))).result, {});
  // Without a header it is taken for 2025-03-26.
  const assumed = await post({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  assert.equal((await mcpBody(assumed)).result.tools.length, 1);
});

Deno.test("answer() holds 2026-07-28 requests to their headers and _meta", async () => {
  const { modern } = mcpHarness(echoTarget({
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
        ...MCP_META,
        "io.modelcontextprotocol/logLevel": "loud",
      }),
      400,
      -32602,
    ],
    [
      "bad progress token",
      modern("tools/list", {}, {}, { ...MCP_META, progressToken: 1.5 }),
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
    const body = await mcpBody(response);
    assert.equal((body as Partial<McpBody>).error?.code, code, `${name}: ${JSON.stringify(body)}`);
    assert.equal(response.status, status, name);
    assert.equal(body.id, "a", name);
  }
});

Deno.test("answer() names the versions it serves to who asks for another", async () => {
  const { modern, legacy, post } = mcpHarness();
  const meta = { ...MCP_META, "io.modelcontextprotocol/protocolVersion": "2030-01-01" };
  const asked = await modern("tools/list", {}, { "mcp-protocol-version": "2030-01-01" }, meta);
  assert.equal(asked.status, 400);
  const { error } = await mcpBody(asked);
  assert.equal(error.code, -32022);
  assert.deepEqual(error.data.supported, ["2026-07-28", "2025-11-25", "2025-06-18"]);
  assert.equal(error.data.requested, "2030-01-01");
  const old = await legacy("tools/list", {}, { "mcp-protocol-version": "2024-11-05" });
  assert.equal(old.status, 400);
  assert.equal((await mcpBody(old)).error.code, -32022);
  const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
  const headers = { "mcp-protocol-version": "nonsense" };
  assert.equal((await post(notification, headers)).status, 400);
});

Deno.test("answer() tells errors of the legacy era in a 200, where the message was well-formed", async () => {
  const { legacy } = mcpHarness();
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
    const body = await mcpBody(response);
    assert.equal(body.error.code, code);
    assert.equal(body.id, 7);
  }
});

Deno.test("answer() takes notifications in and refuses what is no message", async () => {
  const { post } = mcpHarness();
  const message = (rest: Record<string, unknown>) => ({ jsonrpc: "2.0", ...rest });
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
    const { error } = await mcpBody(response);
    assert.equal(error.code, code, JSON.stringify(body));
    assert.equal(response.status, 400, JSON.stringify(body));
  }
});

Deno.test("answer() hands arguments on as they were sent, prototype keys included", async () => {
  const { post } = mcpHarness();
  const args = '{"__proto__":{"x":1},"constructor":"\\u0000","toString":"\\ud800","a":1,"a":2}';
  const response = await post(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`,
  );
  const { result } = await mcpBody(response);
  assert.deepEqual(
    JSON.stringify(result.structuredContent.args),
    JSON.stringify(JSON.parse(args)),
  );
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const unknown = await post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } });
    assert.equal((await mcpBody(unknown)).error.code, -32602);
    const method = await post({ jsonrpc: "2.0", id: 1, method: name });
    assert.equal((await mcpBody(method)).error.code, -32601);
  }
});

Deno.test("answer() never tells what an unexpected error says", async () => {
  const { modern, log } = mcpHarness();
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
  const { modern } = mcpHarness();
  const meta = { ...MCP_META, progressToken: "p" };
  const response = await modern("tools/call", { name: "lines" }, {}, meta);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  const [first, second, answer, ...more] = await events(response);
  const progress = (params: Record<string, unknown>) => ({
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
  const { modern, legacy } = mcpHarness();
  const meta = { ...MCP_META, progressToken: 1 };
  const response = await modern("tools/call", { name: "echo" }, {}, meta);
  assert.equal(response.headers.get("content-type"), "application/json");
  const forbidden = await legacy("tools/call", { name: "forbidden", _meta: { progressToken: 1 } });
  assert.equal(forbidden.status, 403);
});
