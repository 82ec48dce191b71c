/** Who is let in, what is told to whom, and what hostile bodies come to. */
import assert from "node:assert/strict";
import { changeEndpoint } from "../../lib/endpoints/mod.ts";
import { mintToken, newToken, revokeToken } from "../../lib/tokens/mod.ts";
import { leaveCluster, testTenant, testToken } from "../harness/mod.ts";
import { filmEndpoint, type McpTest, serveMcp } from "./mcp_setup.ts";

interface Answer {
  readonly status: number;
  readonly challenge: string | null;
  /** The body with request ids taken out, for they differ always. */
  readonly body: string;
}

const REQUEST_ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

async function ask(
  test: McpTest,
  path: string,
  token: string | null,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(test.origin + path, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    ...init,
    headers: {
      "content-type": "application/json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  const body = (await response.text()).replace(REQUEST_ID, "REQUEST");
  const challenge = response.headers.get("www-authenticate");
  return { status: response.status, challenge, body };
}

const call = (name: unknown, args: unknown) =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name, arguments: args },
  });

Deno.test("an endpoint says the same to every stranger, whether it exists or not", async () => {
  await using test = await serveMcp();
  const { services } = test;
  const [mine, other] = [await testTenant(services, "A"), await testTenant(services, "B")];
  const films = await filmEndpoint(test, mine);
  const secrets = await filmEndpoint(test, other);
  const { token: revoked, view } = await mintToken(services, mine.scope, {
    name: "revoked",
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: "all",
  });
  await revokeToken(services, mine.scope, view.id);

  const path = { mine: `/mcp/${films.endpoint.slug}`, none: "/mcp/no-such-endpoint" };
  const anonymous = await ask(test, path.mine, null);
  assert.equal(anonymous.status, 401);
  assert.equal(
    anonymous.challenge,
    `Bearer resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource` +
      `${path.mine}", scope="mcp mcp:write"`,
  );
  const atNone = (answer: Answer) => ({
    ...answer,
    challenge: answer.challenge?.replace(path.mine, path.none) ?? null,
  });
  for (const token of [null, "nonsense", newToken("pat"), newToken("ort"), revoked]) {
    for (const init of [{}, { method: "GET", body: null }, { method: "DELETE", body: null }]) {
      const [here, there] = [
        await ask(test, path.mine, token, init),
        await ask(test, path.none, token, init),
      ];
      assert.equal(here.status, 401, `${token}`);
      assert.equal(here.challenge!.includes('error="invalid_token"'), token !== null);
      assert.deepEqual(atNone(here), there);
    }
  }

  // With a token: another tenant's, one that is not covered, and none at all are one.
  const uncovered = await filmEndpoint(test, mine, "Uncovered");
  const token = await testToken(services, mine, { endpoints: [films.endpoint.id] });
  assert.equal((await ask(test, path.mine, token)).status, 200);
  const nothing = await ask(test, path.none, token);
  assert.equal(nothing.status, 403);
  for (const { endpoint } of [secrets, uncovered]) {
    assert.deepEqual(await ask(test, `/mcp/${endpoint.slug}`, token), nothing);
    assert.deepEqual(
      await ask(test, `/mcp/${endpoint.slug}/llms.txt`, token, { method: "GET", body: null }),
      await ask(test, `${path.none}/llms.txt`, token, { method: "GET", body: null }),
    );
  }
  assert.equal((await ask(test, path.mine, token, { method: "GET", body: null })).status, 405);
});

Deno.test("an expired token is no token", async () => {
  let now = Date.now();
  await using test = await serveMcp({ clock: { now: () => now } });
  const tenant = await testTenant(test.services);
  const { endpoint } = await filmEndpoint(test, tenant);
  const token = await testToken(test.services, tenant, { expiresAt: new Date(now + 60_000) });
  assert.equal((await ask(test, `/mcp/${endpoint.slug}`, token)).status, 200);
  now += 60_000;
  const expired = await ask(test, `/mcp/${endpoint.slug}`, token);
  assert.equal(expired.status, 401);
  assert.match(expired.challenge!, /error="invalid_token"/);
});

Deno.test("a token without the ability to read learns nothing of the tables", async () => {
  await using test = await serveMcp();
  const tenant = await testTenant(test.services);
  const { endpoint } = await filmEndpoint(test, tenant);
  const token = await testToken(test.services, tenant, { abilities: ["files:write"] });
  const path = `/mcp/${endpoint.slug}`;
  const rpc = (method: string, params: object = {}) =>
    ask(test, path, token, { body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) });
  const uri = `bulkhead://${endpoint.slug}/tables/films`;
  const refused = [
    await rpc("tools/call", { name: "count_rows", arguments: { table: "films" } }),
    await rpc("tools/call", { name: "count_rows", _meta: { progressToken: 1 } }),
    await rpc("resources/list"),
    await rpc("resources/templates/list"),
    await rpc("resources/read", { uri }),
    await ask(test, `${path}/llms.txt`, token, { method: "GET", body: null }),
  ];
  for (const { status, challenge, body } of refused) {
    assert.equal(status, 403);
    assert.match(
      challenge!,
      /^Bearer error="insufficient_scope", resource_metadata="[^"]+", scope/,
    );
    assert.match(body, /rows:read/);
  }
  const initialized = await rpc("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  });
  const listed = await rpc("tools/list");
  for (const { status, body } of [initialized, listed]) {
    assert.equal(status, 200);
    assert.doesNotMatch(body, /films/);
  }
});

Deno.test("hostile bodies are refused or answered, never a fault of ours", async () => {
  await using test = await serveMcp();
  const tenant = await testTenant(test.services);
  const { endpoint } = await filmEndpoint(test, tenant);
  const token = await testToken(test.services, tenant);
  const deep = (depth: number) => JSON.parse("[".repeat(depth) + "]".repeat(depth));
  const films = (rest: object) => ({ table: "films", ...rest });
  const hostile = "'\"; DROP TABLE films; --";
  const megabyte = "x".repeat(1_000_000);
  const where = (value: unknown, column = "title", op = "eq") =>
    films({ where: { column, op, value } });
  const bodies: [body: string, status: number][] = [
    ["{", 400],
    ["", 400],
    ["null", 400],
    ["[]", 400],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count_rows"}', 400],
    [`{"jsonrpc":"2.0","id":1,"method":"${"[".repeat(10)}"}`, 200],
    [JSON.stringify(deep(64)), 400],
    ["[".repeat(1_000_000), 400],
    [`"${"x".repeat(5_000_000)}"`, 413],
    ...[
      call("count_rows", undefined),
      call("count_rows", films({ table: hostile })),
      call("count_rows", films({ table: "films\0" })),
      call("count_rows", films({ table: megabyte })),
      call("count_rows", films({ table: "__proto__" })),
      call("count_rows", { table: ["films"] }),
      call("count_rows", films({ [hostile]: 1 })),
      call("list_rows", films({ columns: [hostile] })),
      call("list_rows", films({ columns: ["title\0"] })),
      call("list_rows", films({ limit: "1; SELECT pg_sleep(9)" })),
      call("list_rows", films({ limit: 1e308 })),
      call("list_rows", films({ cursor: hostile })),
      call("list_rows", films({ cursor: megabyte })),
      call("filter_rows", where(hostile)),
      call("filter_rows", where("\0")),
      call("filter_rows", where("\ud800")),
      call("filter_rows", where(megabyte)),
      call("filter_rows", where(deep(40))),
      call("filter_rows", where(JSON.parse('{"__proto__":null}'))),
      call("filter_rows", where("1e999999", "budget")),
      call("filter_rows", where("x", "id")),
      call("filter_rows", where("%".repeat(10_000), "title", "ilike")),
      call("filter_rows", where("x", "constructor")),
      call("filter_rows", where("x", "title", "= '' OR true --")),
      call("get_row", films({ key: hostile })),
      call("get_row", films({ key: 1e308 })),
      call("search_rows", films({ query: "' & | ! ( <-> :*" })),
      call("search_rows", films({ query: "\0" })),
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count_rows",' +
      '"arguments":{"table":"films","__proto__":{"a":1},"constructor":1}}}',
      call("__proto__", {}),
      call(hostile, {}),
      call(5, {}),
      call("count_rows", []),
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: hostile } }),
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: "\0" } }),
      JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "resources/read",
        params: { uri: `bulkhead://${endpoint.slug}/tables/%ff` },
      }),
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "__proto__" }),
      JSON.stringify({ jsonrpc: "2.0", id: megabyte, method: "ping" }),
    ].map((body): [string, number] => [body, 200]),
  ];
  for (const [body, status] of bodies) {
    const answer = await ask(test, `/mcp/${endpoint.slug}`, token, { body });
    const told = `${body.slice(0, 120)} → ${answer.status} ${answer.body.slice(0, 300)}`;
    assert.equal(answer.status, status, told);
    assert.doesNotMatch(answer.body, /-32603|postgres|syntax error|SELECT|node_modules/i, told);
  }
  assert.deepEqual(test.logLines.filter((line) => /"level":"error"/.test(line)), []);
  const counted = await ask(test, `/mcp/${endpoint.slug}`, token, {
    body: call("count_rows", { table: "films" }),
  });
  assert.match(counted.body, /"count":\s?120/);
});

Deno.test("llms.txt needs a token unless its tenant made it public", async () => {
  await using test = await serveMcp();
  const tenant = await testTenant(test.services);
  const scope = await filmEndpoint(test, tenant);
  const path = `/mcp/${scope.endpoint.slug}/llms.txt`;
  const get = (at: string, token: string | null) =>
    ask(test, at, token, { method: "GET", body: null });
  const token = await testToken(test.services, tenant, { abilities: ["rows:read"] });
  const told = await get(path, token);
  assert.equal(told.status, 200);
  assert.match(told.body, /^# Films\n/);
  assert.match(told.body, new RegExp(`http://127.0.0.1:8000/mcp/${scope.endpoint.slug}`));
  const closed = await get(path, null);
  assert.equal(closed.status, 401);
  assert.equal((await get("/mcp/no-such-endpoint/llms.txt", null)).body, closed.body);

  await changeEndpoint(test.services, scope, { publicLlmsTxt: true });
  // Anybody is told the same, but for what this token may do.
  assert.equal((await get(path, null)).body, told.body.replace(", you may read", ""));
  // It opens that text alone.
  assert.equal((await ask(test, `/mcp/${scope.endpoint.slug}`, null)).status, 401);
  assert.equal((await get(path, "nonsense")).status, 401);
  assert.equal((await ask(test, path, null)).status, 405);
});

Deno.test("the metadata of a protected resource is the same for every slug", async () => {
  await using test = await serveMcp();
  const tenant = await testTenant(test.services);
  const { endpoint } = await filmEndpoint(test, tenant);
  const well = (slug: string) => `${test.origin}/.well-known/oauth-protected-resource/mcp/${slug}`;
  const read = async (slug: string) => {
    const response = await fetch(well(slug));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    return await response.json();
  };
  const metadata = await read(endpoint.slug);
  assert.deepEqual(metadata, {
    resource: `http://127.0.0.1:8000/mcp/${endpoint.slug}`,
    authorization_servers: ["http://127.0.0.1:8000"],
    bearer_methods_supported: ["header"],
    scopes_supported: ["mcp", "mcp:write"],
    resource_name: "Bulkhead MCP endpoint",
  });
  assert.deepEqual(await read("no-such-endpoint"), {
    ...metadata,
    resource: "http://127.0.0.1:8000/mcp/no-such-endpoint",
  });
  const preflight = await fetch(well("any-slug"), { method: "OPTIONS" });
  assert.equal(preflight.status, 204);
  for (const at of [well("-"), well("a/b"), `${test.origin}/mcp/A_B`, `${test.origin}/mcp/`]) {
    const response = await fetch(at);
    assert.equal(response.status, 404, at);
    await response.body?.cancel();
  }
});

Deno.test.afterAll(leaveCluster);
