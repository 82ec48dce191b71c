import type { TenantId } from "../ids.ts";
import type { Control, Tx } from "../postgres/mod.ts";
import { type Anchor, GENESIS, type HashedEntry } from "./chain.ts";

/** An entry with its hash and the one before, as exports hold it. */
export interface ChainedEntry extends HashedEntry {
  readonly seq: string;
  readonly previous_hash: string;
  readonly hash: string;
}

/** The hash of an entry, though it is no longer kept; the chain's beginning where there is none. */
async function hashOf(tx: Tx, tenantId: string, seq: bigint): Promise<string> {
  const [row] = await tx<{ hash: string }[]>`
    SELECT encode(hash, 'hex') AS hash FROM audit_events
    WHERE tenant_id = ${tenantId} AND seq = ${seq.toString()}
    UNION ALL
    SELECT encode(hash, 'hex') FROM audit_anchors
    WHERE tenant_id = ${tenantId} AND seq = ${seq.toString()} AND dropped_at IS NOT NULL
    LIMIT 1`;
  return row?.hash ?? GENESIS.hash;
}

/** Reads up to `limit` entries of the transaction's tenant behind entry `after`, oldest first. */
export async function selectChain(tx: Tx, after: bigint, limit: number): Promise<ChainedEntry[]> {
  const rows = await tx<Omit<ChainedEntry, "previous_hash">[]>`
    SELECT seq::text, id::text, tenant_id::text,
      to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
      action, actor_kind, user_id::text, token_id::text, endpoint_id::text, subject,
      request_id::text, network, detail::text, encode(hash, 'hex') AS hash
    FROM audit_events e
    WHERE e.seq > greatest(${after.toString()}, (
      SELECT max(a.seq) FROM audit_anchors a WHERE a.dropped_at IS NOT NULL
    )) ORDER BY e.seq LIMIT ${limit}`;
  const known = new Map(rows.map(({ tenant_id, seq, hash }) => [`${tenant_id} ${seq}`, hash]));
  const entries: ChainedEntry[] = [];
  for (const row of rows) {
    const before = BigInt(row.seq) - 1n;
    const previous = known.get(`${row.tenant_id} ${before}`) ??
      await hashOf(tx, row.tenant_id!, before);
    entries.push({ ...row, previous_hash: previous });
  }
  return entries;
}

const anchorOf = (row: { seq: string; hash: string } | undefined): Anchor | null =>
  row ? { seq: BigInt(row.seq), hash: row.hash } : null;

/** Where a tenant's chain stands, as the transaction sees it; null before its first entry. */
export async function selectHead(tx: Tx): Promise<Anchor | null> {
  const [row] = await tx<{ seq: string; hash: string }[]>`
    SELECT seq::text, encode(hash, 'hex') AS hash FROM audit_heads`;
  return anchorOf(row);
}

/** The tenant's last entry that is no longer kept; null where all are. */
export async function selectDropped(tx: Tx): Promise<Anchor | null> {
  const [row] = await tx<{ seq: string; hash: string }[]>`
    SELECT a.seq::text, encode(a.hash, 'hex') AS hash FROM audit_anchors a
    WHERE a.dropped_at IS NOT NULL ORDER BY a.seq DESC LIMIT 1`;
  return anchorOf(row);
}

/** Where a tenant's chain stood, as it is logged. */
export interface LoggedAnchor {
  readonly tenantId: TenantId;
  readonly seq: string;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** Makes the months to come and drops those past keeping; answers the last entries of what was dropped. */
export async function keepMonths(control: Control): Promise<LoggedAnchor[]> {
  return [
    ...await control.lookup<LoggedAnchor[]>`
      SELECT tenant_id AS "tenantId", seq::text, encode(hash, 'hex') AS hash
      FROM lookup.keep_audit_months()`,
  ];
}
