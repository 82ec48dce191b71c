import { type AuditActor, recordEvent } from "../../audit/mod.ts";
import type { Services } from "../../services.ts";
import type { Account } from "../account.ts";
import { endSessions } from "../session_store.ts";
import { forgetSessions } from "../sessions.ts";
import { AUTHENTICATOR_NAME } from "./authenticator.ts";
import { deleteAuthenticator } from "./factor_store.ts";
import { deletePasskey, selectPasskeys } from "./passkey_store.ts";
import type { FactorKind } from "./proof.ts";

/**
 * Takes every factor of an account away, and its recovery codes: for whoever has lost them all. What is
 * signed in to it ends too, since it may be somebody who has found them.
 *
 * @param actor Nobody who uses the site: there is no way to this over HTTP.
 * @returns What was taken away, as its owner knows it; empty where there was nothing.
 */
export async function resetFactors(
  services: Services,
  { userId, tenantId }: Account,
  actor: AuditActor,
): Promise<readonly string[]> {
  const { control } = services;
  const passkeys = await selectPasskeys(control, userId);
  const { removed, sessions } = await control.tenant(tenantId, async (tx) => {
    const removed: string[] = [];
    const note = async (kind: FactorKind, subject: string) => {
      const detail = { kind, by: "operator" };
      await recordEvent(tx, { tenantId, action: "factor.removed", actor, subject, detail });
    };
    for (const { id } of passkeys) {
      const name = await deletePasskey(tx, userId, id);
      if (name === null) continue;
      removed.push(`Passkey “${name}”`);
      await note("passkey", name);
    }
    if (await deleteAuthenticator(tx, userId)) {
      removed.push(AUTHENTICATOR_NAME);
      await note("authenticator", AUTHENTICATOR_NAME);
    }
    return { removed, sessions: removed.length ? await endSessions(tx, userId, null) : [] };
  });
  await forgetSessions(services, sessions);
  return removed;
}
