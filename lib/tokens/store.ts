import type { EndpointId, GrantId, TenantId, TokenId, UserId } from "../ids.ts";
import { fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";
import { type Ability, type Principal, type Scope } from "../principal.ts";
import type { TokenKind } from "./format.ts";
import type { TokenEndpoint, TokenView } from "./view.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What the hash look-up answers of a token that is neither revoked nor expired. */
export interface FoundToken {
  readonly id: TokenId;
  readonly tenantId: TenantId;
  readonly name: string;
  readonly scope: Scope;
  readonly abilities: readonly Ability[];
  readonly endpoints: "all" | readonly EndpointId[];
  readonly createdBy: UserId | null;
  readonly expiresAt: Date | null;
  /** The connection of an OAuth access token. */
  readonly grantId: GrantId | null;
}

/** Finds a token of any tenant by its hash. */
export async function lookUpToken(lookup: Sql, hash: Bytes): Promise<FoundToken | null> {
  try {
    // Arrays as JSON: the driver is told no array types.
    const [row] = await lookup<{
      id: TokenId;
      tenant_id: TenantId;
      name: string;
      scope: Scope;
      abilities: Ability[];
      all_endpoints: boolean;
      endpoints: EndpointId[];
      created_by: UserId | null;
      expires_at: Date | null;
      grant_id: GrantId | null;
    }[]>`
      SELECT id, tenant_id, name, scope, to_jsonb(abilities) AS abilities, all_endpoints,
        to_jsonb(endpoints) AS endpoints, created_by, expires_at, grant_id
      FROM lookup.token(${hash})`;
    return row
      ? {
        id: row.id,
        tenantId: row.tenant_id,
        name: row.name,
        scope: row.scope,
        abilities: row.abilities,
        endpoints: row.all_endpoints ? "all" : row.endpoints,
        createdBy: row.created_by,
        expiresAt: row.expires_at,
        grantId: row.grant_id,
      }
      : null;
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** What is stored of a new token. */
export interface NewToken {
  readonly id: TokenId;
  readonly tenantId: TenantId;
  readonly kind: TokenKind;
  readonly hash: Bytes;
  readonly prefix: string;
  readonly name: string;
  readonly scope: Scope;
  readonly abilities: readonly Ability[];
  readonly allEndpoints: boolean;
  readonly createdBy: UserId | null;
  readonly expiresAt: Date | null;
}

/** Inserts a token, bound to no endpoint yet. */
export async function insertToken(tx: Tx, token: NewToken): Promise<void> {
  await tx`
    INSERT INTO tokens (
      id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints, created_by, expires_at
    ) VALUES (
      ${token.id}, ${token.tenantId}, ${token.kind}, ${token.hash}, ${token.prefix}, ${token.name},
      ${token.scope}, ARRAY(SELECT jsonb_array_elements_text(${tx.json([...token.abilities])})),
      ${token.allEndpoints}, ${token.createdBy}, ${token.expiresAt}
    )`;
}

/** Binds a token to those of the endpoints that the tenant has; answers how many those are. */
export async function bindToken(
  tx: Tx,
  tokenId: TokenId,
  endpoints: readonly EndpointId[],
): Promise<number> {
  const rows = await tx`
    INSERT INTO token_endpoints (tenant_id, token_id, endpoint_id)
    SELECT e.tenant_id, ${tokenId}, e.id
    FROM endpoints e
    WHERE e.status <> 'deleting'
      AND e.id IN (SELECT jsonb_array_elements_text(${tx.json([...endpoints])})::uuid)
    RETURNING endpoint_id`;
  return rows.length;
}

/**
 * Locks tokens for the transaction, always in the same order, so that two tokens which act on each
 * other at once wait instead of failing.
 */
export async function lockTokens(tx: Tx, ids: readonly TokenId[]): Promise<void> {
  await tx`
    SELECT FROM tokens
    WHERE id IN (SELECT jsonb_array_elements_text(${tx.json([...ids])})::uuid)
    ORDER BY id FOR UPDATE`;
}

/** When a token expires; undefined where it has been revoked or has expired already. */
export async function selectExpiry(tx: Tx, id: TokenId): Promise<Date | null | undefined> {
  const [row] = await tx<{ expires_at: Date | null }[]>`
    SELECT expires_at FROM tokens
    WHERE id = ${id} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;
  return row?.expires_at;
}

interface RawView {
  id: TokenId;
  name: string;
  prefix: string;
  scope: Scope;
  abilities: Ability[];
  all_endpoints: boolean;
  endpoints: TokenEndpoint[];
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}

const view = (row: RawView): TokenView => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scope: row.scope,
  abilities: row.abilities,
  endpoints: row.all_endpoints ? "all" : row.endpoints,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
});

/** The tokens that are not revoked and within reach of `covered`. */
function visible(tx: Tx, covered: Principal["endpoints"]) {
  const tokens = tx`
    SELECT t.id, t.name, t.prefix, t.scope, to_jsonb(t.abilities) AS abilities, t.all_endpoints,
      t.created_at, t.expires_at, t.last_used_at,
      coalesce((
        SELECT jsonb_agg(jsonb_build_object('id', e.id, 'slug', e.slug, 'name', e.name) ORDER BY e.id)
        FROM token_endpoints b JOIN endpoints e ON e.id = b.endpoint_id
        WHERE b.token_id = t.id AND e.status <> 'deleting'
      ), '[]') AS endpoints
    FROM tokens t
    WHERE t.kind = 'pat' AND t.revoked_at IS NULL`;
  if (covered === "all") return tokens;
  // To who covers some endpoints only, a token that reaches beyond them does not exist.
  const ids = tx.json([...covered]);
  return tx`${tokens} AND NOT t.all_endpoints
    AND EXISTS (SELECT FROM token_endpoints b WHERE b.token_id = t.id)
    AND NOT EXISTS (
      SELECT FROM token_endpoints b
      WHERE b.token_id = t.id AND NOT ${ids}::jsonb ? b.endpoint_id::text
    )`;
}

/** Tokens that are not revoked, newest first, from after a token's id on. */
export async function selectTokens(
  tx: Tx,
  covered: Principal["endpoints"],
  page: { after: TokenId | null; limit: number },
): Promise<TokenView[]> {
  const rows = await tx<RawView[]>`
    ${visible(tx, covered)} AND (${page.after}::uuid IS NULL OR t.id < ${page.after}::uuid)
    ORDER BY t.id DESC LIMIT ${page.limit}`;
  return rows.map(view);
}

/** One token that is not revoked; null where there is none within reach of `covered`. */
export async function selectToken(
  tx: Tx,
  covered: Principal["endpoints"],
  id: TokenId,
): Promise<TokenView | null> {
  const [row] = await tx<RawView[]>`${visible(tx, covered)} AND t.id = ${id}`;
  return row ? view(row) : null;
}

/** Revokes a token; answers its hash as hex. */
export async function markRevoked(tx: Tx, id: TokenId): Promise<string> {
  const [row] = await tx<{ hash: string }[]>`
    UPDATE tokens SET revoked_at = now() WHERE id = ${id}
    RETURNING encode(hash, 'hex') AS hash`;
  return row!.hash;
}
