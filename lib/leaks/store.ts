import type { AuthorizationId, TenantId, TokenId, UserId } from "../ids.ts";
import { LOCAL_ADDRESS } from "../auth/mod.ts";
import { fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";

/** Whose a reported token is. A refresh token has no row among the bearer tokens, and so no id. */
export interface FoundLeak {
  /** SHA-256 as hex. */
  readonly hash: string;
  readonly tenantId: TenantId;
  readonly tokenId: TokenId | null;
  /** What an OAuth token was issued from. */
  readonly authorizationId: AuthorizationId | null;
}

/** Finds reported tokens of any tenant by their hashes (hex), revoked and expired ones too. */
export async function lookUpLeaked(lookup: Sql, hashes: readonly string[]): Promise<FoundLeak[]> {
  try {
    const rows = await lookup<{
      hash: string;
      tenant_id: TenantId;
      token_id: TokenId | null;
      authorization_id: AuthorizationId | null;
    }[]>`
      SELECT hash, tenant_id, token_id, authorization_id
      FROM lookup.leaked(${lookup.json([...hashes])})`;
    return rows.map((row) => ({
      hash: row.hash,
      tenantId: row.tenant_id,
      tokenId: row.token_id,
      authorizationId: row.authorization_id,
    }));
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** The name of a bearer token of any kind, and a lock on it; null where it is revoked already. */
export async function selectLiving(tx: Tx, id: TokenId): Promise<string | null> {
  const [row] = await tx<{ name: string }[]>`
    SELECT name FROM tokens WHERE id = ${id} AND revoked_at IS NULL FOR UPDATE`;
  return row?.name ?? null;
}

/** Who made a token, or let the app in that it was issued to; null where nobody knows. */
export async function selectMaker(
  tx: Tx,
  { tokenId, authorizationId }: Pick<FoundLeak, "tokenId" | "authorizationId">,
): Promise<UserId | null> {
  const [row] = await tx<{ maker: UserId | null }[]>`
    SELECT coalesce(
      (SELECT created_by FROM tokens WHERE id = ${tokenId}),
      (SELECT g.user_id FROM oauth_authorizations a JOIN oauth_grants g ON g.id = a.grant_id
        WHERE a.id = ${authorizationId})
    ) AS maker`;
  return row?.maker ?? null;
}

/**
 * Addresses of the members who are told of a leak: owners, admins, and the maker. The command line's
 * account gets no mail.
 */
export async function selectToldOfLeak(tx: Tx, makerId: UserId | null): Promise<string[]> {
  const rows = await tx<{ email: string }[]>`
    SELECT u.email FROM members m JOIN users u ON u.id = m.user_id
    WHERE (m.role IN ('owner', 'admin') OR m.user_id = ${makerId}) AND u.email <> ${LOCAL_ADDRESS}
    ORDER BY u.email`;
  return rows.map(({ email }) => email);
}
