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

/** Revokes a bearer token of any kind; answers its name, or null where it is revoked already. */
export async function markLeaked(tx: Tx, id: TokenId): Promise<string | null> {
  const [row] = await tx<{ name: string }[]>`
    UPDATE tokens SET revoked_at = now() WHERE id = ${id} AND revoked_at IS NULL RETURNING name`;
  return row?.name ?? null;
}
