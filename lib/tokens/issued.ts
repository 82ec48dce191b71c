import { sha256 } from "../crypto/mod.ts";
import {
  type AuthorizationId,
  type EndpointId,
  newId,
  type TenantId,
  type TokenId,
  type UserId,
} from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import type { Ability, Scope } from "../principal.ts";
import type { Services } from "../services.ts";
import type { StoredReach } from "../table_reach.ts";
import { CREDENTIALS } from "./credential.ts";
import { newToken, tokenPrefix } from "./format.ts";
import { insertAccessToken } from "./issued_store.ts";
import { bindToken } from "./store.ts";

export {
  revokeByAuthorization,
  revokeById,
  revokeReaching,
  revokeWriting,
} from "./issued_store.ts";

/** What an access token is issued for. */
export interface AccessTokenRequest {
  readonly tenantId: TenantId;
  readonly authorizationId: AuthorizationId;
  /** The app's name: what audit and logs call the token. */
  readonly name: string;
  readonly scope: Scope;
  /** Whether each change waits until a person has approved it. */
  readonly review: boolean;
  readonly abilities: readonly Ability[];
  /** The audience: endpoints of the tenant, at least one. */
  readonly endpoints: readonly EndpointId[];
  /** Tables by endpoint, where not all of them are reached. */
  readonly tables: Readonly<Record<string, StoredReach>>;
  /** Who agreed to it. */
  readonly userId: UserId;
  readonly lifetimeSeconds: number;
}

/** Issues an OAuth access token in the transaction of what it is issued for; only its hash is kept. */
export async function issueAccessToken(tx: Tx, request: AccessTokenRequest): Promise<string> {
  const token = newToken("oat");
  const id = newId<TokenId>();
  await insertAccessToken(tx, {
    id,
    tenantId: request.tenantId,
    authorizationId: request.authorizationId,
    hash: sha256(token),
    prefix: tokenPrefix(token),
    name: request.name,
    scope: request.scope,
    review: request.review,
    abilities: request.abilities,
    createdBy: request.userId,
    lifetimeSeconds: request.lifetimeSeconds,
  });
  await bindToken(tx, id, request.endpoints, request.tables);
  return token;
}

/**
 * Makes every replica forget revoked tokens: called after the transaction that revoked them, by their
 * hashes as hex. No request that starts after it settles is served with one of them.
 */
export async function forgetTokens(services: Services, hashes: readonly string[]): Promise<void> {
  if (hashes.length) await services.replicas.forget(CREDENTIALS.name, hashes);
}
