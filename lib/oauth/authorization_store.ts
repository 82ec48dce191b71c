import type { AuthorizationId, ClientId, EndpointId, GrantId, Slug, TenantId } from "../ids.ts";
import type { TokenId, UserId } from "../ids.ts";
import { fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";
import type { Scope } from "../principal.ts";
import type { StoredReach } from "../table_reach.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What is stored of a request that a person agreed to. */
export interface NewAuthorization {
  readonly id: AuthorizationId;
  readonly grantId: GrantId;
  readonly scope: Scope;
  /** Whether what is issued from it changes rows only after a person has approved it. */
  readonly review: boolean;
  readonly endpoints: readonly EndpointId[];
  /** Tables by endpoint, where not all of them were agreed to. */
  readonly tables: Readonly<Record<string, StoredReach>>;
  readonly codeHash: Bytes;
  readonly codeSeconds: number;
  readonly challenge: string;
  /** Null where the request named none. */
  readonly redirectUri: string | null;
}

/** Stores an authorization with its code. */
export async function insertAuthorization(tx: Tx, made: NewAuthorization): Promise<void> {
  await tx`
    INSERT INTO oauth_authorizations (
      id, tenant_id, grant_id, scope, review, endpoints, code_hash, code_expires_at, code_challenge,
      redirect_uri, tables
    ) VALUES (
      ${made.id}, current_tenant(), ${made.grantId}, ${made.scope}, ${made.review},
      ARRAY(SELECT jsonb_array_elements_text(${tx.json([...made.endpoints])})::uuid),
      ${made.codeHash}, now() + make_interval(secs => ${made.codeSeconds}), ${made.challenge},
      ${made.redirectUri}, ${tx.json(made.tables)}
    )`;
}

/** What a code's hash is known to stand for, before the tenant is set. */
export interface FoundCode {
  readonly authorizationId: AuthorizationId;
  readonly tenantId: TenantId;
  readonly client: ClientId;
  readonly redirectUri: string | null;
  readonly challenge: string;
}

async function one<Row>(query: PromiseLike<readonly Row[]>): Promise<Row | null> {
  try {
    return (await query)[0] ?? null;
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** Finds a code of any tenant by its hash, also a used or expired one. */
export async function lookUpCode(lookup: Sql, hash: Bytes): Promise<FoundCode | null> {
  return await one(lookup<FoundCode[]>`
    SELECT authorization_id AS "authorizationId", tenant_id AS "tenantId", client,
      redirect_uri AS "redirectUri", code_challenge AS challenge
    FROM lookup.oauth_code(${hash})`);
}

/** What a refresh token's hash is known to stand for. */
export interface FoundRefreshToken {
  readonly authorizationId: AuthorizationId;
  readonly tenantId: TenantId;
  readonly client: ClientId;
}

/** Finds a refresh token that has not expired, also a used one. */
export async function lookUpRefreshToken(
  lookup: Sql,
  hash: Bytes,
): Promise<FoundRefreshToken | null> {
  return await one(lookup<FoundRefreshToken[]>`
    SELECT authorization_id AS "authorizationId", tenant_id AS "tenantId", client
    FROM lookup.oauth_refresh_token(${hash})`);
}

/** Finds a valid access token, for its client to give it back. */
export async function lookUpAccessToken(
  lookup: Sql,
  hash: Bytes,
): Promise<{ tokenId: TokenId; tenantId: TenantId; client: ClientId } | null> {
  return await one(lookup<{ tokenId: TokenId; tenantId: TenantId; client: ClientId }[]>`
    SELECT token_id AS "tokenId", tenant_id AS "tenantId", client
    FROM lookup.oauth_access_token(${hash})`);
}

/** Uses up a code: of all that present it, one is told true. */
export async function spendCode(tx: Tx, id: AuthorizationId): Promise<boolean> {
  const rows = await tx`
    UPDATE oauth_authorizations SET code_used_at = now()
    WHERE id = ${id} AND code_used_at IS NULL AND code_expires_at > now() AND revoked_at IS NULL
    RETURNING id`;
  return rows.length > 0;
}

/** Tells whether a code was used before. */
export async function isCodeUsed(tx: Tx, id: AuthorizationId): Promise<boolean> {
  const rows = await tx`
    SELECT FROM oauth_authorizations WHERE id = ${id} AND code_used_at IS NOT NULL`;
  return rows.length > 0;
}

/** What may be issued from an authorization now: what was agreed to, as far as it still holds. */
export interface LivingAuthorization {
  readonly grantId: GrantId;
  readonly userId: UserId;
  readonly appName: string;
  /** As it was agreed to. */
  readonly scope: Scope;
  /** As it was agreed to. */
  readonly review: boolean;
  /** Whether the person's own role only reads. */
  readonly readerOnly: boolean;
  readonly endpoints: readonly {
    readonly id: EndpointId;
    readonly slug: Slug;
    /** What the connection may do there today. */
    readonly scope: Scope;
    readonly review: boolean;
    /** As they were agreed to, and those of the connection today; null: all. */
    readonly agreedTables: StoredReach | null;
    readonly tables: StoredReach | null;
  }[];
}

/**
 * Reads an authorization whose connection lives, and keeps that from being revoked until the
 * transaction ends; null where either is revoked.
 */
export async function holdAuthorization(
  tx: Tx,
  id: AuthorizationId,
): Promise<LivingAuthorization | null> {
  // A statement of its own: whoever revokes holds this lock, so that what the next ones read is final.
  const [held] = await tx<{ id: GrantId }[]>`
    SELECT g.id FROM oauth_grants g
    WHERE g.id = (SELECT a.grant_id FROM oauth_authorizations a WHERE a.id = ${id})
      AND g.revoked_at IS NULL
    FOR SHARE`;
  if (!held) return null;
  const [row] = await tx<{
    grant_id: GrantId;
    user_id: UserId;
    app_name: string;
    scope: Scope;
    review: boolean;
    role: string;
  }[]>`
    SELECT g.id AS grant_id, g.user_id, g.app_name, a.scope, a.review, m.role
    FROM oauth_authorizations a
    JOIN oauth_grants g ON g.id = a.grant_id
    JOIN members m ON m.tenant_id = g.tenant_id AND m.user_id = g.user_id
    WHERE a.id = ${id} AND a.revoked_at IS NULL AND g.revoked_at IS NULL`;
  if (!row) return null;
  const endpoints = await tx<LivingAuthorization["endpoints"][number][]>`
    SELECT e.id, e.slug, ge.scope, ge.review, ge.tables, a.tables -> e.id::text AS "agreedTables"
    FROM oauth_authorizations a
    JOIN oauth_grant_endpoints ge ON ge.grant_id = a.grant_id AND ge.endpoint_id = ANY (a.endpoints)
    JOIN endpoints e ON e.id = ge.endpoint_id
    WHERE a.id = ${id} AND a.revoked_at IS NULL AND e.status <> 'deleting'`;
  return {
    grantId: row.grant_id,
    userId: row.user_id,
    appName: row.app_name,
    scope: row.scope,
    review: row.review,
    readerOnly: row.role === "viewer",
    endpoints,
  };
}

/** Stores a refresh token; one that is there already stays. */
export async function insertRefreshToken(
  tx: Tx,
  hash: Bytes,
  authorization: AuthorizationId,
  lifetimeSeconds: number,
): Promise<void> {
  await tx`
    INSERT INTO oauth_refresh_tokens (hash, tenant_id, authorization_id, expires_at)
    VALUES (
      ${hash}, current_tenant(), ${authorization}, now() + make_interval(secs => ${lifetimeSeconds})
    )`;
}

/**
 * Notes that what an access token may do was not enough, so that its client is told to ask the person
 * when it refreshes within the seconds given.
 */
export async function markStepUp(tx: Tx, token: TokenId, seconds: number): Promise<void> {
  await tx`
    UPDATE oauth_authorizations SET step_up_until = now() + make_interval(secs => ${seconds})
    WHERE id = (SELECT authorization_id FROM tokens WHERE id = ${token}) AND revoked_at IS NULL`;
}

/** Uses up such a note, if there is one and the refresh token is good: of all that ask, one is told true. */
export async function takeStepUp(tx: Tx, id: AuthorizationId, refresh: Bytes): Promise<boolean> {
  const rows = await tx`
    UPDATE oauth_authorizations SET step_up_until = NULL
    WHERE id = ${id} AND step_up_until > now() AND EXISTS (
      SELECT FROM oauth_refresh_tokens WHERE hash = ${refresh} AND used_at IS NULL AND expires_at > now()
    )
    RETURNING id`;
  return rows.length > 0;
}

/** How a refresh token is met: used up just now, used within the grace before, or used up long since. */
export type RefreshUse = "first" | "again" | "replayed" | "gone";

/** Uses up a refresh token: of all that present it, one is told `first`. */
export async function spendRefreshToken(
  tx: Tx,
  hash: Bytes,
  graceSeconds: number,
): Promise<RefreshUse> {
  const spent = await tx`
    UPDATE oauth_refresh_tokens SET used_at = now()
    WHERE hash = ${hash} AND used_at IS NULL AND expires_at > now() RETURNING hash`;
  if (spent.length) return "first";
  const [row] = await tx<{ recent: boolean }[]>`
    SELECT used_at > now() - make_interval(secs => ${graceSeconds}) AS recent
    FROM oauth_refresh_tokens WHERE hash = ${hash} AND used_at IS NOT NULL`;
  return row ? (row.recent ? "again" : "replayed") : "gone";
}

/** Marks an authorization as revoked. */
export async function markAuthorizationRevoked(tx: Tx, id: AuthorizationId): Promise<void> {
  await tx`
    UPDATE oauth_authorizations SET revoked_at = now() WHERE id = ${id} AND revoked_at IS NULL`;
}

/** Tells whether anything of a connection can still be used: a code, an access or a refresh token. */
export async function isGrantAlive(tx: Tx, grant: GrantId): Promise<boolean> {
  const rows = await tx`
    SELECT FROM oauth_authorizations a
    WHERE a.grant_id = ${grant} AND a.revoked_at IS NULL AND (
      (a.code_used_at IS NULL AND a.code_expires_at > now())
      OR EXISTS (
        SELECT FROM oauth_refresh_tokens r
        WHERE r.authorization_id = a.id AND r.used_at IS NULL AND r.expires_at > now()
      )
      OR EXISTS (
        SELECT FROM tokens t
        WHERE t.authorization_id = a.id AND t.revoked_at IS NULL AND t.expires_at > now()
      )
    )
    LIMIT 1`;
  return rows.length > 0;
}

/** Deletes what can be of no use any more. */
export async function deleteExpired(lookup: Sql): Promise<void> {
  await lookup`SELECT lookup.delete_expired_oauth()`;
}

/** Deletes registrations that nobody has agreed to but the newest, and none that is younger than an hour. */
export async function deleteUnusedClients(lookup: Sql, kept: number): Promise<void> {
  await lookup`SELECT lookup.delete_unused_oauth_clients(${kept})`;
}
