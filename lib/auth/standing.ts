import { AppError } from "../errors.ts";
import type { RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { may, type Permission } from "./permissions.ts";
import { selectMemberRole } from "./team_store.ts";

/**
 * Throws unless the person who acts, or whose token does, has a role that may. A member may give a token
 * whatever abilities: what counts is what its owner may do as a person, and the owners of all tokens above
 * it. A token of the team acts as what the team's may be at most.
 *
 * @param refusal What is said to who may not.
 * @throws AppError ACCESS_DENIED.
 */
export async function requireStanding(
  { control }: Services,
  { principal: { userId, role: acting, team }, tenantId }: RequestScope,
  permission: Permission,
  refusal: string,
): Promise<void> {
  // Read anew: what a cache still trusts for a moment after a demotion decides nothing here.
  const role = team
    ? acting
    : userId && await control.tenant(tenantId, (tx) => selectMemberRole(tx, userId));
  if (!role || !may(role, permission) || !may(acting, permission)) {
    throw new AppError("ACCESS_DENIED", refusal);
  }
}
