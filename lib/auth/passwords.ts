import { type AuditActor, recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { Services } from "../services.ts";
import type { BrowserActor, Session } from "./account.ts";
import { makeChallenge, readLink, useLink } from "./challenges.ts";
import { homeOf } from "./home.ts";
import { changedMail, resetMail } from "./mails.ts";
import { hashPassword } from "./password.ts";
import { endSessions } from "./session_store.ts";
import { takeMail, takeProof } from "./mail_limits.ts";
import { forgetEnded, prove } from "./proof.ts";
import { forgetSessions } from "./sessions.ts";
import { completeSignIn, type SignInStep } from "./sign_in_step.ts";
import { readAccount, readAccountById, updatePassword } from "./store.ts";

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
 * Whose password a link sets.
 *
 * @throws AppError LINK_SPENT, RATE_LIMITED.
 */
export async function openReset(
  services: Services,
  secret: string,
  actor: AuditActor,
): Promise<{ readonly email: string }> {
  takeProof(services, actor);
  const shown = await readLink(services, "reset_password", secret);
  if (!shown) throw new AppError("LINK_SPENT");
  return { email: shown.accountEmail };
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
): Promise<SignInStep> {
  takeProof(services, actor);
  const found = await readLink(services, "reset_password", secret);
  const userId = found?.userId;
  if (!userId) throw new AppError("LINK_SPENT");
  const account = (await readAccountById(services.control, userId))!;
  const hash = await hashPassword(password, account.email);
  const home = await homeOf(services, account);
  const { tenantId } = home;
  const { proved, sessions } = await services.control.tenant(tenantId, async (tx) => {
    if (!await useLink(tx, "reset_password", secret)) throw new AppError("LINK_SPENT");
    const proved = await prove(tx, home, hash, actor);
    if (!proved) await updatePassword(tx, userId, hash);
    await recordEvent(tx, {
      tenantId,
      action: "account.password_reset",
      actor: { ...actor, userId },
    });
    return { proved, sessions: await endSessions(tx, userId, null) };
  });
  services.mailer.post(() => Promise.resolve(changedMail(services, account.email, "password")));
  await forgetEnded(services, proved);
  await forgetSessions(services, sessions);
  const state = { fresh: proved !== null, hasPassword: true };
  return await completeSignIn(services, home, state, actor);
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
