import { type AuditActor, recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { Services } from "../services.ts";
import type { BrowserActor, Session } from "./account.ts";
import { makeChallenge, readLink, useLink } from "./challenges.ts";
import { homeOf } from "./home.ts";
import { changedMail, resetMail } from "./mails.ts";
import { hashPassword } from "./password.ts";
import { endSessions } from "./session_store.ts";
import { forgetSessions, type SessionTokens, startSession } from "./sessions.ts";
import { takeMail, takeProof } from "./sign_in_mail.ts";
import { readAccount, readAccountById, updatePassword, verifyStored } from "./store.ts";

/** Path of the page on which a new password is chosen; the link's secret follows. */
export const RESET_PATH = "/password/reset/";

/**
 * Mails a link by which a new password is chosen. Answer and time are the same for an address that
 * nobody has.
 *
 * @throws AppError RATE_LIMITED, UNAVAILABLE.
 */
export function requestReset(services: Services, email: string, actor: AuditActor): void {
  const address = email.toLowerCase();
  takeMail(services, address, actor);
  services.mailer.post(async () => {
    const account = await readAccount(services.control, address);
    if (!account) return null;
    const wanted = { purpose: "reset_password", userId: account.userId } as const;
    const { secret } = await makeChallenge(services, wanted);
    return resetMail(services, address, RESET_PATH + secret);
  });
}

/**
 * Chooses a new password by a link, which is used up by that. Every session ends, and a new one starts.
 *
 * @throws AppError LINK_SPENT, PASSWORD_REFUSED (the link stays good), RATE_LIMITED.
 */
export async function resetPassword(
  services: Services,
  secret: string,
  password: string,
  actor: BrowserActor,
): Promise<SessionTokens> {
  takeProof(services, actor);
  const found = await readLink(services, "reset_password", secret);
  if (!found) throw new AppError("LINK_SPENT");
  const { userId } = found;
  const account = (await readAccountById(services.control, userId))!;
  const hash = await hashPassword(password, account.email);
  const home = await homeOf(services, account);
  const { tenantId } = home;
  const ended = await services.control.tenant(tenantId, async (tx) => {
    if (!await useLink(tx, "reset_password", secret)) throw new AppError("LINK_SPENT");
    await updatePassword(tx, userId, hash);
    await verifyStored(tx, userId);
    await recordEvent(tx, {
      tenantId,
      action: "account.password_reset",
      actor: { ...actor, userId },
    });
    return await endSessions(tx, userId, null);
  });
  services.mailer.post(() => Promise.resolve(changedMail(services, account.email, "password")));
  await forgetSessions(services, ended);
  return await startSession(services, home, actor);
}

/**
 * Sets a new password; every other session ends. Called for somebody who has just proved who they are.
 *
 * @throws AppError PASSWORD_REFUSED.
 */
export async function changePassword(
  services: Services,
  session: Session,
  password: string,
  actor: AuditActor,
): Promise<void> {
  const { tenantId, userId, email } = session;
  const hash = await hashPassword(password, email);
  const ended = await services.control.tenant(tenantId, async (tx) => {
    await updatePassword(tx, userId, hash);
    await recordEvent(tx, { tenantId, action: "account.password_changed", actor });
    return await endSessions(tx, userId, session.id);
  });
  services.mailer.post(() => Promise.resolve(changedMail(services, email, "password")));
  await forgetSessions(services, [...ended, session.id]);
}
