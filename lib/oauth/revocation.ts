import { type AuditActor, recordEvent } from "../audit/mod.ts";
import type { AuthorizationId, TenantId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import { revokeByAuthorization } from "../tokens/mod.ts";
import { isGrantAlive, markAuthorizationRevoked } from "./authorization_store.ts";
import {
  type LockedGrant,
  lockGrantOf,
  markGrantRevoked,
  selectAuthorizations,
} from "./grant_store.ts";

/** Why a connection ended. */
export type RevocationReason =
  | "by_person"
  | "by_app"
  | "code_replayed"
  | "refresh_token_replayed"
  | "client_removed"
  | "leaked";

/**
 * Ends a connection: its codes, access and refresh tokens. Answers the hashes of the access tokens, for
 * every replica to forget once the transaction is committed.
 */
export async function endGrant(
  tx: Tx,
  tenantId: TenantId,
  grant: LockedGrant,
  reason: RevocationReason,
  actor: AuditActor,
): Promise<string[]> {
  const hashes = await revokeByAuthorization(tx, await selectAuthorizations(tx, grant.id));
  await markGrantRevoked(tx, grant.id);
  await recordEvent(tx, {
    tenantId,
    action: "grant.revoked",
    actor,
    subject: grant.appName,
    detail: { grant_id: grant.id, of_user: grant.userId, reason },
  });
  return hashes;
}

/**
 * Ends what was issued from one authorization, and the connection where nothing else of it is left;
 * answers the hashes of the access tokens.
 */
export async function endAuthorization(
  tx: Tx,
  tenantId: TenantId,
  id: AuthorizationId,
  reason: RevocationReason,
  actor: AuditActor,
): Promise<string[]> {
  const grant = await lockGrantOf(tx, id);
  if (!grant) return [];
  const hashes = await revokeByAuthorization(tx, [id]);
  await markAuthorizationRevoked(tx, id);
  if (await isGrantAlive(tx, grant.id)) {
    await recordEvent(tx, {
      tenantId,
      action: "grant.narrowed",
      actor,
      subject: grant.appName,
      detail: { grant_id: grant.id, of_user: grant.userId, authorization_id: id, reason },
    });
    return hashes;
  }
  return [...hashes, ...await endGrant(tx, tenantId, grant, reason, actor)];
}
