import type { AuditActor } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { Limit } from "../limits/mod.ts";
import type { Services } from "../services.ts";
import type { BrowserActor, Session } from "./account.ts";
import { type ChallengeId, makeChallenge, newChallengeId, useCode } from "./challenges.ts";
import { confirmMail } from "./mails.ts";
import { checkPassword } from "./password.ts";
import { confirmSession } from "./sessions.ts";
import { takeMail, takeProof } from "./mail_limits.ts";
import { readAccountById } from "./store.ts";

const BY_ACCOUNT: Limit = { name: "confirm.account", attempts: 10, windowMs: 15 * 60_000 };

/**
 * Proves by password who is signed in, for the ten minutes that follow.
 *
 * @throws AppError SIGN_IN_FAILED, RATE_LIMITED.
 */
export async function confirmByPassword(
  services: Services,
  session: Session,
  password: string,
  actor: AuditActor,
): Promise<void> {
  services.limiter.take(BY_ACCOUNT, session.userId);
  const account = await readAccountById(services.control, session.userId);
  if (!await checkPassword(password, account?.passwordHash ?? null)) {
    throw new AppError("SIGN_IN_FAILED");
  }
  services.limiter.clear(BY_ACCOUNT, session.userId);
  await confirmSession(services, session, actor);
}

/**
 * Mails a code that proves who is signed in.
 *
 * @throws AppError RATE_LIMITED, UNAVAILABLE.
 */
export function requestConfirmation(
  services: Services,
  session: Session,
  actor: BrowserActor,
): ChallengeId {
  takeMail(services, session.email, actor);
  const id = newChallengeId();
  const { userId, email } = session;
  services.mailer.post(async () => {
    const { code } = await makeChallenge(services, {
      purpose: "confirm",
      userId,
      id,
      browser: actor.browser,
    });
    return confirmMail(services, email, code);
  });
  return id;
}

/**
 * Proves by the code of a mail who is signed in.
 *
 * @throws AppError CODE_WRONG, RATE_LIMITED.
 */
export async function confirmByCode(
  services: Services,
  session: Session,
  id: ChallengeId,
  code: string,
  actor: AuditActor,
): Promise<void> {
  takeProof(services, actor);
  const spent = await useCode(services, "confirm", id, code);
  if (spent?.userId !== session.userId) throw new AppError("CODE_WRONG");
  await confirmSession(services, session, actor);
}
