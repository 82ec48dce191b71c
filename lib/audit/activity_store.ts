import type { TenantId } from "../ids.ts";
import type { Control, Tx } from "../postgres/mod.ts";
import type { Anchor, HashedEntry } from "./chain.ts";

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
