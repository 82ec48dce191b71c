import { type AuditActor, recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { UserId } from "../ids.ts";
import type { Services } from "../services.ts";
import type { Session } from "./account.ts";
import { makeChallenge, readLink, useLink } from "./challenges.ts";
import { changedMail, changeEmailMail, verifyMail } from "./mails.ts";
import { forgetSessions } from "./sessions.ts";
import { selectSessions } from "./session_store.ts";
import { takeMail, takeProof } from "./sign_in_mail.ts";
import { readAccount, updateEmail, verifyStored } from "./store.ts";

/** Path of the page on which an address is confirmed; the link's secret follows. */
export const VERIFY_PATH = "/account/verify/";
/** Path of the page on which a new address is confirmed; the link's secret follows. */
export const NEW_EMAIL_PATH = "/account/new-email/";

/** Mails a link that shows that an address is its account's own. */
export function postVerification(services: Services, userId: UserId, address: string): void {
  services.mailer.post(async () => {
    const { secret } = await makeChallenge(services, { purpose: "verify_email", userId });
    return verifyMail(services, address, VERIFY_PATH + secret);
  });
}

/**
 * Mails that link again.
 *
 * @throws AppError RATE_LIMITED, UNAVAILABLE.
 */
export function requestVerification(services: Services, session: Session, actor: AuditActor): void {
  takeMail(services, session.email, actor);
  postVerification(services, session.userId, session.email);
}

/** Every session shows the address, and whether it is verified. */
async function forgetAll(services: Services, { userId }: Session): Promise<void> {
  const sessions = await selectSessions(services.control, userId);
  await forgetSessions(services, sessions.map(({ id }) => id));
}

/**
 * Uses a link up that the same person asked for: somebody else's, who opens it here, confirms nothing.
 *
 * @throws AppError LINK_SPENT, RATE_LIMITED.
 */
async function checkOwnLink(
  services: Services,
  purpose: "verify_email" | "change_email",
  secret: string,
  session: Session,
  actor: AuditActor,
): Promise<void> {
  takeProof(services, actor);
  const found = await readLink(services, purpose, secret);
  if (found?.userId !== session.userId) throw new AppError("LINK_SPENT");
}

/**
 * Confirms the address of whoever is signed in.
 *
 * @throws AppError LINK_SPENT where the link is unknown, used, expired, or another account's;
 * RATE_LIMITED.
 */
export async function verifyEmail(
  services: Services,
  session: Session,
  secret: string,
  actor: AuditActor,
): Promise<void> {
  await checkOwnLink(services, "verify_email", secret, session, actor);
  const { tenantId, userId } = session;
  await services.control.tenant(tenantId, async (tx) => {
    if (!await useLink(tx, "verify_email", secret)) throw new AppError("LINK_SPENT");
    await verifyStored(tx, userId);
    await recordEvent(tx, { tenantId, action: "account.verified", actor });
  });
  await forgetAll(services, session);
}

/**
 * Mails a link to the new address. Whether somebody else has it is not told: that one gets no mail.
 *
 * @throws AppError RATE_LIMITED, UNAVAILABLE.
 */
export function requestEmailChange(
  services: Services,
  session: Session,
  email: string,
  actor: AuditActor,
): void {
  const address = email.toLowerCase();
  takeMail(services, address, actor);
  services.mailer.post(async () => {
    if (await readAccount(services.control, address)) return null;
    const { userId } = session;
    const wanted = { purpose: "change_email", userId, email: address } as const;
    const { secret } = await makeChallenge(services, wanted);
    return changeEmailMail(services, address, NEW_EMAIL_PATH + secret);
  });
}

/**
 * Changes the address of whoever is signed in to the one that the link was mailed to; the old one is
 * told.
 *
 * @throws AppError LINK_SPENT; EMAIL_TAKEN where somebody was faster; RATE_LIMITED.
 */
export async function changeEmail(
  services: Services,
  session: Session,
  secret: string,
  actor: AuditActor,
): Promise<void> {
  await checkOwnLink(services, "change_email", secret, session, actor);
  const { tenantId, userId, email } = session;
  await services.control.tenant(tenantId, async (tx) => {
    const spent = await useLink(tx, "change_email", secret);
    if (!spent?.email) throw new AppError("LINK_SPENT");
    if (!await updateEmail(tx, userId, spent.email)) throw new AppError("EMAIL_TAKEN");
    await recordEvent(tx, {
      tenantId,
      action: "account.email_changed",
      actor,
      subject: spent.email,
    });
  });
  services.mailer.post(() => Promise.resolve(changedMail(services, email, "e-mail address")));
  await forgetAll(services, session);
}
