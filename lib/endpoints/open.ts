import { AppError } from "../errors.ts";
import type { EndpointScope } from "../principal.ts";
import {
  connect,
  type Lease,
  ReadPool,
  ROLE_SETTINGS,
  type Sql,
  targetOf,
} from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { selectUrls } from "./store.ts";

/**
 * As whom an endpoint's database is reached: its owner, its writer, its reader; `keeper` is the owner
 * and `trial` the writer in sessions that write in transactions alone, for what may be taken back before
 * its end.
 */
export type DatabaseRole = "owner" | "keeper" | "writer" | "trial" | "reader";

interface PoolShape {
  /** Whose URL. */
  readonly login: "owner" | "writer" | "reader";
  /** Connections that one process opens; together below the login's own limit in the cluster. */
  readonly size: number;
}

const POOLS: Readonly<Record<DatabaseRole, PoolShape>> = {
  owner: { login: "owner", size: 3 },
  keeper: { login: "owner", size: 2 },
  writer: { login: "writer", size: 6 },
  trial: { login: "writer", size: 3 },
  reader: { login: "reader", size: 2 },
};

/** The connections by which one process answers an endpoint's calls that read. */
const READING = { quick: 2, slow: 8, quickMs: 100, slowMs: 15_000, idleMs: 60_000 } as const;

/**
 * What a session is told at connect. Every login of Postgres can set defaults for itself, which nobody
 * can forbid it; what is sent at connect goes before them. So whatever somebody did with a login of an
 * endpoint, its calls answer the same, are bounded the same and are on disk when they are answered.
 */
const SESSION: Readonly<Record<string, string>> = {
  search_path: "public",
  row_security: "on",
  default_transaction_isolation: "read committed",
  default_transaction_read_only: "off",
  default_transaction_deferrable: "off",
  synchronous_commit: "on",
  standard_conforming_strings: "on",
  transform_null_equals: "off",
  array_nulls: "on",
  transaction_timeout: "0",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
  // Times are told in UTC, whatever the cluster's own zone is.
  TimeZone: "UTC",
  // Planning a page takes as long as answering it. The cost of an operator is also what Postgres
  // weighs planning by: with four times the usual it keeps one plan for a repeated statement
  // where the values make little difference, and still plans anew where they make much.
  cpu_operator_cost: "0.01",
};

/** The URL of one of an endpoint's logins. */
async function urlOf(
  { control, vault }: Services,
  { endpoint: { id, tenantId } }: EndpointScope,
  login: PoolShape["login"],
): Promise<string> {
  const urls = await control.tenant(tenantId, (tx) => selectUrls(tx, id));
  if (!urls) throw new AppError("ACCESS_DENIED");
  return await vault.open({ tenantId, field: `endpoints.${login}_url`, rowId: id }, urls[login]);
}

/**
 * The only road to a tenant's database: takes a request that `enterEndpoint` let in, and lends the
 * pool of that one endpoint. The caller gives it back with `release()`.
 *
 * @throws AppError ACCESS_DENIED where the endpoint is gone.
 */
export async function openEndpoint(
  services: Services,
  scope: EndpointScope,
  role: DatabaseRole,
): Promise<Lease> {
  const { login, size } = POOLS[role];
  return await services.pools.lease<Sql>(
    `${scope.endpoint.id}/${role}`,
    async () =>
      connect(await urlOf(services, scope, login), {
        max: size,
        name: `bulkhead ${role}`,
        idleSeconds: 60,
        settings: { ...SESSION, ...ROLE_SETTINGS[login] },
        guarded: role === "keeper" || role === "trial",
      }),
  );
}

/** Lends an endpoint's pool for as long as some work takes, and gives it back however that ends. */
export async function withEndpoint<T>(
  services: Services,
  scope: EndpointScope,
  role: DatabaseRole,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const lease = await openEndpoint(services, scope, role);
  try {
    return await work(lease.sql);
  } finally {
    lease.release();
  }
}

/**
 * The road by which calls read: like `openEndpoint` for the reader, over connections that answer many
 * quick statements at once, and without waiting where they are open.
 *
 * @throws AppError ACCESS_DENIED where the endpoint is gone.
 */
export function openReader(
  services: Services,
  scope: EndpointScope,
): Lease<ReadPool> | Promise<Lease<ReadPool>> {
  return services.pools.lease(
    `${scope.endpoint.id}/calls`,
    async () =>
      new ReadPool({
        ...READING,
        target: targetOf(await urlOf(services, scope, "reader")),
        settings: { application_name: "bulkhead calls", ...SESSION, ...ROLE_SETTINGS.reader },
      }),
  );
}
