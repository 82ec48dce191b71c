import { actorOf } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { GrantId } from "../ids.ts";
import type { RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { forgetTokens } from "../tokens/mod.ts";
import { type ConnectedApp, lockGrant, selectConnectedApps } from "./grant_store.ts";
import { endGrant } from "./revocation.ts";

/** The tenant's connected apps; only one's own for who may not see the tenant's tokens. */
export async function listConnectedApps(
  services: Services,
  scope: RequestScope,
): Promise<ConnectedApp[]> {
  const { abilities, userId } = scope.principal;
  const all = abilities.has("api:tokens:read");
  if (!all && userId === null) return [];
  return await services.control.tenant(
    scope.tenantId,
    (tx) => selectConnectedApps(tx, all ? null : userId),
  );
}

/**
 * Disconnects an app: once this has answered, no replica serves a call with its tokens. Others are not
 * touched.
 *
 * @throws AppError NOT_FOUND; INSUFFICIENT_SCOPE for another person's without `api:tokens:write`.
 */
export async function disconnectApp(
  services: Services,
  scope: RequestScope,
  id: GrantId,
): Promise<void> {
  const { abilities, userId } = scope.principal;
  const lost = await services.control.tenant(scope.tenantId, async (tx) => {
    const grant = await lockGrant(tx, id);
    if (!grant) throw new AppError("NOT_FOUND");
    if (grant.userId !== userId && !abilities.has("api:tokens:write")) {
      throw new AppError("INSUFFICIENT_SCOPE", "This is another person's connection.");
    }
    return await endGrant(tx, scope.tenantId, grant, "by_person", actorOf(scope));
  });
  await forgetTokens(services, lost);
}
