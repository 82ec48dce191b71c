/** A served endpoint with known rows, as agents reach it. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createEndpoint, endpointRoles, openEndpoint } from "../../lib/endpoints/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { rebuildManifest } from "../../lib/tools/mod.ts";
import { type McpRoutes, mcpRoutes } from "../../routes/mcp.ts";
import { testCluster, type TestServices, testServices, type TestTenant } from "../harness/mod.ts";

/** MCP on a port of the loopback. */
export interface McpTest extends TestServices {
  readonly origin: string;
  readonly routes: McpRoutes;
}

/** Opens services and serves MCP over them. */
export async function serveMcp(
  options: Parameters<typeof testServices>[0] = {},
): Promise<McpTest> {
  const test = await testServices(options);
  const routes = mcpRoutes(test.services);
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) =>
      routes.handle(request, info.remoteAddr.hostname) ?? new Response(null, { status: 404 }),
  );
  return {
    ...test,
    origin: `http://127.0.0.1:${http.addr.port}`,
    routes,
    async [Symbol.asyncDispose]() {
      routes.close();
      await http.shutdown();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** How the official client negotiates, and what it then speaks. */
export const ERAS = [["legacy", "2025-11-25"], ["auto", "2026-07-28"]] as const;

/** Connects the official client. */
export async function connect(
  test: McpTest,
  scope: EndpointScope,
  token: string,
  mode: "legacy" | "auto",
): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  const url = new URL(`${test.origin}/mcp/${scope.endpoint.slug}`);
  await client.connect(
    new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  return client;
}

/** Rows of `films` in the test endpoint. */
export const FILMS = 120;

/** Makes an endpoint with a table `films`, whose manifest is built. */
export async function filmEndpoint(
  { services }: TestServices,
  tenant: TestTenant,
  name = "Films",
): Promise<EndpointScope> {
  const scope = await createEndpoint(services, tenant.scope, name);
  await asOwner({ services }, scope, [
    `CREATE TABLE films (id integer PRIMARY KEY, title text NOT NULL, budget numeric)`,
    `INSERT INTO films SELECT n, 'Film ' || n, n * 1000.50 FROM generate_series(1, ${FILMS}) n`,
    "ANALYZE films",
  ]);
  await rebuildManifest(services, scope, "test");
  return scope;
}

/** Runs statements as the endpoint's owner, then exposes every table to the reader. */
export async function asOwner(
  { services }: Pick<TestServices, "services">,
  scope: EndpointScope,
  statements: readonly string[],
): Promise<void> {
  const lease = await openEndpoint(services, scope, "owner");
  try {
    const { reader } = await endpointRoles(services, scope);
    const grant = `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`;
    for (const statement of [...statements, grant]) await lease.sql.unsafe(statement);
  } finally {
    lease.release();
  }
}

/** A lock on `films`, at which every query waits. */
export interface FilmLock {
  /** How many queries wait in the endpoint's database. */
  waiting(): Promise<number>;
  release(): Promise<void>;
}

/** Locks `films` against everybody. */
export async function lockFilms(
  { services }: TestServices,
  scope: EndpointScope,
): Promise<FilmLock> {
  const { superuser } = await testCluster();
  const lease = await openEndpoint(services, scope, "owner");
  const locked = Promise.withResolvers<string>();
  const released = Promise.withResolvers<void>();
  const held = lease.sql.begin(async (sql) => {
    await sql`LOCK TABLE films`;
    const [row] = await sql<{ name: string }[]>`SELECT current_database() AS name`;
    locked.resolve(row!.name);
    await released.promise;
  });
  const database = await locked.promise;
  return {
    async waiting() {
      const [row] = await superuser<{ count: number }[]>`
        SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = ${database} AND wait_event_type = 'Lock'`;
      return row!.count;
    },
    async release() {
      released.resolve();
      await held;
      lease.release();
    },
  };
}
