import { createEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { carryOver, changedBy } from "../../lib/journal/mod.ts";
import type { EndpointScope, RequestScope } from "../../lib/principal.ts";
import type { Sql } from "../../lib/postgres/mod.ts";
import type { Services } from "../../lib/services.ts";
import { type TestServices, testServices, testTenant } from "../harness/mod.ts";

/** One endpoint with a table that may be written, and its database as its owner and as its writer. */
export interface RelayTest extends AsyncDisposable {
  readonly test: TestServices;
  readonly services: Services;
  readonly scope: EndpointScope;
  readonly owner: Sql;
  readonly writer: Sql;
}

/** Makes them; `await using` removes everything. */
export async function relayTest(): Promise<RelayTest> {
  const test = await testServices();
  const { scope } = await testTenant(test.services);
  const made = await relayEndpoint(test, scope);
  return {
    ...made,
    async [Symbol.asyncDispose]() {
      await made[Symbol.asyncDispose]();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** One more of a tenant. */
export async function relayEndpoint(test: TestServices, tenant: RequestScope): Promise<RelayTest> {
  const { services } = test;
  const scope = await createEndpoint(services, tenant, "relay");
  const owner = await openEndpoint(services, scope, "owner");
  const writer = await openEndpoint(services, scope, "writer");
  await owner.sql.unsafe(`
    CREATE TABLE public.things (id int PRIMARY KEY, name text, secret text);
    UPDATE bulkhead.access SET writes = true;
    SELECT bulkhead.apply_access_everywhere();`);
  await services.relays.want(scope.endpoint);
  return {
    test,
    services,
    scope,
    owner: owner.sql,
    writer: writer.sql,
    [Symbol.asyncDispose]() {
      owner.release();
      writer.release();
      return Promise.resolve();
    },
  };
}

/** Changes rows in one transaction, with what it says of itself. */
export async function write(
  sql: Sql,
  statement: string,
  says: Record<string, unknown> | null,
): Promise<void> {
  await sql.begin(async (tx) => {
    if (says) await tx`SELECT set_config('bulkhead.change', ${JSON.stringify(says)}, true)`;
    await tx.unsafe(statement);
  });
}

/** What a change of a scope says of itself. */
export const saidBy = (scope: EndpointScope) => ({
  change: crypto.randomUUID(),
  by: changedBy(scope, "insert_rows"),
});

/** One round of the relay; how many entries went over, null where another was at it. */
export const round = (
  { services, scope, owner }: Pick<RelayTest, "services" | "scope" | "owner">,
  limit = 1000,
  control = services.control,
) => carryOver(control, scope.endpoint, owner, { limit, wait: false });

/** One entry of the audit log. */
export interface AuditedRow {
  readonly action: string;
  readonly kind: string;
  readonly userId: string | null;
  readonly tokenId: string | null;
  readonly requestId: string | null;
  readonly network: string | null;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What the audit log holds of the endpoint's rows, oldest first. */
export async function auditedRows(
  { services, scope }: Pick<RelayTest, "services" | "scope">,
): Promise<AuditedRow[]> {
  return await services.control.tenant(scope.tenantId, async (tx) => [
    ...await tx<AuditedRow[]>`
      SELECT action, actor_kind AS kind, user_id AS "userId", token_id AS "tokenId",
        request_id AS "requestId", network, subject, detail
      FROM audit_events
      WHERE endpoint_id = ${scope.endpoint.id} AND detail ? 'entry' ORDER BY seq`,
  ]);
}

/** The audited entries' ids in the journal, oldest first. */
export const auditedIds = async (test: Pick<RelayTest, "services" | "scope">) =>
  (await auditedRows(test)).map(({ detail }) => Number(detail["entry"]));

/** What waits in the outbox. */
export async function waiting({ owner }: Pick<RelayTest, "owner">): Promise<number[]> {
  const rows = await owner<{ entry: string }[]>`SELECT entry FROM bulkhead.outbox ORDER BY entry`;
  return rows.map(({ entry }) => Number(entry));
}

/** The state of the relay in the control database. */
export async function relayState({ services, scope }: Pick<RelayTest, "services" | "scope">) {
  const [row] = await services.control.tenant(
    scope.tenantId,
    (tx) =>
      tx<{ batch: string[]; wanted: boolean; drained: boolean }[]>`
        SELECT batch, wanted_until > now() AS wanted,
          coalesce(drained_at > wanted_until, false) AS drained FROM relays`,
  );
  return row!;
}

/** Lets the time pass for which writes may begin without another note. */
export async function lapse({ services, scope }: Pick<RelayTest, "services" | "scope">) {
  await services.control.tenant(
    scope.tenantId,
    (tx) => tx`UPDATE relays SET wanted_until = wanted_until - interval '2 minutes'`,
  );
}
