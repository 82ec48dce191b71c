import assert from "node:assert/strict";
import * as v2 from "@modelcontextprotocol/client";
import { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError as V1Unauthorized } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport as V1Transport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { TABLE } from "./person.ts";
import type { Provider } from "./provider.ts";

/** A connected SDK, as far as both are the same. */
export interface Connection {
  tools(): Promise<string[]>;
  count(): Promise<unknown>;
  /** Gives the first row another name; answers what the tool did. */
  rename(name: string): Promise<unknown>;
  close(): Promise<void>;
}

/** An SDK in one of its eras. */
export interface Sdk {
  readonly title: string;
  /** Connects with what the provider has. */
  connect(provider: Provider): Promise<Connection>;
  /** Hands over the answer at the redirect. */
  finish(provider: Provider): Promise<void>;
  readonly Unauthorized: new () => Error;
}

const INFO = { name: "test", version: "1" };
const COUNT = { name: "count_rows", arguments: { table: TABLE.name } };
const rename = (name: string) => ({
  name: "update_row",
  arguments: { table: TABLE.name, key: 1, values: { name } },
});
const updated = (result: { structuredContent?: unknown }) =>
  (result.structuredContent as { updated: number }).updated;
const counted = (result: { structuredContent?: unknown }) =>
  (result.structuredContent as { count: number }).count;

/** v1: the older eras alone. */
export const V1: Sdk = {
  title: "the v1 SDK",
  Unauthorized: V1Unauthorized,
  async connect(provider) {
    const client = new V1Client(INFO);
    await client.connect(v1Transport(provider));
    return {
      tools: async () => (await client.listTools()).tools.map(({ name }: { name: string }) => name),
      count: async () => counted(await client.callTool(COUNT)),
      rename: async (name) => updated(await client.callTool(rename(name))),
      close: () => client.close(),
    };
  },
  finish: (provider) => v1Transport(provider).finishAuth(provider.answer().get("code")!),
};

function v1Transport(provider: Provider): V1Transport {
  return new V1Transport(provider.mcpUrl, { authProvider: provider, fetch: provider.fetch });
}

function v2Transport(provider: Provider): v2.StreamableHTTPClientTransport {
  return new v2.StreamableHTTPClientTransport(provider.mcpUrl, {
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
      rename: async (name) => updated(await client.callTool(rename(name))),
      close: () => client.close(),
    };
  },
  finish: (provider) => v2Transport(provider).finishAuth(provider.answer()),
});

/** v2 as it comes. */
export const V2 = v2In("auto", "2026-07-28");
/** v2 with a server of the older era. */
export const V2_LEGACY = v2In("legacy", "2025-11-25");
