import { AppError } from "../errors.ts";
import type { EndpointScope } from "../principal.ts";
import type { Lease } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { selectUrls } from "./store.ts";

/** As whom an endpoint's database is reached. */
export type DatabaseRole = "owner" | "writer" | "reader";

/** Connections that one process opens as each role: below the role's own limit in the cluster. */
const POOL_SIZE: Readonly<Record<DatabaseRole, number>> = { owner: 3, writer: 6, reader: 10 };

/**
 * The only road to a tenant's database: takes a request that `enterEndpoint` let in, and lends the
 * pool of that one endpoint. The caller gives it back with `release()`.
 *
 * @throws AppError ACCESS_DENIED where the endpoint is gone.
 */
export function openEndpoint(
  services: Services,
  scope: EndpointScope,
  role: DatabaseRole,
): Promise<Lease> {
  const { id, tenantId } = scope.endpoint;
  return services.pools.lease(
    `${id}/${role}`,
    async () => {
      const urls = await services.control.tenant(tenantId, (tx) => selectUrls(tx, id));
      if (!urls) throw new AppError("ACCESS_DENIED");
      return await services.vault.open(
        { tenantId, field: `endpoints.${role}_url`, rowId: id },
        urls[role],
      );
    },
    {
      max: POOL_SIZE[role],
      name: `bulkhead ${role}`,
      idleSeconds: 60,
      settings: {
        // Times are told in UTC, whatever the cluster's own zone is.
        TimeZone: "UTC",
        // Planning a page takes as long as answering it. The cost of an operator is also what Postgres
        // weighs planning by: with four times the usual it keeps one plan for a repeated statement
        // where the values make little difference, and still plans anew where they make much.
        cpu_operator_cost: "0.01",
      },
      // A cancel request ends whatever runs on its connection, so no other call's statement waits there.
      ...(role === "reader" ? { pipeline: 0 } : {}),
    },
  );
}
