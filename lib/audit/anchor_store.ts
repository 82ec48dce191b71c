import type { TenantId } from "../ids.ts";
import type { Control, Tx } from "../postgres/mod.ts";

/** A head that moved since it was last anchored. */
export interface DueHead {
  readonly tenantId: TenantId;
  readonly seq: string;
  /** 64 hexadecimal digits. */
  readonly hash: string;
  /** Whether the chain lacks what was anchored before. */
  readonly broken: boolean;
}

/** The heads that are due, those that waited longest first; at most 1,000. */
export async function selectDueHeads({ lookup }: Control): Promise<DueHead[]> {
  return [
    ...await lookup<DueHead[]>`
      SELECT tenant_id AS "tenantId", seq::text, encode(hash, 'hex') AS hash, broken
      FROM lookup.due_audit_heads()`,
  ];
}

/** Keeps a signed anchor; answers false where it was kept before, or the log holds no such entry. */
export async function insertAnchor(
  { lookup }: Control,
  { tenantId, seq, hash }: DueHead,
  statement: string,
): Promise<boolean> {
  const [row] = await lookup<{ kept: boolean }[]>`
    SELECT lookup.keep_audit_anchor(
      ${tenantId}, ${seq}, ${Uint8Array.fromHex(hash)}, ${statement}
    ) AS kept`;
  return row!.kept;
}

/** A signed anchor on its way to the webhook. */
export interface UnpushedAnchor {
  readonly tenantId: TenantId;
  readonly seq: string;
  readonly statement: string;
}

/** Signed anchors that the webhook has not taken, oldest first; at most 500. */
export async function selectUnpushed({ lookup }: Control): Promise<UnpushedAnchor[]> {
  return [
    ...await lookup<UnpushedAnchor[]>`
      SELECT tenant_id AS "tenantId", seq::text, statement FROM lookup.unpushed_audit_anchors()`,
  ];
}

/** Notes that the webhook has taken anchors. */
export async function markPushed(
  { lookup }: Control,
  anchors: readonly UnpushedAnchor[],
): Promise<void> {
  const tenants = lookup.json(anchors.map(({ tenantId }) => tenantId));
  const seqs = lookup.json(anchors.map(({ seq }) => seq));
  await lookup`
    SELECT lookup.mark_audit_anchors_pushed(
      ARRAY(SELECT jsonb_array_elements_text(${tenants})::uuid),
      ARRAY(SELECT jsonb_array_elements_text(${seqs})::bigint)
    )`;
}

/** Of anchors that are a week old, keeps the last of each hour. */
export async function thinAnchors({ lookup }: Control): Promise<void> {
  await lookup`SELECT lookup.thin_audit_anchors()`;
}

/** A signed anchor as its tenant is shown it. */
export interface StoredAnchor {
  readonly seq: string;
  /** 64 hexadecimal digits. */
  readonly hash: string;
  readonly at: Date;
  readonly statement: string;
}

/** The tenant's signed anchors, newest first, from below an entry's number on. */
export async function selectAnchors(
  tx: Tx,
  page: { before: string | null; limit: number },
): Promise<StoredAnchor[]> {
  return [
    ...await tx<StoredAnchor[]>`
      SELECT a.seq::text, encode(a.hash, 'hex') AS hash, a.at, a.statement FROM audit_anchors a
      WHERE a.statement IS NOT NULL AND (${page.before}::bigint IS NULL OR a.seq < ${page.before}::bigint)
      ORDER BY a.seq DESC LIMIT ${page.limit}`,
  ];
}
