import { type AuditActor, recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { Limit } from "../limits/mod.ts";
import type { Tx } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { type BrowserActor, hasFactor, type Session } from "./account.ts";
import { type ChallengeId, makeChallenge, newChallengeId, useCode } from "./challenges.ts";
import { forgetFactors } from "./factors/changes.ts";
import { codeProof } from "./factors/code_proof.ts";
import { challengePasskey, passkeyProof } from "./factors/passkey_proof.ts";
import type { Challenged } from "./factors/passkeys.ts";
import type { FactorProof } from "./factors/proof.ts";
import { confirmMail, recoveryUsedMail } from "./mails.ts";
import { checkPassword } from "./password.ts";
import { confirmSession } from "./sessions.ts";
import { takeMail, takeProof } from "./mail_limits.ts";
import { readAccountById } from "./store.ts";

const BY_ACCOUNT: Limit = { name: "confirm.account", attempts: 10, windowMs: 15 * 60_000 };

/** A proof as the session's transaction uses it up; what a recovery code does is told to the owner. */
function usingUp(services: Services, session: Session, actor: AuditActor, proof: FactorProof) {
  return async (tx: Tx) => {
    const factor = await proof(tx);
    if (factor === "recovery_code") {
      const { tenantId, email, factors } = session;
      await recordEvent(tx, { tenantId, action: "factor.recovery_code_used", actor });
      services.mailer.post(() =>
        Promise.resolve(recoveryUsedMail(services, email, factors.recoveryCodes - 1))
      );
    }
    return { factor };
  };
}

/** Throws unless the password is the account's. */
async function checkOwnPassword(services: Services, { userId }: Session, password: string) {
  services.limiter.take(BY_ACCOUNT, userId);
  const account = await readAccountById(services.control, userId);
  if (!await checkPassword(password, account?.passwordHash ?? null)) {
    throw new AppError("SIGN_IN_FAILED", "Check your password and try again.");
  }
  services.limiter.clear(BY_ACCOUNT, userId);
}

/**
 * Proves who is signed in, for the ten minutes that follow: by password, and where the account has a
 * second factor by a code besides. Who has no password shows the code alone.
 *
 * @throws AppError SIGN_IN_FAILED, CODE_WRONG, RATE_LIMITED.
 */
export async function confirmIdentity(
  services: Services,
  session: Session,
  typed: { readonly password: string; readonly code: string },
  actor: AuditActor,
): Promise<void> {
  const second = hasFactor(session.factors);
  if (session.hasPassword || !second) await checkOwnPassword(services, session, typed.password);
  if (!second) return await confirmSession(services, session, actor);
  const proof = await codeProof(services, session.userId, session.id, typed.code);
  await confirmSession(services, session, actor, usingUp(services, session, actor, proof));
  await forgetFactors(services, session);
}

const byPasskey = ({ id, userId }: Session) => ({ use: "confirm", session: id, userId }) as const;

/** Asks for a passkey of whoever is signed in. */
export function challengeConfirmation(services: Services, session: Session): Promise<Challenged> {
  return challengePasskey(services, byPasskey(session));
}

/**
 * Proves by a passkey who is signed in.
 *
 * @throws AppError PASSKEY_REFUSED, RATE_LIMITED.
 */
export async function confirmByPasskey(
  services: Services,
  session: Session,
  answer: { readonly secret: string; readonly credential: string },
  actor: AuditActor,
): Promise<void> {
  takeProof(services, actor);
  const { proof } = await passkeyProof(services, byPasskey(session), answer);
  await confirmSession(services, session, actor, usingUp(services, session, actor, proof));
}

function checkMailIsEnough({ factors }: Session): void {
  if (hasFactor(factors)) throw new AppError("ACCESS_DENIED", "Use your second factor.");
}

/**
 * Mails a code that proves who is signed in.
 *
 * @throws AppError RATE_LIMITED, UNAVAILABLE, ACCESS_DENIED where the account has a second factor.
 */
export function requestConfirmation(
  services: Services,
  session: Session,
  actor: BrowserActor,
): ChallengeId {
  checkMailIsEnough(session);
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
 * Proves by the code of a mail who is signed in. Where the account has a second factor, reading its mail is
 * not enough.
 *
 * @throws AppError CODE_WRONG, RATE_LIMITED, ACCESS_DENIED.
 */
export async function confirmByCode(
  services: Services,
  session: Session,
  id: ChallengeId,
  code: string,
  actor: AuditActor,
): Promise<void> {
  takeProof(services, actor);
  checkMailIsEnough(session);
  const spent = await useCode(services, "confirm", id, code);
  if (spent?.userId !== session.userId) throw new AppError("CODE_WRONG");
  await confirmSession(services, session, actor);
}
