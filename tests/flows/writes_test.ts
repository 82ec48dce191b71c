/** Writes as agents make them, over HTTP with the official client. */
import assert from "node:assert/strict";
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { mintToken, revokeToken } from "../../lib/tokens/mod.ts";
import { setWrites } from "../../lib/tools/mod.ts";
import { leaveCluster, type TestTenant, testTenant } from "../harness/mod.ts";
import { connect, ERAS, filmEndpoint, type McpTest, serveMcp } from "./mcp_setup.ts";

const READS = ["rows:read"] as const;
const WRITES = ["rows:read", "rows:insert", "rows:update", "rows:delete"] as const;

async function start() {
  const test = await serveMcp();
  const tenant = await testTenant(test.services);
  const scope = await filmEndpoint(test, tenant);
  return { test, tenant, scope };
}

async function minted(
  test: McpTest,
  tenant: TestTenant,
  scope: EndpointScope,
  abilities: typeof READS | typeof WRITES,
) {
  return await mintToken(test.services, tenant.scope, {
    name: "agent",
    scope: abilities === WRITES ? "mcp:write" : "mcp",
    abilities: [...abilities],
    endpoints: [scope.endpoint.id],
  });
}

const again = (test: McpTest, tenant: TestTenant, { endpoint }: EndpointScope) =>
  enterEndpoint(test.services, tenant.scope, endpoint.slug);

const UPDATE = {
  name: "update_row",
  arguments: { table: "films", key: 7, values: { title: "X" } },
};

for (const [mode, version] of ERAS) {
  Deno.test(`the official client writes over ${version}, where writes are on`, async () => {
    const { test, tenant, scope } = await start();
    await using _ = test;
    const { token, view } = await minted(test, tenant, scope, WRITES);
    const names = async (client: Awaited<ReturnType<typeof connect>>) =>
      (await client.listTools()).tools.map(({ name }) => name);
    const early = await connect(test, scope, token, mode);
    assert.ok(!(await names(early)).includes("update_row"));
    assert.equal((await early.callTool(UPDATE)).isError, true);
    await early.close();

    await setWrites(test.services, scope, "direct");
    // Another client, since the first may keep its list for as long as it was told.
    const client = await connect(test, scope, token, mode);
    assert.ok((await names(client)).includes("update_row"));
    // The client itself checks structured content against each tool's output schema.
    const calls: [string, Record<string, unknown>, string][] = [
      [
        "insert_rows",
        { rows: [{ id: 500, title: "New" }, { id: 501, title: "Newer" }] },
        "inserted",
      ],
      ["update_row", { key: 500, values: { budget: "1.50" } }, "updated"],
      ["upsert_rows", { rows: [{ id: 501, title: "Newest" }] }, "updated"],
      ["update_rows", {
        filter: { column: "id", op: "gte", value: 500 },
        values: { title: "Same" },
        expected_count: 2,
      }, "updated"],
      ["delete_row", { key: 500 }, "deleted"],
      ["delete_rows", {
        filter: { column: "id", op: "eq", value: 501 },
        expected_count: 1,
        dry_run: true,
      }, "deleted"],
    ];
    for (const [name, args, counted] of calls) {
      const answer = await client.callTool({ name, arguments: { table: "films", ...args } });
      assert.equal(answer.isError, undefined, JSON.stringify(answer.content));
      const content = answer.structuredContent as Record<string, number>;
      assert.ok(content[counted]! > 0, `${name}: ${JSON.stringify(content)}`);
    }

    await revokeToken(test.services, tenant.scope, view.id);
    await assert.rejects(client.callTool(UPDATE), /AUTHENTICATION_REQUIRED|401|Unauthorized/i);
    await client.close();
  });
}

Deno.test("a client that listens hears that writes were turned on, and off", async () => {
  const { test, tenant, scope } = await start();
  await using _ = test;
  const { token } = await minted(test, tenant, scope, WRITES);
  const client = await connect(test, scope, token, "auto");
  let heard = Promise.withResolvers<void>();
  client.setNotificationHandler("notifications/tools/list_changed", () => heard.resolve());
  await client.listen({ toolsListChanged: true });
  for (const writes of ["direct", "off"] as const) {
    heard = Promise.withResolvers();
    await setWrites(test.services, await again(test, tenant, scope), writes);
    await heard.promise;
    const { tools } = await client.listTools();
    assert.equal(tools.some(({ name }) => name === "insert_rows"), writes === "direct");
  }
  await client.close();
});

Deno.test("a token that may only read is refused by 403, which names the scope that would do", async () => {
  const { test, tenant, scope } = await start();
  await using _ = test;
  await setWrites(test.services, scope, "direct");
  const { token } = await minted(test, tenant, scope, READS);
  const response = await fetch(`${test.origin}/mcp/${scope.endpoint.slug}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: UPDATE }),
  });
  assert.equal(response.status, 403);
  assert.match(
    response.headers.get("www-authenticate")!,
    /error="insufficient_scope".*scope="mcp mcp:write"/,
  );
  await response.body?.cancel();
  const client = await connect(test, scope, token, "auto");
  const { tools } = await client.listTools();
  assert.equal(tools.some(({ name }) => name === "update_row"), false, "it can ask for no more");
  await client.close();
});

Deno.test.afterAll(leaveCluster);
