import type { TenantId } from "../ids.ts";
import { connect, type Sql, type Tx } from "./connect.ts";
import { fromPostgres } from "./sqlstate.ts";

/**
 * The control database as the application sees it: a role that owns nothing, bounded by row-level
 * security to the tenant of each transaction.
 */
export interface Control {
  /** Runs one transaction that sees and changes one tenant's rows only. */
  tenant<T>(tenantId: TenantId, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** For the look-up functions, which come before the tenant is known; tables answer no row here. */
  readonly lookup: Sql;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** Opens the control database with the application role's URL. */
export function openControl(url: string, max = 10): Control {
  const sql = connect(url, { max, name: "bulkhead control", idleSeconds: 60 });
  return {
    lookup: sql,
    async tenant(tenantId, work) {
      try {
        return await sql.begin(async (tx) => {
          // Local to the transaction: the next borrower of the connection has no tenant.
          await tx`SELECT set_config('bulkhead.tenant_id', ${tenantId}, true)`;
          return await work(tx as unknown as Tx);
        }) as Awaited<ReturnType<typeof work>>;
      } catch (error) {
        throw fromPostgres(error);
      }
    },
    close: () => sql.end({ timeout: 5 }),
  };
}
