import type { AuthorizationId, TenantId, TokenId } from "../ids.ts";
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
