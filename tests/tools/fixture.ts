import assert from "node:assert/strict";
import {
  createEndpoint,
  endpointRoles,
  enterEndpoint,
  openEndpoint,
} from "../../lib/endpoints/mod.ts";
import { quoteIdent, type Sql } from "../../lib/postgres/mod.ts";
import type { EndpointScope, EndpointSettings } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import {
  callTool,
  type CompiledManifest,
  loadManifest,
  rebuildManifest,
  setWrites,
  type ToolAnswer,
} from "../../lib/tools/mod.ts";
import { testServices, type TestTenant, testTenant } from "../harness/mod.ts";

/** An endpoint whose tables a test made by SQL. */
export interface ToolEndpoint extends AsyncDisposable {
  readonly services: Services;
  readonly tenant: TestTenant;
  readonly scope: EndpointScope;
  readonly manifest: CompiledManifest;
  /** Runs SQL as the owner, for expectations. */
  owner<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Calls a tool. */
  call(tool: string, args: unknown): Promise<ToolAnswer>;
  /** Calls a tool that must succeed; answers its structured content. */
  // deno-lint-ignore no-explicit-any -- each test knows the shape of what it asked for
  ask(tool: string, args: unknown): Promise<any>;
  /** Calls a tool that must answer a fault; answers its text. */
  fault(tool: string, args: unknown): Promise<string>;
}

/** Runs SQL as an endpoint's owner and shows every table to the reader. */
export async function loadTables(services: Services, scope: EndpointScope, sql: string) {
  const { reader } = await endpointRoles(services, scope);
  const lease = await openEndpoint(services, scope, "owner");
  try {
    await lease.sql.unsafe(sql);
    await lease.sql.unsafe(
      `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${quoteIdent(reader)};
       SELECT bulkhead.apply_access_everywhere()`,
    );
    await lease.sql.unsafe("ANALYZE");
  } finally {
    lease.release();
  }
}

/**
 * Makes a tenant with an endpoint that holds the tables that the SQL makes.
 *
 * @param writes Whether its rows may be changed, and how.
 */
export async function toolEndpoint(
  sql: string,
  writes: EndpointSettings["writes"] = "off",
): Promise<ToolEndpoint> {
  const test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const made = await createEndpoint(services, tenant.scope, "tables");
  await loadTables(services, made, sql);
  await (writes === "off"
    ? rebuildManifest(services, made, "test")
    : setWrites(services, made, writes));
  const scope = await enterEndpoint(services, tenant.scope, made.endpoint.slug);
  const manifest = await loadManifest(services, scope);
  const call = (tool: string, args: unknown) => callTool(services, scope, manifest, tool, args);
  return {
    services,
    tenant,
    scope,
    manifest,
    call,
    async owner(work) {
      const lease = await openEndpoint(services, scope, "owner");
      try {
        return await work(lease.sql);
      } finally {
        lease.release();
      }
    },
    async ask(tool, args) {
      const answer = await call(tool, args);
      assert.equal(answer.isError, false, answer.text);
      return JSON.parse(answer.structured!);
    },
    async fault(tool, args) {
      const answer = await call(tool, args);
      assert.equal(answer.isError, true, answer.structured ?? "");
      assert.equal(answer.structured, null);
      return answer.text;
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}
