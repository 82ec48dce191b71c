import { type AuditActor, recordEvent } from "../audit/mod.ts";
import type { Tx } from "../postgres/mod.ts";
import { TOKEN_CACHE } from "../principal.ts";
import type { Services } from "../services.ts";
import type { Account } from "./account.ts";
import { forgetSessions } from "./sessions.ts";
import { type Ended, proveStored } from "./store.ts";

/**
 * Notes in the transaction of a proof that the address is its account's. The first time, the database
 * takes away what was there before: whoever signed up with somebody else's address must not stay in
 * their account.
 *
 * @param passwordHash bcrypt of the password that the proof brings; null leaves none.
 * @returns What ended, for `forgetEnded`; null where the address was proved before.
 */
export async function prove(
  tx: Tx,
  { userId, tenantId }: Account,
  passwordHash: string | null,
  actor: AuditActor,
): Promise<Ended | null> {
  const ended = await proveStored(tx, userId, passwordHash);
  if (ended) {
    await recordEvent(tx, {
      tenantId,
      action: "account.verified",
      actor: { ...actor, userId },
      detail: { sessions: ended.sessions.length, tokens: ended.tokens.length },
    });
  }
  return ended;
}

/** Makes every replica forget what ended: called after the transaction. */
export async function forgetEnded(services: Services, ended: Ended | null): Promise<void> {
  if (!ended) return;
  await forgetSessions(services, ended.sessions);
  if (ended.tokens.length) await services.replicas.forget(TOKEN_CACHE, ended.tokens);
}
