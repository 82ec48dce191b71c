import { ensureSchema, withEndpoint } from "../../endpoints/mod.ts";
import { fromPostgres, type Sql } from "../../postgres/mod.ts";
import type { EndpointScope } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { busyTable } from "./busy.ts";

/**
 * Works on an endpoint's rules as its owner.
 *
 * @throws AppError UNAVAILABLE where a table is busy.
 */
export async function asOwner<T>(
  services: Services,
  scope: EndpointScope,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  await ensureSchema(services, scope);
  try {
    return await withEndpoint(services, scope, "owner", work);
  } catch (error) {
    throw busyTable(error) ?? fromPostgres(error);
  }
}
