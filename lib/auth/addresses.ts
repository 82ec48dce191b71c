import { type AuditActor, recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { Services } from "../services.ts";
import type { BrowserActor, Session } from "./account.ts";
import { makeChallenge, readLink, useLink } from "./challenges.ts";
import { takeMail, takeProof } from "./mail_limits.ts";
import { changedAddressMail, changeEmailMail } from "./mails.ts";
import { forgetEnded } from "./proof.ts";
import { type SessionTokens, startSession } from "./sessions.ts";
import { readAccount, updateEmail } from "./store.ts";

/** Path of the page on which a new address is confirmed; the link's secret follows. */
export const NEW_EMAIL_PATH = "/account/new-email/";

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
 * told. Every session ends, and what was mailed to the old address; a new session starts here. Somebody
 * else's link, opened here, changes nothing.
 *
 * @throws AppError LINK_SPENT; EMAIL_TAKEN where somebody was faster; RATE_LIMITED.
 */
export async function changeEmail(
  services: Services,
  session: Session,
  secret: string,
  actor: BrowserActor,
): Promise<SessionTokens> {
  takeProof(services, actor);
  const found = await readLink(services, "change_email", secret);
  const { tenantId, userId, email } = session;
  if (found?.userId !== userId) throw new AppError("LINK_SPENT");
  const ended = await services.control.tenant(tenantId, async (tx) => {
    const spent = await useLink(tx, "change_email", secret);
    if (!spent?.email) throw new AppError("LINK_SPENT");
    const ended = await updateEmail(tx, userId, spent.email);
    if (!ended) throw new AppError("EMAIL_TAKEN");
    await recordEvent(tx, {
      tenantId,
      action: "account.email_changed",
      actor,
      subject: spent.email,
    });
    return ended;
  });
  services.mailer.post(() => Promise.resolve(changedAddressMail(services, email)));
  await forgetEnded(services, ended);
  return await startSession(services, session, actor);
}
