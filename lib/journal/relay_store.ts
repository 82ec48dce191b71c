import type { EndpointId, TenantId } from "../ids.ts";
import type { SystemTarget } from "../endpoints/mod.ts";
import type { Sql, Tx } from "../postgres/mod.ts";

/** How far an endpoint's journal has been carried over, held until the transaction ends. */
export interface RelayState {
  /** Entries that are in the audit log and may still be in the outbox. */
  readonly batch: readonly string[];
  /** Whether every write that the notes allowed was over when the transaction began. */
  readonly lapsed: boolean;
}

/** The endpoints of all tenants whose journals have to be looked at. */
export async function selectWanted(lookup: Sql): Promise<SystemTarget[]> {
  return [
    ...await lookup<SystemTarget[]>`
      SELECT endpoint_id AS "endpointId", tenant_id AS "tenantId", slug
      FROM lookup.wanted_relays()`,
  ];
}

/**
 * Locks an endpoint's state. Null where nothing was ever to be carried over, and, unless `wait`, where
 * another holds it.
 */
export async function lockRelay(tx: Tx, id: EndpointId, wait: boolean): Promise<RelayState | null> {
  const [row] = await tx<RelayState[]>`
    SELECT batch, wanted_until < now() AS lapsed FROM relays
    WHERE endpoint_id = ${id} FOR UPDATE ${wait ? tx`` : tx`SKIP LOCKED`}`;
  return row ?? null;
}

/** Tells whether anything of an endpoint's journal was ever to be carried over. */
export async function isRelayed(tx: Tx, id: EndpointId): Promise<boolean> {
  const [row] = await tx`SELECT FROM relays WHERE endpoint_id = ${id}`;
  return row !== undefined;
}

/** Keeps which entries are in the audit log with this transaction. */
export async function updateBatch(tx: Tx, id: EndpointId, batch: readonly string[]): Promise<void> {
  await tx`UPDATE relays SET batch = ${tx.json([...batch])} WHERE endpoint_id = ${id}`;
}

/** Keeps that nothing waited when the transaction began. */
export async function updateDrained(tx: Tx, id: EndpointId): Promise<void> {
  await tx`UPDATE relays SET drained_at = now(), batch = '[]' WHERE endpoint_id = ${id}`;
}

/** Who is who in a tenant. */
export interface KnownActors {
  readonly users: ReadonlySet<string>;
  readonly tokens: ReadonlySet<string>;
  /** Names of the apps by their connections' ids. */
  readonly apps: ReadonlyMap<string, string>;
}

/** Of the named users, tokens and connections, those of the transaction's tenant. */
export async function selectKnownActors(
  tx: Tx,
  tenantId: TenantId,
  named: {
    readonly users: readonly string[];
    readonly tokens: readonly string[];
    readonly grants: readonly string[];
  },
): Promise<KnownActors> {
  const rows = await tx<{ kind: "user" | "token" | "grant"; id: string; name: string }[]>`
    SELECT 'user' AS kind, user_id AS id, '' AS name FROM members
    WHERE tenant_id = ${tenantId}
      AND user_id IN (SELECT value::uuid FROM jsonb_array_elements_text(${tx.json(named.users)}))
    UNION ALL
    SELECT 'token', id, '' FROM tokens
    WHERE tenant_id = ${tenantId}
      AND id IN (SELECT value::uuid FROM jsonb_array_elements_text(${tx.json(named.tokens)}))
    UNION ALL
    SELECT 'grant', id, app_name FROM oauth_grants
    WHERE tenant_id = ${tenantId}
      AND id IN (SELECT value::uuid FROM jsonb_array_elements_text(${tx.json(named.grants)}))`;
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  return {
    users: new Set(of("user").map(({ id }) => id)),
    tokens: new Set(of("token").map(({ id }) => id)),
    apps: new Map(of("grant").map(({ id, name }) => [id, name])),
  };
}
