import { type AuditActor, recordEvent } from "../../audit/mod.ts";
import type { Tx } from "../../postgres/mod.ts";
import type { Services } from "../../services.ts";
import { hasFactor, type Session } from "../account.ts";
import { factorAddedMail, factorRemovedMail } from "../mails.ts";
import { selectSessions } from "../session_store.ts";
import { forgetSessions } from "../sessions.ts";
import { selectFactors } from "./factor_store.ts";
import type { FactorKind } from "./proof.ts";
import { makeRecoveryCodes } from "./recovery_codes.ts";

interface Changed {
  readonly kind: FactorKind;
  /** As its owner knows it. */
  readonly name: string;
}

/**
 * Notes in the transaction that adds it that an account has a factor more. The first one brings recovery
 * codes, which are answered: they can be told only now.
 */
export async function recordAdded(
  tx: Tx,
  services: Services,
  { tenantId, userId, factors }: Session,
  actor: AuditActor,
  { kind, name }: Changed,
): Promise<string[] | null> {
  await recordEvent(tx, {
    tenantId,
    action: "factor.added",
    actor,
    subject: name,
    detail: { kind },
  });
  // Codes of an earlier time are not left beside a factor that is new: whoever has none is told new ones.
  return hasFactor(factors) ? null : await makeRecoveryCodes(tx, services, userId);
}

/** Notes in the transaction that removes it that an account has a factor less. */
export async function recordRemoved(
  tx: Tx,
  { tenantId }: Session,
  actor: AuditActor,
  { kind, name }: Changed,
): Promise<void> {
  await recordEvent(tx, {
    tenantId,
    action: "factor.removed",
    actor,
    subject: name,
    detail: { kind },
  });
}

/** Every session shows what the person has: all are read anew. */
export async function forgetFactors(services: Services, { userId }: Session): Promise<void> {
  const sessions = await selectSessions(services.control, userId);
  await forgetSessions(services, sessions.map(({ id }) => id));
}

/** Tells the owner that a factor was added. */
export async function afterAdding(services: Services, session: Session, name: string) {
  services.mailer.post(() => Promise.resolve(factorAddedMail(services, session.email, name)));
  await forgetFactors(services, session);
}

/** Tells the owner that a factor was removed, and whether it was the last. */
export async function afterRemoving(services: Services, session: Session, name: string) {
  const left = hasFactor(await selectFactors(services.control, session.userId));
  services.mailer.post(() =>
    Promise.resolve(factorRemovedMail(services, session.email, name, left))
  );
  await forgetFactors(services, session);
}
