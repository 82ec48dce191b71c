import { actorOf, recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { GrantId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import { atLeast, type RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { forgetTokens, revokeWriting } from "../tokens/mod.ts";
import {
  type ConnectedApp,
  type LockedGrant,
  lockGrant,
  putUnderReview,
  selectAuthorizations,
  selectConnectedApps,
} from "./grant_store.ts";
import { endGrant } from "./revocation.ts";

/** The tenant's connected apps; only one's own for who is no owner or admin. */
export async function listConnectedApps(
  services: Services,
  scope: RequestScope,
): Promise<ConnectedApp[]> {
  const { role, userId } = scope.principal;
  const all = atLeast(role, "admin");
  if (!all && userId === null) return [];
  return await services.control.tenant(
    scope.tenantId,
    (tx) => selectConnectedApps(tx, all ? null : userId),
  );
}

/** Locks a connection that is the caller's to end. */
async function lockOwn(
  tx: Tx,
  { principal: { role, userId } }: RequestScope,
  id: GrantId,
): Promise<LockedGrant> {
  const grant = await lockGrant(tx, id);
  // To who may not see it, another person's does not exist.
  if (!grant || (grant.userId !== userId && !atLeast(role, "admin"))) {
    throw new AppError("NOT_FOUND");
  }
  return grant;
}

/**
 * Disconnects an app: once this has answered, no replica serves a call with its tokens. Others are not
 * touched.
 *
 * @throws AppError NOT_FOUND, also for another person's, unless an owner or admin asks.
 */
export async function disconnectApp(
  services: Services,
  scope: RequestScope,
  id: GrantId,
): Promise<void> {
  const lost = await services.control.tenant(scope.tenantId, async (tx) => {
    const grant = await lockOwn(tx, scope, id);
    return await endGrant(tx, scope.tenantId, grant, "by_person", actorOf(scope));
  });
  await forgetTokens(services, lost);
}

/**
 * Lets what an app changes wait for a person's approval: once this has answered, no replica serves a call
 * with a token that writes at once. What the app gets by refreshing writes under review, until somebody
 * agrees to something else on the consent page.
 *
 * @throws AppError NOT_FOUND, also for another person's, unless an owner or admin asks.
 */
export async function reviewApp(
  services: Services,
  scope: RequestScope,
  id: GrantId,
): Promise<void> {
  const lost = await services.control.tenant(scope.tenantId, async (tx) => {
    const grant = await lockOwn(tx, scope, id);
    const endpoints = await putUnderReview(tx, id);
    if (endpoints.length === 0) return [];
    await recordEvent(tx, {
      tenantId: scope.tenantId,
      action: "grant.narrowed",
      actor: actorOf(scope),
      subject: grant.appName,
      endpointId: endpoints.length === 1 ? endpoints[0]! : null,
      detail: {
        grant_id: grant.id,
        of_user: grant.userId,
        endpoints: endpoints.map((id) => ({ id, scope: "mcp:write", review: true })),
      },
    });
    return await revokeWriting(tx, await selectAuthorizations(tx, id), endpoints);
  });
  await forgetTokens(services, lost);
}
