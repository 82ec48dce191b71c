import type { AuthorizationId, ClientId, EndpointId, GrantId, Slug, UserId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import type { Scope } from "../principal.ts";
import type { StoredReach } from "../table_reach.ts";

/** The app of a connection, as the person saw it when they agreed last. */
export interface SeenApp {
  readonly name: string;
  readonly clientId: string;
  /** Where authorization responses went. */
  readonly host: string;
}

/** What a connection may do on an endpoint. */
export interface Reach {
  readonly scope: Scope;
  /** Whether each change waits until a person has approved it; false where the scope only reads. */
  readonly review: boolean;
  /** The tables that it reaches; null: all, also those that come later. */
  readonly tables: StoredReach | null;
}

/** What a connection reaches: an endpoint, and how. */
export interface GrantedEndpoint extends Reach {
  readonly id: EndpointId;
}

/**
 * The living connection of a person with an app, made where there is none; locked until the transaction
 * ends. Answers whether it is new.
 */
export async function upsertGrant(
  tx: Tx,
  grant: { id: GrantId; userId: UserId; client: ClientId; app: SeenApp },
): Promise<{ id: GrantId; fresh: boolean }> {
  const { app } = grant;
  const [row] = await tx<{ id: GrantId }[]>`
    INSERT INTO oauth_grants (id, tenant_id, user_id, client, app_name, app_id, app_host)
    VALUES (
      ${grant.id}, current_tenant(), ${grant.userId}, ${grant.client}, ${app.name}, ${app.clientId},
      ${app.host}
    )
    ON CONFLICT (tenant_id, user_id, client) WHERE revoked_at IS NULL DO UPDATE SET
      app_name = excluded.app_name, app_id = excluded.app_id, app_host = excluded.app_host,
      agreed_at = now()
    RETURNING id`;
  return { id: row!.id, fresh: row!.id === grant.id };
}

/** The living connection of a person with an app by the app's name; null where there is none. */
export async function selectGrantOf(
  tx: Tx,
  userId: UserId,
  clientId: string,
): Promise<GrantId | null> {
  const [row] = await tx<{ id: GrantId }[]>`
    SELECT g.id FROM oauth_grants g
    WHERE g.user_id = ${userId} AND g.app_id = ${clientId} AND g.revoked_at IS NULL`;
  return row?.id ?? null;
}

/** What a connection reaches. */
export async function selectGrantedEndpoints(tx: Tx, grant: GrantId): Promise<GrantedEndpoint[]> {
  return await tx<GrantedEndpoint[]>`
    SELECT ge.endpoint_id AS id, ge.scope, ge.review, ge.tables
    FROM oauth_grant_endpoints ge JOIN endpoints e ON e.id = ge.endpoint_id
    WHERE ge.grant_id = ${grant} AND e.status <> 'deleting'`;
}

/** Sets what a connection reaches of one endpoint. */
export async function putGrantedEndpoint(
  tx: Tx,
  grant: GrantId,
  { id, scope, review, tables }: GrantedEndpoint,
): Promise<void> {
  await tx`
    INSERT INTO oauth_grant_endpoints (tenant_id, grant_id, endpoint_id, scope, review, tables)
    VALUES (
      current_tenant(), ${grant}, ${id}, ${scope}, ${review}, ${tables && tx.json(tables)}
    )
    ON CONFLICT (grant_id, endpoint_id) DO UPDATE SET
      scope = excluded.scope, review = excluded.review, tables = excluded.tables`;
}

/**
 * Sets that what a connection changes is reviewed from now on; answers the endpoints where that was not
 * so.
 */
export async function putUnderReview(tx: Tx, grant: GrantId): Promise<EndpointId[]> {
  const rows = await tx<{ id: EndpointId }[]>`
    UPDATE oauth_grant_endpoints SET review = true
    WHERE grant_id = ${grant} AND scope = 'mcp:write' AND NOT review
    RETURNING endpoint_id AS id`;
  return rows.map(({ id }) => id);
}

/** Every authorization of a connection that has not been revoked. */
export async function selectAuthorizations(tx: Tx, grant: GrantId): Promise<AuthorizationId[]> {
  const rows = await tx<{ id: AuthorizationId }[]>`
    SELECT id FROM oauth_authorizations WHERE grant_id = ${grant} AND revoked_at IS NULL`;
  return rows.map(({ id }) => id);
}

/** A connection that has been locked, so that nothing is issued from it meanwhile. */
export interface LockedGrant {
  readonly id: GrantId;
  readonly userId: UserId;
  readonly appName: string;
}

/** Locks a living connection; null where there is none, or it has been revoked. */
export async function lockGrant(tx: Tx, id: GrantId): Promise<LockedGrant | null> {
  const [row] = await tx<{ id: GrantId; user_id: UserId; app_name: string }[]>`
    SELECT id, user_id, app_name FROM oauth_grants
    WHERE id = ${id} AND revoked_at IS NULL FOR UPDATE`;
  return row ? { id: row.id, userId: row.user_id, appName: row.app_name } : null;
}

/** Locks the living connection that an authorization belongs to. */
export async function lockGrantOf(
  tx: Tx,
  authorization: AuthorizationId,
): Promise<LockedGrant | null> {
  const [row] = await tx<{ grant_id: GrantId }[]>`
    SELECT grant_id FROM oauth_authorizations WHERE id = ${authorization}`;
  return row ? await lockGrant(tx, row.grant_id) : null;
}

/** Marks a connection and all its authorizations as revoked. */
export async function markGrantRevoked(tx: Tx, id: GrantId): Promise<void> {
  await tx`UPDATE oauth_grants SET revoked_at = now() WHERE id = ${id}`;
  await tx`
    UPDATE oauth_authorizations SET revoked_at = now()
    WHERE grant_id = ${id} AND revoked_at IS NULL`;
}

/** A connection as people see it. */
export interface ConnectedApp {
  readonly id: GrantId;
  readonly userId: UserId;
  /** Whose connection it is. */
  readonly email: string;
  readonly app: SeenApp;
  readonly endpoints: readonly {
    readonly slug: Slug;
    readonly name: string;
    readonly scope: Scope;
    readonly review: boolean;
    readonly tables: StoredReach | null;
  }[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly calls: bigint;
}

/** The tenant's living connections, newest agreement first; of one person alone where one is given. */
export async function selectConnectedApps(tx: Tx, userId: UserId | null): Promise<ConnectedApp[]> {
  const rows = await tx<{
    id: GrantId;
    user_id: UserId;
    email: string;
    app_name: string;
    app_id: string;
    app_host: string;
    endpoints: ConnectedApp["endpoints"];
    created_at: Date;
    last_used_at: Date | null;
    calls: string;
  }[]>`
    SELECT g.id, g.user_id, u.email, g.app_name, g.app_id, g.app_host, g.created_at, g.last_used_at,
      g.calls,
      coalesce((
        SELECT jsonb_agg(
          jsonb_build_object(
            'slug', e.slug, 'name', e.name, 'scope', ge.scope, 'review', ge.review,
            'tables', ge.tables
          ) ORDER BY e.id
        )
        FROM oauth_grant_endpoints ge JOIN endpoints e ON e.id = ge.endpoint_id
        WHERE ge.grant_id = g.id AND e.status <> 'deleting'
      ), '[]') AS endpoints
    FROM oauth_grants g JOIN users u ON u.id = g.user_id
    WHERE g.revoked_at IS NULL AND (${userId}::uuid IS NULL OR g.user_id = ${userId}::uuid)
    ORDER BY g.agreed_at DESC, g.id`;
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    email: row.email,
    app: { name: row.app_name, clientId: row.app_id, host: row.app_host },
    endpoints: row.endpoints,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    calls: BigInt(row.calls),
  }));
}

/** The living connections of a client. */
export async function selectGrantsOfClient(tx: Tx, client: ClientId): Promise<GrantId[]> {
  const rows = await tx<{ id: GrantId }[]>`
    SELECT id FROM oauth_grants WHERE client = ${client} AND revoked_at IS NULL`;
  return rows.map(({ id }) => id);
}
