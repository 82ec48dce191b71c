import type { AuditActor } from "../audit/mod.ts";
import type { AuthorizationId, GrantId, TenantId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import { lockGrantOf } from "./grant_store.ts";
import { endGrant } from "./revocation.ts";

/** A connection that was ended. */
export interface EndedGrant {
  readonly grantId: GrantId;
  readonly appName: string;
  /** The hashes (hex) of its access tokens, for every replica to forget. */
  readonly hashes: readonly string[];
}

/**
 * Ends the whole connection of a token that leaked: where one of its secrets lies open, the others may
 * as well. Null where it has ended already.
 */
export async function endLeakedGrant(
  tx: Tx,
  tenantId: TenantId,
  authorization: AuthorizationId,
  actor: AuditActor,
): Promise<EndedGrant | null> {
  const grant = await lockGrantOf(tx, authorization);
  if (!grant) return null;
  const hashes = await endGrant(tx, tenantId, grant, "leaked", actor);
  return { grantId: grant.id, appName: grant.appName, hashes };
}
