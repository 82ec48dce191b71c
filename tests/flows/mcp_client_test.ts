/** The official client against a real endpoint, in both eras. */
import assert from "node:assert/strict";
import { mintToken, revokeToken } from "../../lib/tokens/mod.ts";
import { rebuildManifest } from "../../lib/tools/mod.ts";
import { leaveCluster, testTenant, testToken } from "../harness/mod.ts";
import { asOwner, connect, ERAS, filmEndpoint, FILMS, lockFilms, serveMcp } from "./mcp_setup.ts";

async function start() {
  const test = await serveMcp();
  const tenant = await testTenant(test.services);
  const scope = await filmEndpoint(test, tenant);
  const token = await testToken(test.services, tenant, { abilities: ["rows:read"] });
  return { test, tenant, scope, token };
}

/** The structured content of an answer. */
const content = (answer: { structuredContent?: unknown }) =>
  answer.structuredContent as { readonly count: number; readonly rows: readonly unknown[] };

/** Asks until the answer is true; the test's own timeout is what ends a wait for nothing. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!await ask()) await new Promise((resolve) => setTimeout(resolve, 20));
}

for (const [mode, version] of ERAS) {
  Deno.test(`the official client lists, calls and reads over ${version}`, async () => {
    const { test, scope, token } = await start();
    await using _ = test;
    const client = await connect(test, scope, token, mode);
    assert.equal(client.getNegotiatedProtocolVersion(), version);
    assert.deepEqual(client.getServerVersion(), {
      name: "bulkhead",
      title: "Films",
      version: "0.1.0",
    });
    assert.match(client.getInstructions()!, /films \(120 rows\)/);

    const { tools } = await client.listTools();
    assert.ok(tools.some(({ name }) => name === "count_rows"));
    // The client itself checks structured content against each tool's output schema.
    const counted = await client.callTool({ name: "count_rows", arguments: { table: "films" } });
    assert.equal(content(counted).count, FILMS);
    const rows = await client.callTool({
      name: "list_rows",
      arguments: { table: "films", limit: 2 },
    });
    assert.deepEqual(content(rows).rows, [
      { id: 1, title: "Film 1", budget: "1000.50" },
      { id: 2, title: "Film 2", budget: "2001.00" },
    ]);

    const wrong = await client.callTool({
      name: "list_rows",
      arguments: { table: "films", columns: ["tilte"] },
    });
    assert.equal(wrong.isError, true);
    assert.match(JSON.stringify(wrong.content), /nearest: [^"]*title/);
    await assert.rejects(client.callTool({ name: "no_such_tool" }), /-32602|no tool/);

    const { resources } = await client.listResources();
    assert.deepEqual(resources.map(({ name }) => name), ["films"]);
    const { contents } = await client.readResource({ uri: resources[0]!.uri });
    assert.match((contents[0] as { text: string }).text, /budget/);
    await assert.rejects(client.readResource({ uri: `${resources[0]!.uri}x` }));
    await client.close();
  });

  Deno.test(`the official client hears of progress over ${version}`, async () => {
    const { test, scope, token } = await start();
    await using _ = test;
    const client = await connect(test, scope, token, mode);
    const heard: number[] = [];
    const answer = await client.callTool(
      { name: "list_rows", arguments: { table: "films", limit: 50 } },
      { onprogress: ({ progress }) => heard.push(progress) },
    );
    assert.equal(content(answer).rows.length, 50);
    assert.deepEqual(heard, [0, 1]);
    await client.close();
  });

  Deno.test(`a cancelled call over ${version} cancels the query in Postgres`, async () => {
    const { test, scope, token } = await start();
    await using _ = test;
    const client = await connect(test, scope, token, mode);
    const lock = await lockFilms(test, scope);
    const cancel = new AbortController();
    const call = client.callTool(
      { name: "count_rows", arguments: { table: "films" } },
      { signal: cancel.signal },
    );
    await until(async () => await lock.waiting() === 1);
    cancel.abort();
    await assert.rejects(call);
    await until(async () => await lock.waiting() === 0);
    await lock.release();
    // The connection that ran the cancelled query serves the next.
    const after = await client.callTool({ name: "count_rows", arguments: { table: "films" } });
    assert.equal(content(after).count, FILMS);
    await client.close();
  });
}

Deno.test("a subscription tells of a rebuilt manifest and ends with its token", async () => {
  const { test, tenant, scope } = await start();
  await using _ = test;
  const { token, view } = await mintToken(test.services, tenant.scope, {
    name: "listener",
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: [scope.endpoint.id],
  });
  const client = await connect(test, scope, token, "auto");
  const changed = Promise.withResolvers<void>();
  client.setNotificationHandler("notifications/tools/list_changed", () => changed.resolve());
  const subscription = await client.listen({ toolsListChanged: true, promptsListChanged: true });
  assert.deepEqual(subscription.honoredFilter, { toolsListChanged: true });
  await asOwner(test, scope, ["CREATE TABLE actors (id integer PRIMARY KEY)"]);
  await rebuildManifest(test.services, scope, "test");
  await changed.promise;
  const { resources } = await client.listResources();
  assert.deepEqual(resources.map(({ name }) => name).sort(), ["actors", "films"]);

  await revokeToken(test.services, tenant.scope, view.id);
  assert.equal(await subscription.closed, "graceful");
  await client.close();
});

Deno.test.afterAll(leaveCluster);
