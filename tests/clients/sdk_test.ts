/** The official SDKs, as an application embeds them, from a bare URL to rows. */
import assert from "node:assert/strict";
import * as v2 from "@modelcontextprotocol/client";
import { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError as V1Unauthorized } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport as V1Transport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { TABLE } from "./person.ts";
import { Provider } from "./provider.ts";
import { cannotRun, openStage, type Stage } from "./stage.ts";

let stage: Stage;
Deno.test.beforeAll(async () => void (cannotRun || (stage = await openStage())));
Deno.test.afterAll(async () => await stage?.[Symbol.asyncDispose]());

/** A connected SDK, as far as both are the same. */
interface Connection {
  tools(): Promise<string[]>;
  count(): Promise<unknown>;
  close(): Promise<void>;
}

/** An SDK in one of its eras. */
interface Sdk {
  readonly title: string;
  /** Connects with what the provider has. */
  connect(provider: Provider): Promise<Connection>;
  /** Hands over the answer at the redirect. */
  finish(provider: Provider): Promise<void>;
  readonly Unauthorized: new () => Error;
}

const INFO = { name: "test", version: "1" };
const COUNT = { name: "count_rows", arguments: { table: TABLE.name } };
const counted = (result: { structuredContent?: unknown }) =>
  (result.structuredContent as { count: number }).count;

const V1: Sdk = {
  title: "the v1 SDK",
  Unauthorized: V1Unauthorized,
  async connect(provider) {
    const client = new V1Client(INFO);
    await client.connect(v1Transport(provider));
    return {
      tools: async () => (await client.listTools()).tools.map(({ name }: { name: string }) => name),
      count: async () => counted(await client.callTool(COUNT)),
      close: () => client.close(),
    };
  },
  finish: (provider) => v1Transport(provider).finishAuth(provider.answer().get("code")!),
};

function v1Transport(provider: Provider): V1Transport {
  return new V1Transport(stage.person.mcpUrl, { authProvider: provider, fetch: provider.fetch });
}

function v2Transport(provider: Provider): v2.StreamableHTTPClientTransport {
  return new v2.StreamableHTTPClientTransport(stage.person.mcpUrl, {
    authProvider: provider,
    fetch: provider.fetch,
  });
}

const v2In = (mode: "legacy" | "auto", version: string): Sdk => ({
  title: `the v2 SDK over ${version}`,
  Unauthorized: v2.UnauthorizedError,
  async connect(provider) {
    const client = new v2.Client(INFO, { versionNegotiation: { mode } });
    await client.connect(v2Transport(provider));
    assert.equal(client.getNegotiatedProtocolVersion(), version);
    return {
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      count: async () => counted(await client.callTool(COUNT)),
      close: () => client.close(),
    };
  },
  finish: (provider) => v2Transport(provider).finishAuth(provider.answer()),
});

const V2 = v2In("auto", "2026-07-28");
const SDKS: readonly Sdk[] = [V1, v2In("legacy", "2025-11-25"), V2];

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
      await using provider = new Provider(`App of: ${name}`);
      await run(provider);
    },
  });
}

for (const sdk of SDKS) {
  sdkTest(`${sdk.title} gets in, refreshes, and is put out`, async (provider) => {
    const connection = await getIn(sdk, provider);
    assert.ok((await connection.tools()).includes(COUNT.name));
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
  const connection = await getIn(V2, provider);
  for (const write of [false, true]) {
    const result = await v2.auth(provider, {
      serverUrl: stage.person.mcpUrl,
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
