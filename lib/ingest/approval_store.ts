import type { EndpointId, IngestId, Slug, TenantId, TokenId } from "../ids.ts";
import type { Sql, Tx } from "../postgres/mod.ts";
import type { Ability, Scope } from "../principal.ts";
import type { IngestRef, IngestStatus } from "./ingest.ts";

/** A person's word that an import be done. */
export interface Approval {
  /** Who, as `changedBy` says. */
  readonly by: Readonly<Record<string, string | null>>;
  /** The preview that they saw; null: whatever it would do. */
  readonly version: string | null;
}

/** Lets a load that is worked on wait for a person; false where the claim is lost. */
export async function awaitApproval(tx: Tx, id: IngestId, claim: string): Promise<boolean> {
  const rows = await tx`
    UPDATE ingests
    SET status = 'waiting', claim = NULL, attempts = 0, approved_by = NULL, approved_version = NULL
    WHERE id = ${id} AND claim = ${claim} AND status = 'running' RETURNING id`;
  return rows.length > 0;
}

/** Queues a load that waits for a person: approved, or to be looked at anew. False where it waits not. */
export async function queueWaiting(
  tx: Tx,
  ref: IngestRef,
  approval: Approval | null,
): Promise<boolean> {
  const rows = await tx`
    UPDATE ingests
    SET status = 'queued', heartbeat_at = now(),
      approved_by = ${approval && tx.json(approval.by as never)},
      approved_version = ${approval?.version ?? null}
    WHERE id = ${ref.ingestId} AND endpoint_id = ${ref.endpointId} AND status = 'waiting'
    RETURNING id`;
  return rows.length > 0;
}

/** What the token that sent a load may do now, with all that bounds it. */
export interface TokenNow {
  readonly scope: Scope;
  readonly abilities: ReadonlySet<Ability>;
  readonly reachesEndpoint: boolean;
  readonly review: boolean;
}

/** Asks the look-up that lets tokens in; null where the token acts no more. */
export async function selectTokenNow(
  tx: Tx,
  token: TokenId,
  endpointId: EndpointId,
): Promise<TokenNow | null> {
  const [row] = await tx<
    { scope: Scope; abilities: Ability[]; reaches: boolean; review: boolean }[]
  >`
    SELECT n.scope, to_jsonb(n.abilities) AS abilities, n.review,
      n.all_endpoints OR ${endpointId}::uuid = ANY (n.endpoints) AS reaches
    FROM tokens t CROSS JOIN LATERAL lookup.token(t.hash) n WHERE t.id = ${token}`;
  if (!row) return null;
  const { scope, abilities, reaches, review } = row;
  return { scope, abilities: new Set(abilities), reachesEndpoint: reaches, review };
}

/** Loads of all tenants on which nobody decided in time, or whose time for undoing is over. */
export async function selectLapsed(
  lookup: Sql,
  days: number,
): Promise<(IngestRef & { readonly slug: Slug; readonly status: IngestStatus })[]> {
  const rows = await lookup<
    {
      id: IngestId;
      tenant_id: TenantId;
      endpoint_id: EndpointId;
      slug: Slug;
      status: IngestStatus;
    }[]
  >`
    SELECT id, tenant_id, endpoint_id, slug, status
    FROM lookup.lapsed_ingests(make_interval(days => ${days}))`;
  return rows.map((row) => ({
    ingestId: row.id,
    tenantId: row.tenant_id,
    endpointId: row.endpoint_id,
    slug: row.slug,
    status: row.status,
  }));
}

/** Notes what an endpoint still keeps for undoing its loads: nothing, or something for so many days more. */
export async function updateKept(
  tx: Tx,
  endpointId: EndpointId,
  days: number | null,
): Promise<void> {
  await tx`
    UPDATE ingests SET kept_until = now() + make_interval(days => ${days}::integer)
    WHERE endpoint_id = ${endpointId} AND kept_until < now()`;
}
