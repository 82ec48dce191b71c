import { AppError } from "../errors.ts";
import type { Limit } from "../limits/mod.ts";
import type { Services } from "../services.ts";
import type { BrowserActor } from "./account.ts";
import type { Credentials } from "./accounts.ts";
import { type ChallengeId, makeChallenge, newChallengeId } from "./challenges.ts";
import { takeMail } from "./mail_limits.ts";
import { knownAddressMail, verifyMail } from "./mails.ts";
import { hashPassword, passwordFault } from "./password.ts";
import { LINK_PATH } from "./sign_in_mail.ts";
import { readAccount } from "./store.ts";

const SIGN_UPS: Limit = { name: "sign_up.network", attempts: 20, windowMs: 15 * 60_000 };

/**
 * Signs an address up: mails a code and a link, either of which makes the account. Answer, time and
 * number of mails are the same for an address that has an account; that one is told, and may sign in by
 * the same code. Until the address is proved there is no account, so that nobody holds one of an
 * address that is not theirs.
 *
 * @returns What the browser answers the code by.
 * @throws AppError PASSWORD_REFUSED, RATE_LIMITED, UNAVAILABLE where this server sends no mail.
 */
export async function requestSignUp(
  services: Services,
  { email, password }: Credentials,
  actor: BrowserActor,
): Promise<ChallengeId> {
  const address = email.toLowerCase();
  // Of the password and the address alone, whoever has it.
  const fault = await passwordFault(password, address);
  if (fault) throw new AppError("PASSWORD_REFUSED", fault);
  services.limiter.take(SIGN_UPS, actor.network ?? "unknown");
  takeMail(services, address, actor);
  const id = newChallengeId();
  const { browser } = actor;
  // Nobody waits for what follows: hashing takes as long for an address that has an account.
  services.mailer.post(async () => {
    const passwordHash = await hashPassword(password, address);
    const account = await readAccount(services.control, address);
    const userId = account?.userId ?? null;
    const known = account !== null && account.emailVerifiedAt !== null;
    const { secret, code } = await makeChallenge(services, {
      purpose: "sign_in",
      userId,
      id,
      browser,
      ...(known ? {} : { email: address, passwordHash }),
    });
    const mail = known ? knownAddressMail : verifyMail;
    return mail(services, address, LINK_PATH + secret, code);
  });
  return id;
}

/**
 * Mails a code to an account whose address nobody has proved yet, for somebody who knows its password:
 * the proof leaves them that password, and nothing else of what there was.
 *
 * @throws AppError RATE_LIMITED, UNAVAILABLE.
 */
export function requestProof(
  services: Services,
  account: { readonly email: string; readonly passwordHash: string },
  actor: BrowserActor,
): ChallengeId {
  const { email, passwordHash } = account;
  takeMail(services, email, actor);
  const id = newChallengeId();
  const { browser } = actor;
  services.mailer.post(async () => {
    const found = await readAccount(services.control, email);
    if (!found) return null;
    const wanted = { purpose: "sign_in", userId: found.userId, id, browser, passwordHash } as const;
    const { secret, code } = await makeChallenge(services, wanted);
    return verifyMail(services, email, LINK_PATH + secret, code);
  });
  return id;
}
