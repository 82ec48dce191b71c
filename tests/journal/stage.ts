import { createEndpoint, endpointRoles, openEndpoint } from "../../lib/endpoints/mod.ts";
import { type ChangeId, newId, type TokenId } from "../../lib/ids.ts";
import { changeContext } from "../../lib/journal/mod.ts";
import { quoteIdent, type Sql, type Tx } from "../../lib/postgres/mod.ts";
import type { Ability, EndpointScope, Principal } from "../../lib/principal.ts";
import {
  requestOf,
  type TestServices,
  testServices,
  type TestTenant,
  testTenant,
} from "../harness/mod.ts";

/** An endpoint whose rows may be changed, and a hand that changes them as agents do. */
export interface Stage extends AsyncDisposable {
  readonly test: TestServices;
  readonly services: TestServices["services"];
  readonly tenant: TestTenant;
  readonly scope: EndpointScope;
  readonly owner: Sql;
  /** Turns writing on for tables that were made since. */
  allow(): Promise<void>;
  /** Changes rows as the writer role, in one transaction that is one change; answers its id. */
  change(
    work: (tx: Tx) => Promise<unknown>,
    by?: EndpointScope,
    tool?: string,
  ): Promise<ChangeId>;
}

/** Makes an endpoint with the tables of `ddl`, of which every change is kept. */
export async function openStage(ddl: string): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await testServices());
  const { services } = test;
  const tenant = await testTenant(services);
  const scope = await createEndpoint(services, tenant.scope, "data");
  const lease = await openEndpoint(services, scope, "owner");
  stack.defer(() => lease.release());
  const owner = lease.sql;
  const { writer } = await endpointRoles(services, scope);
  const allow = async () => {
    await owner.unsafe(
      "UPDATE bulkhead.access SET writes = true; SELECT bulkhead.apply_access_everywhere();",
    );
  };
  await owner.unsafe(ddl);
  await allow();
  return {
    test,
    services,
    tenant,
    scope,
    owner,
    allow,
    async change(work, by = scope, tool = "update_rows") {
      const change = newId<ChangeId>();
      await owner.begin(async (tx) => {
        await tx.unsafe(`SET LOCAL ROLE ${quoteIdent(writer)}`);
        await tx`SELECT set_config('bulkhead.change', ${changeContext(by, tool, change)}, true)`;
        await work(tx);
      });
      return change;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** An agent with a token of its own in the stage's endpoint. */
export function agentOf(
  stage: Stage,
  abilities: readonly Ability[] = ["rows:read", "rows:insert", "rows:update", "rows:delete"],
  more: Partial<Principal> = {},
): EndpointScope {
  const { endpoint, principal } = stage.scope;
  const request = requestOf({
    ...principal,
    kind: "mcp",
    tokenId: newId<TokenId>(),
    label: "an agent",
    abilities: new Set(abilities),
    ...more,
  });
  return {
    ...request,
    endpoint: { ...endpoint, settings: { ...endpoint.settings, writes: "direct" } },
  };
}

/** Everything that a table holds, exactly: as JSON and as the texts that Postgres writes. */
export async function contents(sql: Sql, table: string, order: string): Promise<unknown[][]> {
  const rows = await sql.unsafe(
    `SELECT to_jsonb(t.*)::text AS json, ROW(t.*)::text AS row FROM ${table} AS t ORDER BY ${order}`,
  );
  return rows.map(({ json, row }) => [json, row]);
}
