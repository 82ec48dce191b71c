import { actorOf, recordEvent } from "../audit/mod.ts";
import { openEndpoint } from "../endpoints/mod.ts";
import { fromPostgres, type Sql } from "../postgres/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import * as inDatabase from "./load/mod.ts";
import type { ForeignKey } from "./load/mod.ts";
import type { AfterLoad } from "./run.ts";

/**
 * Declares a foreign key by hand, which Postgres checks against every row, and has the manifest
 * rebuilt.
 *
 * @throws AppError UNKNOWN_TABLE, UNKNOWN_COLUMN, CONFLICT (it is there), FOREIGN_KEY_INVALID.
 */
export async function declareForeignKey(
  services: Services,
  scope: EndpointScope,
  key: ForeignKey,
  afterChange: AfterLoad,
): Promise<void> {
  await change(services, scope, (owner) => inDatabase.declareForeignKey(owner, key));
  await record(services, scope, { change: "foreign_key_declared", ...key });
  await afterChange(scope);
}

/**
 * Takes a column's foreign key away, and has the manifest rebuilt.
 *
 * @throws AppError UNKNOWN_TABLE, UNKNOWN_COLUMN, NOT_FOUND (it has none).
 */
export async function dropForeignKey(
  services: Services,
  scope: EndpointScope,
  key: Pick<ForeignKey, "table" | "column">,
  afterChange: AfterLoad,
): Promise<void> {
  const { table, column } = key;
  await change(services, scope, (owner) => inDatabase.dropForeignKey(owner, { table, column }));
  await record(services, scope, { change: "foreign_key_dropped", table, column });
  await afterChange(scope);
}

async function change(
  services: Services,
  scope: EndpointScope,
  work: (owner: Sql) => Promise<void>,
): Promise<void> {
  const { sql: owner, release } = await openEndpoint(services, scope, "owner");
  try {
    await work(owner);
  } catch (error) {
    throw fromPostgres(error);
  } finally {
    release();
  }
}

// Two databases have no common transaction: the entry follows the change.
async function record(
  services: Services,
  scope: EndpointScope,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  await services.control.tenant(scope.tenantId, (tx) =>
    recordEvent(tx, {
      tenantId: scope.tenantId,
      action: "schema.changed",
      actor: actorOf(scope),
      endpointId: scope.endpoint.id,
      subject: scope.endpoint.slug,
      detail,
    }));
}
