import type { EndpointId, GrantId, TenantId, TokenId, UserId } from "../ids.ts";
import { fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";
import { type Ability, type Budget, type Principal, type Role, type Scope } from "../principal.ts";
import { type StoredReach, storedReaches } from "../table_reach.ts";
import type { TokenKind } from "./format.ts";
import type { TokenEndpoint, TokenView } from "./view.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * What the hash look-up answers of a token that is neither revoked nor expired, nor any above it, and whose
 * maker is still there: what it may do now, within what its maker and those above it may.
 */
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
  readonly networks: readonly string[] | null;
  readonly review: boolean;
  /** The least role of its maker and those of the tokens above it. */
  readonly role: Role;
  readonly team: boolean;
  readonly line: string;
  readonly budgets: readonly Budget[];
  /** Tables by endpoint; null where every endpoint is reached whole. */
  readonly tables: Readonly<Record<string, StoredReach>> | null;
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
      networks: string[] | null;
      review: boolean;
      role: Role;
      team: boolean;
      line: string;
      budgets: Budget[];
      tables: Record<string, StoredReach> | null;
    }[]>`
      SELECT id, tenant_id, name, scope, to_jsonb(abilities) AS abilities, all_endpoints,
        to_jsonb(endpoints) AS endpoints, created_by, expires_at, grant_id,
        to_jsonb(networks) AS networks, review, role, team, line, budgets,
        lookup.token_tables(id) AS tables
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
        networks: row.networks,
        review: row.review,
        role: row.role,
        team: row.team,
        line: row.line,
        budgets: row.budgets,
        tables: row.tables,
      }
      : null;
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** Tells whether there is or was a token of this hash, whoever's, also a revoked or expired one. */
export async function isTokenKnown(lookup: Sql, hash: Bytes): Promise<boolean> {
  try {
    const [row] = await lookup<{ known: boolean }[]>`SELECT lookup.token_known(${hash}) AS known`;
    return row?.known === true;
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
  readonly networks: readonly string[] | null;
  readonly callsPerMinute: number | null;
  readonly review: boolean;
  readonly team: boolean;
  /** The token that it is made by, and bound to; null: made by a person. */
  readonly mintedBy: TokenId | null;
  /** The token that acts; null: a person. */
  readonly madeWith: TokenId | null;
  /** The token in whose place it is put, and so in its line; null: in nobody's. */
  readonly replaces: TokenId | null;
}

/** Inserts a token, bound to no endpoint yet. */
export async function insertToken(tx: Tx, token: NewToken): Promise<void> {
  await tx`
    INSERT INTO tokens (
      id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints, created_by, expires_at,
      networks, calls_per_minute, review, team, minted_by, made_with, series
    ) VALUES (
      ${token.id}, ${token.tenantId}, ${token.kind}, ${token.hash}, ${token.prefix}, ${token.name},
      ${token.scope}, ARRAY(SELECT jsonb_array_elements_text(${tx.json([...token.abilities])})),
      ${token.allEndpoints}, ${token.createdBy}, ${token.expiresAt},
      (SELECT array_agg(network::cidr)
        FROM jsonb_array_elements_text(${tx.json([...token.networks ?? []])}) AS network),
      ${token.callsPerMinute}, ${token.review}, ${token.team}, ${token.mintedBy}, ${token.madeWith},
      (SELECT o.series FROM tokens o WHERE o.id = ${token.replaces})
    )`;
}

/**
 * Binds a token to those of the endpoints that the tenant has; answers how many those are.
 *
 * @param tables Tables by endpoint, where not all of them are reached.
 */
export async function bindToken(
  tx: Tx,
  tokenId: TokenId,
  endpoints: readonly EndpointId[],
  tables: Readonly<Record<string, StoredReach>> = {},
): Promise<number> {
  const rows = await tx`
    INSERT INTO token_endpoints (tenant_id, token_id, endpoint_id, tables)
    SELECT e.tenant_id, ${tokenId}, e.id, ${tx.json(tables)}::jsonb -> e.id::text
    FROM endpoints e
    WHERE e.status <> 'deleting'
      AND e.id IN (SELECT jsonb_array_elements_text(${tx.json([...endpoints])})::uuid)
    RETURNING endpoint_id`;
  return rows.length;
}

/** Keeps a membership from ending until the transaction does: before any token is locked. */
export async function lockMaker(tx: Tx, userId: UserId): Promise<void> {
  await tx`SELECT FROM members WHERE user_id = ${userId} FOR KEY SHARE`;
}

/**
 * Locks tokens for the transaction, and the first of their lines, always in the same order, so that two
 * tokens which act on each other at once wait instead of failing: while a line is ended, nothing is added
 * to it.
 */
export async function lockTokens(tx: Tx, ids: readonly TokenId[]): Promise<void> {
  await tx`
    SELECT FROM tokens
    WHERE id IN (
      SELECT unnest(ARRAY[t.id, t.line]) FROM tokens t
      WHERE t.id IN (SELECT jsonb_array_elements_text(${tx.json([...ids])})::uuid)
    )
    ORDER BY id FOR UPDATE`;
}

/** What bounds a token besides what it may do and where. */
export interface TokenBounds {
  readonly expiresAt: Date | null;
  readonly networks: readonly string[] | null;
  readonly callsPerMinute: number | null;
  readonly review: boolean;
}

/** What bounds a token that acts, and where it stands. */
export interface ActingToken extends TokenBounds {
  /** How many tokens stand between it and a person. */
  readonly depth: number;
}

/** What bounds a token; undefined where it has been revoked or has expired already. */
export async function selectBounds(tx: Tx, id: TokenId): Promise<ActingToken | undefined> {
  const [row] = await tx<ActingToken[]>`
    SELECT expires_at AS "expiresAt", to_jsonb(networks) AS networks,
      calls_per_minute AS "callsPerMinute", review, depth
    FROM tokens
    WHERE id = ${id} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;
  return row;
}

/** Days without a call after which a token is called unused. */
export const UNUSED_DAYS = 90;

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
  networks: string[] | null;
  calls_per_minute: number | null;
  review: boolean;
  replaced_by: TokenId | null;
  last_used_at: Date | null;
  last_used_network: string | null;
  unused: boolean;
  team: boolean;
  minted_by: TokenId | null;
  line: string;
  maker_id: UserId | null;
  maker_email: string | null;
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
  networks: row.networks,
  callsPerMinute: row.calls_per_minute,
  review: row.review,
  replacedBy: row.replaced_by,
  lastUsedAt: row.last_used_at,
  lastUsedNetwork: row.last_used_network,
  unused: row.unused,
  team: row.team,
  mintedBy: row.minted_by,
  line: row.line,
  maker: row.maker_id && { id: row.maker_id, email: row.maker_email },
});

/** Whose tokens somebody sees: what they cover, and their own alone or everybody's. */
export interface TokenReader {
  readonly endpoints: Principal["endpoints"];
  readonly tables?: Principal["tables"];
  /** `"all"`: also the team's and other people's; null: nobody's, for it is no person. */
  readonly makers: "all" | UserId | null;
}

/** The tokens that are not over and within reach of who reads; of one that was replaced, its end is the end. */
function visible(tx: Tx, { endpoints: covered, tables, makers }: TokenReader) {
  const tokens = tx`
    SELECT t.id, t.name, t.prefix, t.scope, to_jsonb(t.abilities) AS abilities, t.all_endpoints,
      t.created_at, t.expires_at, to_jsonb(t.networks) AS networks, t.calls_per_minute, t.review,
      t.replaced_by, t.last_used_at, t.last_used_network, t.team, t.minted_by, t.line,
      t.created_by AS maker_id,
      -- Null for who is no member any more.
      (SELECT u.email FROM users u WHERE u.id = t.created_by) AS maker_email,
      coalesce(t.last_used_at, t.created_at) < now() - make_interval(days => ${UNUSED_DAYS})
        AS unused,
      coalesce((
        SELECT jsonb_agg(jsonb_build_object(
          'id', e.id, 'slug', e.slug, 'name', e.name, 'tables', b.tables
        ) ORDER BY e.id)
        FROM token_endpoints b JOIN endpoints e ON e.id = b.endpoint_id
        WHERE b.token_id = t.id AND e.status <> 'deleting'
      ), '[]') AS endpoints
    FROM tokens t
    WHERE t.kind = 'pat' AND t.revoked_at IS NULL
      AND (t.replaced_by IS NULL OR t.expires_at > now())
      ${makers === "all" ? tx`` : tx`AND t.created_by = ${makers} AND NOT t.team`}`;
  if (covered === "all") return tokens;
  // To who covers some endpoints only, a token that reaches beyond them does not exist.
  const ids = tx.json([...covered]);
  return tx`${tokens} AND NOT t.all_endpoints
    AND EXISTS (SELECT FROM token_endpoints b WHERE b.token_id = t.id)
    AND NOT EXISTS (
      SELECT FROM token_endpoints b
      WHERE b.token_id = t.id AND (
        NOT ${ids}::jsonb ? b.endpoint_id::text
        OR NOT table_reach_within(
          b.tables, ${tx.json(storedReaches(tables))}::jsonb -> b.endpoint_id::text
        )
      )
    )`;
}

/** Tokens that are not revoked, newest first, from after a token's id on. */
export async function selectTokens(
  tx: Tx,
  reader: TokenReader,
  page: { after: TokenId | null; limit: number },
): Promise<TokenView[]> {
  const rows = await tx<RawView[]>`
    ${visible(tx, reader)} AND (${page.after}::uuid IS NULL OR t.id < ${page.after}::uuid)
    ORDER BY t.id DESC LIMIT ${page.limit}`;
  return rows.map(view);
}

/** One token that is not revoked; null where there is none within reach of who reads. */
export async function selectToken(
  tx: Tx,
  reader: TokenReader,
  id: TokenId,
): Promise<TokenView | null> {
  const [row] = await tx<RawView[]>`${visible(tx, reader)} AND t.id = ${id}`;
  return row ? view(row) : null;
}

/**
 * Puts a token in the place of another, which ends so many seconds from now, if not before; after none,
 * it is revoked. Answers the old one's hash as hex.
 */
export async function markReplaced(
  tx: Tx,
  id: TokenId,
  successor: TokenId,
  overlapSeconds: number,
): Promise<string> {
  const end = tx`now() + make_interval(secs => ${overlapSeconds})`;
  const [row] = await tx<{ hash: string }[]>`
    UPDATE tokens SET replaced_by = ${successor}, ${
    overlapSeconds === 0 ? tx`revoked_at = now()` : tx`expires_at = least(expires_at, ${end})`
  }
    WHERE id = ${id} RETURNING encode(hash, 'hex') AS hash`;
  return row!.hash;
}
