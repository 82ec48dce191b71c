import type { AnyId, EndpointId, TenantId, TokenId, UserId } from "../ids.ts";
import type { ActorKind } from "../principal.ts";
import type { Control, Tx } from "../postgres/mod.ts";
import type { Anchor, HashedEntry } from "./chain.ts";
import type { AuditAction } from "./events.ts";

/** An entry with its hash and the one before, as exports hold it. */
export interface ChainedEntry extends HashedEntry {
  readonly seq: string;
  readonly previous_hash: string;
  readonly hash: string;
}

/** Reads up to `limit` entries of the transaction's tenant behind entry `after`, oldest first. */
export async function selectChain(tx: Tx, after: bigint, limit: number): Promise<ChainedEntry[]> {
  return [
    ...await tx<ChainedEntry[]>`
      SELECT seq::text, id::text, tenant_id::text,
        to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
        action, actor_kind, user_id::text, token_id::text, endpoint_id::text, subject,
        request_id::text, network, detail::text, encode(hash, 'hex') AS hash,
        coalesce(
          (SELECT encode(p.hash, 'hex') FROM audit_events p
           WHERE p.tenant_id = e.tenant_id AND p.seq = e.seq - 1),
          repeat('00', 32)
        ) AS previous_hash
      FROM audit_events e WHERE e.seq > ${after.toString()} ORDER BY e.seq LIMIT ${limit}`,
  ];
}

/** Where a tenant's chain stands, as the transaction sees it; null before its first entry. */
export async function selectHead(tx: Tx): Promise<Anchor | null> {
  const [row] = await tx<{ seq: string; hash: string }[]>`
    SELECT seq::text, encode(hash, 'hex') AS hash FROM audit_heads`;
  return row ? { seq: BigInt(row.seq), hash: row.hash } : null;
}

/** Anchors the heads that are due; answers what was anchored, by tenant. */
export async function anchorHeads(
  control: Control,
): Promise<{ tenantId: TenantId; seq: string; hash: string }[]> {
  return [
    ...await control.lookup<{ tenantId: TenantId; seq: string; hash: string }[]>`
      SELECT tenant_id AS "tenantId", seq::text, encode(hash, 'hex') AS hash
      FROM lookup.anchor_audit_heads()`,
  ];
}

/** One entry as people read it, with the names that things have now. */
export interface ActivityEntry {
  readonly id: AnyId;
  readonly seq: string;
  readonly at: Date;
  readonly action: AuditAction;
  readonly kind: ActorKind;
  readonly userId: UserId | null;
  readonly email: string | null;
  readonly tokenId: TokenId | null;
  readonly tokenName: string | null;
  readonly endpointId: EndpointId | null;
  /** Null also for one that is gone. */
  readonly endpointName: string | null;
  readonly subject: string | null;
  readonly network: string | null;
  readonly requestId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Which entries; what is not said bounds nothing. */
export interface ActivityFilter {
  readonly userId?: UserId | undefined;
  readonly tokenId?: TokenId | undefined;
  readonly endpointId?: EndpointId | undefined;
  readonly action?: AuditAction | undefined;
  readonly since?: Date | undefined;
  /** Not itself included. */
  readonly until?: Date | undefined;
}

/** Reads the transaction's tenant's entries, newest first, behind the one whose id is `after`. */
export async function selectActivity(
  tx: Tx,
  filter: ActivityFilter,
  endpoints: readonly EndpointId[] | null,
  after: AnyId | null,
  limit: number,
): Promise<ActivityEntry[]> {
  const { userId = null, tokenId = null, endpointId = null, action = null } = filter;
  const since = filter.since?.toISOString() ?? null;
  const until = filter.until?.toISOString() ?? null;
  return [
    ...await tx<ActivityEntry[]>`
      SELECT e.id, e.seq::text AS seq, e.at, e.action, e.actor_kind AS kind, e.user_id AS "userId",
        u.email, e.token_id AS "tokenId", t.name AS "tokenName", e.endpoint_id AS "endpointId",
        p.name AS "endpointName", e.subject, e.network, e.request_id AS "requestId", e.detail
      FROM audit_events e
      LEFT JOIN users u ON u.id = e.user_id
      LEFT JOIN tokens t ON t.id = e.token_id
      LEFT JOIN endpoints p ON p.id = e.endpoint_id
      WHERE (${userId}::uuid IS NULL OR e.user_id = ${userId})
        AND (${tokenId}::uuid IS NULL OR e.token_id = ${tokenId})
        AND (${endpointId}::uuid IS NULL OR e.endpoint_id = ${endpointId})
        AND (${action}::text IS NULL OR e.action = ${action})
        AND (${since}::timestamptz IS NULL OR e.at >= ${since})
        AND (${until}::timestamptz IS NULL OR e.at < ${until})
        AND (${endpoints === null} OR e.endpoint_id IN (
          SELECT value::uuid FROM jsonb_array_elements_text(${tx.json(endpoints ?? [])})
        ))
        AND (${after}::uuid IS NULL OR e.seq < (SELECT a.seq FROM audit_events a WHERE a.id = ${after}))
      ORDER BY e.seq DESC LIMIT ${limit}`,
  ];
}
