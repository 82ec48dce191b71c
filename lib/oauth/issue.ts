import type { AuthorizationId, EndpointId, TenantId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import type { Scope } from "../principal.ts";
import { commonReach, type StoredReach } from "../table_reach.ts";
import { issueAccessToken } from "../tokens/mod.ts";
import type { LivingAuthorization } from "./authorization_store.ts";
import { OAuthError } from "./oauth_error.ts";
import type { Audience } from "./resource.ts";
import { abilitiesOf, exceeds } from "./scope.ts";

/** Seconds that an access token lives. */
export const ACCESS_SECONDS = 3600;

/** What a token request asks for of what was agreed to; null leaves it as it is. */
export interface Wanted {
  readonly scope: Scope | null;
  readonly audience: Audience;
}

/** An access token, and what it may do. */
export interface Issued {
  readonly token: string;
  readonly scope: Scope;
}

function audienceOf(living: LivingAuthorization, { audience }: Wanted) {
  if (audience === "any") return living.endpoints;
  const chosen = living.endpoints.filter(({ slug }) => audience.includes(slug));
  // RFC 8707, section 2.2: nothing but what was authorized.
  if (chosen.length < audience.length) {
    throw new OAuthError("invalid_target", "The resource is not among those that were agreed to.");
  }
  return chosen;
}

/**
 * The scope that can be had: what was agreed to, no more than asked, and writing only where the
 * connection still has it on every endpoint of the audience and the person may still write.
 */
function scopeOf(
  living: LivingAuthorization,
  endpoints: readonly { scope: Scope }[],
  wanted: Wanted,
): Scope {
  const asked = wanted.scope ?? living.scope;
  // RFC 6749, section 6.
  if (exceeds(asked, living.scope)) {
    throw new OAuthError("invalid_scope", "The scope is wider than what was agreed to.");
  }
  const writes = asked === "mcp:write" && !living.readerOnly &&
    endpoints.every(({ scope }) => scope === "mcp:write");
  return writes ? "mcp:write" : "mcp";
}

/** Whether a person looks at what is written: asked for by what was agreed to, or by any endpoint. */
function isReviewed(living: LivingAuthorization, endpoints: readonly { review: boolean }[]) {
  return living.review || endpoints.some(({ review }) => review);
}

/**
 * The tables that can be had of some endpoints, where not all: as agreed to, and as far as the connection
 * reaches them today. Endpoints of which no table is left are left out.
 */
function reachOf(endpoints: LivingAuthorization["endpoints"]) {
  const reached = endpoints.map((one) => ({
    ...one,
    tables: commonReach(one.agreedTables, one.tables),
  })).filter(({ tables }) => tables === null || Object.keys(tables).length > 0);
  const tables = Object.fromEntries(
    reached.flatMap(({ id, tables }): [string, StoredReach][] => tables ? [[id, tables]] : []),
  );
  return { endpoints: reached, tables };
}

/**
 * Issues an access token from an authorization that is held.
 *
 * @throws OAuthError invalid_target, invalid_scope; invalid_grant where nothing of it is left.
 */
export async function issueFrom(
  tx: Tx,
  tenantId: TenantId,
  authorizationId: AuthorizationId,
  living: LivingAuthorization,
  wanted: Wanted,
): Promise<Issued> {
  const { endpoints, tables } = reachOf(audienceOf(living, wanted));
  if (endpoints.length === 0) {
    throw new OAuthError("invalid_grant", "Nothing of what was agreed to is left.");
  }
  const scope = scopeOf(living, endpoints, wanted);
  const token = await issueAccessToken(tx, {
    tenantId,
    authorizationId,
    name: living.appName,
    scope,
    review: isReviewed(living, endpoints),
    abilities: abilitiesOf(scope),
    endpoints: endpoints.map(({ id }): EndpointId => id),
    tables,
    userId: living.userId,
    lifetimeSeconds: ACCESS_SECONDS,
  });
  return { token, scope };
}
