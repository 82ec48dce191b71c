import type { AuthorizationId, EndpointId, TenantId, TokenId, UserId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import type { Ability, Scope } from "../principal.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What is stored of an access token. */
export interface NewAccessToken {
  readonly id: TokenId;
  readonly tenantId: TenantId;
  readonly authorizationId: AuthorizationId;
  readonly hash: Bytes;
  readonly prefix: string;
  readonly name: string;
  readonly scope: Scope;
  readonly review: boolean;
  readonly abilities: readonly Ability[];
  readonly createdBy: UserId;
  readonly lifetimeSeconds: number;
}

/** Inserts an access token, bound to no endpoint yet. */
export async function insertAccessToken(tx: Tx, token: NewAccessToken): Promise<void> {
  await tx`
    INSERT INTO tokens (
      id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints, created_by,
      expires_at, review, authorization_id
    ) VALUES (
      ${token.id}, ${token.tenantId}, 'oat', ${token.hash}, ${token.prefix}, ${token.name},
      ${token.scope}, ARRAY(SELECT jsonb_array_elements_text(${tx.json([...token.abilities])})),
      false, ${token.createdBy}, now() + make_interval(secs => ${token.lifetimeSeconds}),
      ${token.review}, ${token.authorizationId}
    )`;
}

/** Revokes the access tokens of authorizations; answers their hashes as hex. */
export async function revokeByAuthorization(
  tx: Tx,
  authorizations: readonly AuthorizationId[],
): Promise<string[]> {
  const rows = await tx<{ hash: string }[]>`
    UPDATE tokens SET revoked_at = now()
    WHERE authorization_id IN (SELECT jsonb_array_elements_text(${
    tx.json([...authorizations])
  })::uuid)
      AND revoked_at IS NULL AND expires_at > now()
    RETURNING encode(hash, 'hex') AS hash`;
  return rows.map(({ hash }) => hash);
}

/** Revokes those of the authorizations' access tokens that write to any of the endpoints. */
export function revokeWriting(
  tx: Tx,
  authorizations: readonly AuthorizationId[],
  endpoints: readonly EndpointId[],
): Promise<string[]> {
  return revokeReaching(tx, authorizations, endpoints, ["mcp:write"]);
}

/** Revokes those of the authorizations' access tokens that reach any of the endpoints with such a scope. */
export async function revokeReaching(
  tx: Tx,
  authorizations: readonly AuthorizationId[],
  endpoints: readonly EndpointId[],
  scopes: readonly Scope[],
): Promise<string[]> {
  const rows = await tx<{ hash: string }[]>`
    UPDATE tokens t SET revoked_at = now()
    WHERE t.authorization_id IN (SELECT jsonb_array_elements_text(${
    tx.json([...authorizations])
  })::uuid)
      AND t.scope IN ${tx([...scopes])} AND t.revoked_at IS NULL AND t.expires_at > now()
      AND EXISTS (
        SELECT FROM token_endpoints b
        WHERE b.token_id = t.id
          AND b.endpoint_id IN (SELECT jsonb_array_elements_text(${tx.json([...endpoints])})::uuid)
      )
    RETURNING encode(t.hash, 'hex') AS hash`;
  return rows.map(({ hash }) => hash);
}

/** Revokes one access token; answers its hash as hex, or null where it is revoked already. */
export async function revokeById(tx: Tx, id: TokenId): Promise<string | null> {
  const [row] = await tx<{ hash: string }[]>`
    UPDATE tokens SET revoked_at = now()
    WHERE id = ${id} AND kind = 'oat' AND revoked_at IS NULL
    RETURNING encode(hash, 'hex') AS hash`;
  return row?.hash ?? null;
}
