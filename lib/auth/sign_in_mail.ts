import { type AuditActor, recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { SessionId, UserId } from "../ids.ts";
import type { Limit } from "../limits/mod.ts";
import type { Tx } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import type { Account, BrowserActor } from "./account.ts";
import {
  type ChallengeId,
  makeChallenge,
  newChallengeId,
  readLink,
  useCode,
  useLink,
} from "./challenges.ts";
import { homeOf } from "./home.ts";
import { signInMail } from "./mails.ts";
import { endSessions } from "./session_store.ts";
import { forgetSessions, type SessionTokens, startSession } from "./sessions.ts";
import { readAccount, readAccountById, updatePassword, verifyStored } from "./store.ts";

const QUARTER_HOUR = 15 * 60_000;
// As for passwords: who asks from elsewhere does not keep the owner from asking.
const MAILS_BY_BOTH: Limit = { name: "mail.address_network", attempts: 5, windowMs: QUARTER_HOUR };
const MAILS_BY_ADDRESS: Limit = { name: "mail.address", attempts: 20, windowMs: QUARTER_HOUR };
const MAILS_BY_NETWORK: Limit = { name: "mail.network", attempts: 30, windowMs: QUARTER_HOUR };
const PROOFS_BY_NETWORK: Limit = { name: "proof.network", attempts: 60, windowMs: QUARTER_HOUR };

/** Path of the page on which a link lands; the link's secret follows. */
export const LINK_PATH = "/sign-in/link/";

/**
 * Counts a mail that somebody asks for, by whom it goes to and from where it is asked.
 *
 * @throws AppError RATE_LIMITED; UNAVAILABLE where this server sends no mail.
 */
export function takeMail(services: Services, address: string, actor: AuditActor): void {
  if (!services.mailer.available) throw new AppError("UNAVAILABLE", "This server sends no mail.");
  const network = actor.network ?? "unknown";
  services.limiter.take(MAILS_BY_NETWORK, network);
  services.limiter.take(MAILS_BY_BOTH, `${address} ${network}`);
  services.limiter.take(MAILS_BY_ADDRESS, address);
}

/**
 * Counts the showing of a link or a code, by where it is shown.
 *
 * @throws AppError RATE_LIMITED
 */
export function takeProof(services: Services, actor: AuditActor): void {
  services.limiter.take(PROOFS_BY_NETWORK, actor.network ?? "unknown");
}

/** Makes a link that signs an account in once, within 15 minutes. Only its SHA-256 is kept. */
export async function createSignInLink(
  services: Services,
  { userId }: Pick<Account, "userId">,
): Promise<URL> {
  const { secret } = await makeChallenge(services, { purpose: "sign_in", userId });
  return new URL(`${LINK_PATH}${secret}`, services.baseUrl);
}

/**
 * Mails a link and a code to sign in with. Answer and time are the same for an address that nobody has.
 *
 * @param next Path of the page that the link leads on to.
 * @returns What the browser answers the code by.
 * @throws AppError RATE_LIMITED, UNAVAILABLE.
 */
export function requestSignIn(
  services: Services,
  email: string,
  next: string,
  actor: AuditActor,
): ChallengeId {
  const address = email.toLowerCase();
  takeMail(services, address, actor);
  const id = newChallengeId();
  services.mailer.post(async () => {
    const account = await readAccount(services.control, address);
    if (!account) return null;
    const { userId } = account;
    const { secret, code } = await makeChallenge(services, { purpose: "sign_in", userId, id });
    const path = `${LINK_PATH}${secret}?next=${encodeURIComponent(next)}`;
    return signInMail(services, address, path, code);
  });
  return id;
}

/**
 * Notes in the transaction of a proof that the address is its account's. The first time, what was there
 * before is taken away: whoever signed up with somebody else's address must not stay in their account.
 */
async function claim(tx: Tx, { userId, tenantId }: Account, actor: AuditActor) {
  if (!await verifyStored(tx, userId)) return [];
  await updatePassword(tx, userId, null);
  await recordEvent(tx, { tenantId, action: "account.verified", actor: { ...actor, userId } });
  return await endSessions(tx, userId, null);
}

async function enter(
  services: Services,
  userId: UserId,
  actor: BrowserActor,
  spend: (tx: Tx) => Promise<boolean>,
): Promise<SessionTokens> {
  const account = await readAccountById(services.control, userId);
  const home = await homeOf(services, account!);
  const ended = await services.control.tenant(home.tenantId, async (tx): Promise<SessionId[]> => {
    if (!await spend(tx)) throw new AppError("LINK_SPENT");
    return await claim(tx, home, actor);
  });
  await forgetSessions(services, ended);
  return await startSession(services, home, actor);
}

/**
 * Signs in by a link, which is used up by that.
 *
 * @throws AppError LINK_SPENT where it is unknown, used or expired; RATE_LIMITED.
 */
export async function useSignInLink(
  services: Services,
  secret: string,
  actor: BrowserActor,
): Promise<SessionTokens> {
  takeProof(services, actor);
  const found = await readLink(services, "sign_in", secret);
  if (!found) throw new AppError("LINK_SPENT");
  return await enter(
    services,
    found.userId,
    actor,
    async (tx) => await useLink(tx, "sign_in", secret) !== null,
  );
}

/**
 * Signs in by the code of a mail.
 *
 * @throws AppError CODE_WRONG, also where it has expired or had five tries; RATE_LIMITED.
 */
export async function useSignInCode(
  services: Services,
  id: ChallengeId,
  code: string,
  actor: BrowserActor,
): Promise<SessionTokens> {
  takeProof(services, actor);
  const spent = await useCode(services, "sign_in", id, code);
  if (!spent) throw new AppError("CODE_WRONG");
  return await enter(services, spent.userId, actor, () => Promise.resolve(true));
}
