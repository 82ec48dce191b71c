import type { TokenId, UserId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";

/** A token that ended, or that has to be looked up anew. */
export interface TouchedToken {
  readonly id: TokenId;
  /** SHA-256 as hex: what replicas know it by. */
  readonly hash: string;
}

const ids = (tx: Tx, tokens: readonly TokenId[]) =>
  tx`SELECT jsonb_array_elements_text(${tx.json([...tokens])})::uuid`;

/**
 * Tokens, and all below them: what they made, and what those made whose place they took. Of one that was
 * replaced itself, its successor answers for what it made.
 */
const withDescendants = (tx: Tx, tokens: readonly TokenId[]) =>
  tx`
    WITH RECURSIVE below AS (
      SELECT t.tenant_id, t.id, t.series, t.replaced_by FROM tokens t WHERE t.id IN (${
    ids(tx, tokens)
  })
      UNION
      SELECT t.tenant_id, t.id, t.series, t.replaced_by
      FROM below b
      JOIN tokens p ON p.tenant_id = b.tenant_id AND p.series = b.series
      JOIN tokens t ON t.tenant_id = p.tenant_id AND t.minted_by = p.id
      WHERE b.replaced_by IS NULL
    )`;

/**
 * Revokes tokens and all below them; the first of their lines is locked. Answers each that could have been
 * used, also those that somebody had revoked before: whoever did may not have come to tell the replicas.
 */
export async function markEnded(tx: Tx, tokens: readonly TokenId[]): Promise<TouchedToken[]> {
  return [
    ...await tx<TouchedToken[]>`
      ${withDescendants(tx, tokens)}
      UPDATE tokens t SET revoked_at = coalesce(t.revoked_at, now())
      WHERE t.id IN (SELECT id FROM below)
      RETURNING t.id, encode(t.hash, 'hex') AS hash`,
  ];
}

/**
 * What a token did to get more of its kind, however often others have put something in its place: all that
 * it made, be it as a parent or by rotating, and all that those made. Not the token itself.
 */
export async function selectTraces(tx: Tx, token: TokenId): Promise<TokenId[]> {
  const rows = await tx<{ id: TokenId }[]>`
    WITH RECURSIVE made AS (
      SELECT t.tenant_id, t.id FROM tokens t WHERE t.id = ${token}
      UNION
      SELECT t.tenant_id, t.id FROM made m
      JOIN tokens t ON t.tenant_id = m.tenant_id AND (t.minted_by = m.id OR t.made_with = m.id)
    )
    SELECT id FROM made WHERE id <> ${token}`;
  return rows.map(({ id }) => id);
}

/** The tokens of a person that are not over: not the team's, and not what apps have. */
export async function selectOwn(tx: Tx, userId: UserId): Promise<TokenId[]> {
  const rows = await tx<{ id: TokenId }[]>`
    SELECT id FROM tokens
    WHERE created_by = ${userId} AND kind = 'pat' AND NOT team AND revoked_at IS NULL`;
  return rows.map(({ id }) => id);
}

/** Keeps anything from being issued to a person's apps until the transaction ends. */
export async function lockGrants(tx: Tx, userId: UserId): Promise<void> {
  await tx`SELECT FROM oauth_grants WHERE user_id = ${userId} ORDER BY id FOR UPDATE`;
}

/**
 * Hashes, as hex, of everything whose look-up depends on a person: their tokens, all below them, and the
 * access tokens of their apps.
 */
export async function selectHashes(tx: Tx, userId: UserId): Promise<string[]> {
  const own = await selectOwn(tx, userId);
  const rows = await tx<{ hash: string }[]>`
    ${withDescendants(tx, own)}
    SELECT encode(t.hash, 'hex') AS hash FROM tokens t
    WHERE t.id IN (SELECT id FROM below)
      OR (t.created_by = ${userId} AND t.kind = 'oat' AND t.revoked_at IS NULL)`;
  return rows.map(({ hash }) => hash);
}

/** A token of the team, as whoever decides about it sees it. */
export interface TeamToken {
  readonly id: TokenId;
  readonly name: string;
  readonly prefix: string;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/**
 * The living tokens of the team that a person made, newest first. What such a token made goes where that
 * goes, and is not named besides.
 */
export async function selectTeamTokens(tx: Tx, userId: UserId): Promise<TeamToken[]> {
  return [
    ...await tx<TeamToken[]>`
      SELECT id, name, prefix, expires_at AS "expiresAt", last_used_at AS "lastUsedAt"
      FROM tokens t
      WHERE created_by = ${userId} AND team AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > now())
        AND NOT EXISTS (
          SELECT FROM tokens p
          WHERE p.tenant_id = t.tenant_id AND p.id = t.minted_by AND p.created_by = ${userId}
        )
      ORDER BY id DESC`,
  ];
}

/** A token of a line. */
export interface LineToken {
  readonly id: TokenId;
  readonly name: string;
  readonly prefix: string;
  readonly mintedBy: TokenId | null;
  readonly replacedBy: TokenId | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly lastUsedNetwork: string | null;
  readonly series: string;
}

/** The tokens of a line, the first made first; at most so many. */
export async function selectLine(tx: Tx, line: string, limit: number): Promise<LineToken[]> {
  return [
    ...await tx<LineToken[]>`
      SELECT id, name, prefix, minted_by AS "mintedBy", replaced_by AS "replacedBy",
        created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt",
        last_used_at AS "lastUsedAt", last_used_network AS "lastUsedNetwork", series
      FROM tokens WHERE line = ${line} AND kind = 'pat' ORDER BY id LIMIT ${limit}`,
  ];
}
