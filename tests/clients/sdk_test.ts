/** The official SDKs, as an application embeds them, from a bare URL to rows. */
import assert from "node:assert/strict";
import { auth } from "@modelcontextprotocol/client";
import { TABLE } from "./person.ts";
import { Provider } from "./provider.ts";
import { type Connection, type Sdk, V1, V2, V2_LEGACY } from "./sdk.ts";
import { cannotRun, openStage, type Stage } from "./stage.ts";

let stage: Stage;
Deno.test.beforeAll(async () => void (cannotRun || (stage = await openStage())));
Deno.test.afterAll(async () => await stage?.[Symbol.asyncDispose]());

/** From nothing but the URL to a connection. */
async function getIn(sdk: Sdk, provider: Provider): Promise<Connection> {
  await assert.rejects(sdk.connect(provider), sdk.Unauthorized);
  assert.deepEqual(provider.statuses, [401]);
  await stage.person.authorize(provider.opened.at(-1)!, { app: provider.name });
  await sdk.finish(provider);
  return await sdk.connect(provider);
}

function sdkTest(name: string, run: (provider: Provider) => Promise<void>): void {
  Deno.test({
    name,
    ignore: cannotRun,
    async fn() {
      await using provider = new Provider(`App of: ${name}`, stage.person.mcpUrl);
      await run(provider);
    },
  });
}

for (const sdk of [V1, V2_LEGACY, V2]) {
  sdkTest(`${sdk.title} gets in, refreshes, and is put out`, async (provider) => {
    const connection = await getIn(sdk, provider);
    assert.ok((await connection.tools()).includes("count_rows"));
    assert.equal(await connection.count(), TABLE.rows);
    assert.equal(provider.tokens()!.scope, "mcp");
    const [row, ...more] = await stage.person.connections(provider.name);
    assert.match(row!, new RegExp(`${TABLE.name}\\s+Reads\\b`));
    assert.deepEqual(more, []);

    provider.spoil();
    assert.equal(await connection.count(), TABLE.rows);
    assert.equal(provider.opened.length, 1, "nobody was asked again");

    await stage.person.disconnect(provider.name);
    await assert.rejects(connection.count(), sdk.Unauthorized);
    assert.equal(provider.statuses.at(-1), 401);
    assert.equal(provider.opened.length, 2, "the person is asked again");
    assert.deepEqual(await stage.person.connections(provider.name), []);
    await connection.close();
  });
}

sdkTest("a client is told that it was refused", async (provider) => {
  await assert.rejects(V2.connect(provider), V2.Unauthorized);
  await stage.person.authorize(provider.opened.at(-1)!, { app: provider.name, refuse: true });
  await assert.rejects(V2.finish(provider), { code: "access_denied" });
  assert.equal(provider.tokens(), undefined);
  assert.deepEqual(await stage.person.connections(provider.name), []);
});

sdkTest("a connection is upgraded to writing, where the person wants it", async (provider) => {
  await stage.person.letWrite();
  const connection = await getIn(V2, provider);
  for (const write of [false, true]) {
    const result = await auth(provider, {
      serverUrl: provider.mcpUrl,
      scope: "mcp mcp:write",
      forceReauthorization: true,
    });
    assert.equal(result, "REDIRECT");
    const opened = provider.opened.at(-1)!;
    assert.equal(opened.searchParams.get("scope"), "mcp mcp:write");
    await stage.person.authorize(opened, { app: provider.name, write });
    await V2.finish(provider);
    assert.equal(provider.tokens()!.scope, write ? "mcp mcp:write" : "mcp");
    assert.equal(await connection.count(), TABLE.rows);
    const [row, ...more] = await stage.person.connections(provider.name);
    assert.match(row!, write ? /Reads and writes/ : /Reads\b(?! and)/);
    assert.deepEqual(more, [], "it is the same connection");
  }
  await connection.close();
});

for (const sdk of [V1, V2_LEGACY, V2]) {
  sdkTest(`${sdk.title} writes, from nothing but the URL`, async (provider) => {
    await stage.person.letWrite();
    await assert.rejects(sdk.connect(provider), sdk.Unauthorized);
    const opened = provider.opened.at(-1)!;
    assert.equal(opened.searchParams.get("scope"), "mcp mcp:write", "as the challenge says");
    await stage.person.authorize(opened, { app: provider.name, write: true, direct: true });
    await sdk.finish(provider);
    assert.equal(provider.tokens()!.scope, "mcp mcp:write");
    const connection = await sdk.connect(provider);
    assert.equal(await connection.rename(`Anchor of ${sdk.title}`), 1);
    assert.equal(provider.opened.length, 1, "nobody was asked again");
    provider.spoil();
    assert.equal(await connection.rename(`Rope of ${sdk.title}`), 1, "also after a refresh");
    await connection.close();
  });

  sdkTest(`${sdk.title} steps up where a tool asks for more`, async (provider) => {
    await stage.person.letWrite();
    const connection = await getIn(sdk, provider);
    assert.ok((await connection.tools()).includes("update_row"), "what it might do is listed");
    await assert.rejects(connection.rename(sdk.title));
    assert.equal(provider.statuses.at(-1), 403);
    assert.equal(provider.opened.length, 2, "the SDK sends the person to consent of itself");
    const opened = provider.opened.at(-1)!;
    assert.equal(opened.searchParams.get("scope"), "mcp mcp:write");
    await stage.person.authorize(opened, { app: provider.name, write: true, direct: true });
    await sdk.finish(provider);
    assert.equal(await connection.rename(sdk.title), 1);
    await connection.close();
  });
}
