/** Two real servers, each a process of its own, over one control database and one public origin. */
import { createSignInLink } from "../../lib/auth/mod.ts";
import { createEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import type { ChangeId } from "../../lib/ids.ts";
import { connect, type Sql } from "../../lib/postgres/mod.ts";
import { ABILITIES, type EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { mintToken, type TokenRequest } from "../../lib/tokens/mod.ts";
import { setWrites } from "../../lib/tools/mod.ts";
import {
  createControl,
  type Json,
  RestClient,
  TEST_KEY,
  testCluster,
  testServices,
  type TestTenant,
  testTenant,
} from "../harness/mod.ts";
import { Browser } from "../oauth/browser.ts";
import type { House, Replica } from "../oauth/house.ts";
import { loadTables } from "../tools/fixture.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A server process. */
export interface Process {
  readonly origin: string;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
}

/** A person, and the browser in which they are signed in. */
export interface Someone {
  readonly tenant: TestTenant;
  readonly browser: Browser;
}

/** The servers, and this process beside them, which sets things up. */
export interface Stage {
  readonly one: Process;
  readonly two: Process;
  /** The two in turn. */
  at(index: number): Process;
  /** Of this process: a third replica, with their public origin. */
  readonly services: Services;
  /** The control database past row-level security: for looking, and for moving time. */
  readonly admin: Sql;
  someone(name?: string): Promise<Someone>;
  /** An endpoint with the table `item` of 100 rows. */
  endpoint(someone: Someone, writes?: "off" | "direct" | "review"): Promise<EndpointScope>;
  mint(someone: Someone, request?: Partial<TokenRequest>): Promise<{ token: string; id: string }>;
  /** Calls a tool by a token at a server; answers the status and the answer. */
  call(
    at: Process,
    scope: EndpointScope,
    token: string,
    tool: string,
    args: Json,
  ): Promise<ToolResult>;
  rest(at: Process, token: string): RestClient;
  /** How the tests of OAuth know a server. */
  readonly house: Pick<House, "origin" | "services" | "admin"> & House;
  replica(at: Process): Replica;
  /** What waits for review in an endpoint. */
  waiting(scope: EndpointScope): Promise<ChangeId[]>;
  rows(scope: EndpointScope, query: string): Promise<Json[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a tool call was answered. */
export interface ToolResult {
  readonly status: number;
  readonly isError: boolean;
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- each test knows the shape of what it asked for
  readonly structured: any;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function startProcess(
  stack: AsyncDisposableStack,
  env: Record<string, string>,
  port: number,
): Promise<Process> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, "--json"],
    env: { ...env, HOST: "127.0.0.1", PORT: String(port), NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const end = async (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch {
      // It has ended.
    }
    await child.status;
    await said;
  };
  stack.defer(() => end("SIGTERM"));
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  stack.defer(() => reader.cancel());
  const { value } = await reader.read();
  if (value === undefined) throw new Error(`the server did not start: ${await said}`);
  return { origin: `http://127.0.0.1:${port}`, kill: () => end("SIGKILL") };
}

/** Starts both. */
export async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const control = await createControl();
  stack.defer(() => control.drop());
  const superuser = new URL((await testCluster()).superuserUrl);
  superuser.pathname = `/${control.database}`;
  const admin = stack.adopt(
    connect(superuser.href, { max: 2 }),
    (sql) => sql.end({ timeout: 1 }),
  );
  const [first, second] = [freePort(), freePort()];
  const origin = `http://127.0.0.1:${first}`;
  // What is uploaded at one is loaded by either.
  const data = await Deno.makeTempDir({ prefix: "bulkhead-processes-" });
  stack.defer(() => Deno.remove(data, { recursive: true }));
  const env = {
    BULKHEAD_DATA: data,
    // So that tests can come from many networks.
    TRUSTED_PROXIES: "127.0.0.1",
    BASE_URL: origin,
    DATABASE_URL: control.adminUrl,
    BULKHEAD_MASTER_KEY: TEST_KEY.toBase64(),
  };
  const one = await startProcess(stack, env, first);
  const two = await startProcess(stack, env, second);
  const test = stack.use(await testServices({ control, baseUrl: origin }));
  const { services, logLines } = test;
  const replica = (at: Process): Replica => ({
    origin: at.origin,
    services,
    logLines,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  const kept = stack.move();
  return {
    one,
    two,
    at: (index) => index % 2 ? two : one,
    services,
    admin,
    async someone(name) {
      const tenant = await testTenant(services, name);
      const browser = new Browser(origin);
      await browser.submit((await createSignInLink(services, tenant)).pathname, {});
      return { tenant, browser };
    },
    async endpoint({ tenant }, writes = "off") {
      const scope = await createEndpoint(services, tenant.scope, "Items");
      await loadTables(
        services,
        scope,
        `CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL, name text);
         INSERT INTO item SELECT n, 0, 'item ' || n FROM generate_series(1, 100) AS n`,
      );
      await setWrites(services, scope, writes);
      return scope;
    },
    async mint({ tenant }, request = {}) {
      const { token, view } = await mintToken(services, tenant.scope, {
        name: "agent",
        scope: "mcp:write",
        abilities: ABILITIES,
        endpoints: "all",
        ...request,
      });
      return { token, id: view.id };
    },
    async call(at, { endpoint: { slug } }, token, name, args) {
      const answer = await fetch(`${at.origin}/mcp/${slug}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": "2025-11-25",
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name, arguments: args },
        }),
      });
      const text = await answer.text();
      const { result } = answer.status === 200 ? JSON.parse(text) : { result: undefined };
      return {
        status: answer.status,
        isError: result?.isError ?? true,
        text: result?.content?.[0]?.text ?? text,
        structured: result?.structuredContent,
      };
    },
    rest: (at, token) => new RestClient(at.origin, token),
    house: { origin, services, admin } as Stage["house"],
    replica,
    async waiting(scope) {
      const rows = await owner(
        services,
        scope,
        (sql) => sql`SELECT id FROM bulkhead.changes WHERE state = 'queued' ORDER BY id`,
      );
      return rows.map(({ id }) => id as ChangeId);
    },
    rows: (scope, query) => owner(services, scope, (sql) => sql.unsafe(query)) as Promise<Json[]>,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function owner<T>(
  services: Services,
  scope: EndpointScope,
  work: (sql: Sql) => PromiseLike<T>,
): Promise<T> {
  const lease = await openEndpoint(services, scope, "owner");
  try {
    return await work(lease.sql);
  } finally {
    lease.release();
  }
}
