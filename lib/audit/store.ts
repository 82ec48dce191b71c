import { newId } from "../ids.ts";
import type { TenantId, TokenId } from "../ids.ts";
import type { Control, Tx } from "../postgres/mod.ts";
import type { AuditEvent } from "./events.ts";
import { storable, storableText } from "./storable.ts";
import type { TokenUse } from "./token_use.ts";
import type { UsageGroup } from "./usage.ts";

/** Inserts audit entries, which are chained in their order. */
export async function insertEvents(tx: Tx, events: readonly AuditEvent[]): Promise<void> {
  const rows = events.map((event, place) => ({
    place,
    id: newId(),
    tenant_id: event.tenantId,
    action: event.action,
    actor_kind: event.actor.kind,
    user_id: event.actor.userId,
    token_id: event.actor.tokenId,
    endpoint_id: event.endpointId ?? null,
    subject: event.subject === undefined ? null : storableText(event.subject),
    request_id: event.actor.requestId,
    network: event.actor.network,
    detail: storable(event.detail ?? {}),
  }));
  await tx`
    INSERT INTO audit_pending (
      id, tenant_id, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id,
      network, detail
    )
    SELECT id, tenant_id, action, actor_kind, user_id, token_id, endpoint_id, subject, request_id,
      network, detail
    FROM jsonb_to_recordset(${tx.json(rows as never)}) AS e(
      place integer, id uuid, tenant_id uuid, action text, actor_kind text, user_id uuid,
      token_id uuid, endpoint_id uuid, subject text, request_id uuid, network text, detail jsonb
    )
    ORDER BY place`;
}

/** Inserts calls of one tenant, a row each. */
export async function insertUsage(control: Control, groups: readonly UsageGroup[]): Promise<void> {
  const { tenantId } = groups[0]!;
  const rows = groups.map(({ endpointId, tokenId, tool, status, at, latencyUs }) => ({
    endpoint_id: endpointId,
    token_id: tokenId,
    tool,
    status,
    at: `{${at.join()}}`,
    latency_us: `{${latencyUs.join()}}`,
  }));
  await control.tenant(tenantId, async (tx) => {
    await tx`
      INSERT INTO usage_events (tenant_id, endpoint_id, token_id, at, tool, status, latency_us)
      SELECT ${tenantId}, g.endpoint_id, g.token_id, to_timestamp(e.at / 1000), g.tool, g.status, e.latency_us
      FROM jsonb_to_recordset(${tx.json(rows)}) AS g(
        endpoint_id uuid, token_id uuid, tool text, status text, at text, latency_us text
      ), unnest(g.at::float8[], g.latency_us::integer[]) AS e(at, latency_us)`;
    await countCalls(tx, groups);
  });
}

/**
 * Adds calls to the connections whose access tokens made them: tokens come and go by the hour, and their
 * events with the months.
 */
async function countCalls(tx: Tx, groups: readonly UsageGroup[]): Promise<void> {
  const rows = groups.filter(({ tokenId }) => tokenId)
    .map(({ tokenId, at }) => ({ id: tokenId, calls: at.length }));
  if (rows.length === 0) return;
  // Locked in one order, so that two replicas that write at once wait instead of failing.
  await tx`
    WITH made AS (
      SELECT a.grant_id, sum(c.calls) AS calls
      FROM jsonb_to_recordset(${tx.json(rows)}) AS c(id uuid, calls bigint)
      JOIN tokens t ON t.id = c.id JOIN oauth_authorizations a ON a.id = t.authorization_id
      GROUP BY a.grant_id
    ), locked AS (
      SELECT id FROM oauth_grants WHERE id IN (SELECT grant_id FROM made)
      ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE oauth_grants g SET calls = g.calls + made.calls
    FROM made JOIN locked ON locked.id = made.grant_id WHERE g.id = made.grant_id`;
}

/**
 * Sets when and from where a tenant's tokens, and when the connections that access tokens belong to, were
 * last used; what is there already of a later time stays.
 */
export async function updateLastUsed(
  control: Control,
  tenantId: TenantId,
  uses: readonly (readonly [TokenId, TokenUse])[],
): Promise<void> {
  const rows = uses.map(([id, { at, network }]) => ({
    id,
    at: new Date(at).toISOString(),
    network,
  }));
  await control.tenant(tenantId, async (tx) => {
    // Connections before tokens, and in one order: so does whoever revokes.
    await tx`
      WITH latest AS (
        SELECT a.grant_id, max(u.at) AS at
        FROM jsonb_to_recordset(${tx.json(rows)}) AS u(id uuid, at timestamptz)
        JOIN tokens t ON t.id = u.id JOIN oauth_authorizations a ON a.id = t.authorization_id
        GROUP BY a.grant_id
      ), locked AS (
        SELECT id FROM oauth_grants WHERE id IN (SELECT grant_id FROM latest)
        ORDER BY id FOR NO KEY UPDATE
      )
      UPDATE oauth_grants g SET last_used_at = greatest(g.last_used_at, latest.at)
      FROM latest JOIN locked ON locked.id = latest.grant_id WHERE g.id = latest.grant_id`;
    await tx`
      UPDATE tokens t SET last_used_at = u.at, last_used_network = u.network
      FROM jsonb_to_recordset(${tx.json(rows)}) AS u(id uuid, at timestamptz, network text)
      WHERE t.id = u.id AND (t.last_used_at IS NULL OR t.last_used_at <= u.at)`;
  });
}
