import type { EndpointId, TokenId, UserId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import type { Ability, Scope } from "../principal.ts";

/** A token as it was made, also one that is revoked. */
export interface PastToken {
  readonly id: TokenId;
  readonly name: string;
  readonly prefix: string;
  readonly scope: Scope;
  readonly abilities: readonly Ability[];
  readonly allEndpoints: boolean;
  readonly endpoints: readonly { id: EndpointId; slug: string; name: string }[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** When it was to expire before a rotation let it overlap with its successor. */
  readonly meantUntil: Date | null;
  readonly revokedAt: Date | null;
  readonly networks: readonly string[] | null;
  readonly callsPerMinute: number | null;
  readonly review: boolean;
  readonly lastUsedAt: Date | null;
  readonly lastUsedNetwork: string | null;
  readonly team: boolean;
  /** Who made it; null where the account is gone. */
  readonly createdBy: UserId | null;
}

/** Reads a token that people minted; null where the transaction's tenant has none such. */
export async function selectPastToken(tx: Tx, id: TokenId): Promise<PastToken | null> {
  const [row] = await tx<PastToken[]>`
    SELECT t.id, t.name, t.prefix, t.scope, to_jsonb(t.abilities) AS abilities,
      t.all_endpoints AS "allEndpoints", t.created_at AS "createdAt", t.expires_at AS "expiresAt",
      CASE WHEN t.replaced_by IS NULL THEN t.expires_at
        ELSE (SELECT r.expires_at FROM tokens r WHERE r.id = t.replaced_by) END AS "meantUntil",
      t.revoked_at AS "revokedAt", to_jsonb(t.networks) AS networks,
      t.calls_per_minute AS "callsPerMinute", t.review, t.last_used_at AS "lastUsedAt",
      t.last_used_network AS "lastUsedNetwork", t.team, t.created_by AS "createdBy",
      coalesce((
        SELECT jsonb_agg(jsonb_build_object('id', e.id, 'slug', e.slug, 'name', e.name) ORDER BY e.id)
        FROM token_endpoints b JOIN endpoints e ON e.id = b.endpoint_id
        WHERE b.token_id = t.id AND e.status = 'ready'
      ), '[]') AS endpoints
    FROM tokens t WHERE t.id = ${id} AND t.kind = 'pat'`;
  return row ?? null;
}

/** What a token called on one endpoint. */
export interface CalledTool {
  readonly endpointId: EndpointId;
  /** Null: the endpoint is gone. */
  readonly slug: string | null;
  readonly name: string | null;
  readonly tool: string;
  readonly calls: number;
  readonly failed: number;
  readonly first: Date;
  readonly last: Date;
}

/** Sums a token's calls since a time, by endpoint and tool. */
export async function selectCalls(tx: Tx, token: TokenId, since: Date): Promise<CalledTool[]> {
  return [
    ...await tx<CalledTool[]>`
      SELECT u.endpoint_id AS "endpointId", e.slug, e.name, u.tool, count(*)::int AS calls,
        count(*) FILTER (WHERE u.status <> 'ok')::int AS failed, min(u.at) AS first, max(u.at) AS last
      FROM usage_events u
      LEFT JOIN endpoints e ON e.id = u.endpoint_id AND e.status = 'ready'
      WHERE u.token_id = ${token} AND u.at >= ${since}
      GROUP BY u.endpoint_id, e.slug, e.name, u.tool
      ORDER BY e.name, u.endpoint_id, calls DESC, u.tool`,
  ];
}

/** What a token did that the audit log knows of, on one endpoint or on none. */
export interface DoneAction {
  readonly endpointId: EndpointId | null;
  readonly slug: string | null;
  readonly name: string | null;
  readonly action: string;
  readonly times: number;
  readonly first: Date;
  readonly last: Date;
}

/** Sums the audit log's entries of a token since a time, by endpoint and action. */
export async function selectActions(tx: Tx, token: TokenId, since: Date): Promise<DoneAction[]> {
  return [
    ...await tx<DoneAction[]>`
      SELECT a.endpoint_id AS "endpointId", e.slug, e.name, a.action, count(*)::int AS times,
        min(a.at) AS first, max(a.at) AS last
      FROM audit_events a
      LEFT JOIN endpoints e ON e.id = a.endpoint_id AND e.status = 'ready'
      WHERE a.token_id = ${token} AND a.at >= ${since}
      GROUP BY a.endpoint_id, e.slug, e.name, a.action
      ORDER BY e.name, a.endpoint_id, times DESC, a.action`,
  ];
}

/** Networks that a token acted from, as the audit log knows them, the latest first. */
export async function selectNetworks(tx: Tx, token: TokenId, since: Date): Promise<string[]> {
  const rows = await tx<{ network: string }[]>`
    SELECT network FROM audit_events
    WHERE token_id = ${token} AND at >= ${since} AND network IS NOT NULL
    GROUP BY network ORDER BY max(at) DESC LIMIT 20`;
  return rows.map(({ network }) => network);
}

/** Who reported a leak, when, and where the token was found. */
export interface LeakReport {
  readonly at: Date;
  readonly by: string;
  readonly url: string | null;
}

/** The report by which a token was revoked; null where it was not revoked by one. */
export async function selectReport(tx: Tx, token: TokenId): Promise<LeakReport | null> {
  const [row] = await tx<LeakReport[]>`
    SELECT at, detail ->> 'by' AS by, detail ->> 'url' AS url FROM audit_events
    WHERE action = 'token.revoked' AND detail ->> 'token_id' = ${token}
      AND detail ->> 'by' IN ('github', 'page')
    ORDER BY seq DESC LIMIT 1`;
  return row ?? null;
}

/** The latest token that was minted in the place of another. */
export async function selectReplacement(
  tx: Tx,
  token: TokenId,
): Promise<{ id: TokenId; name: string } | null> {
  const [row] = await tx<{ id: TokenId; name: string }[]>`
    SELECT r.id, r.name FROM tokens t JOIN tokens r ON r.id = t.replaced_by WHERE t.id = ${token}`;
  return row ?? null;
}
