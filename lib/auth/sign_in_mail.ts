import { AppError } from "../errors.ts";
import { newId, type TenantId, type UserId } from "../ids.ts";
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
import type { Spent } from "./challenge_store.ts";
import { homeOf } from "./home.ts";
import { takeMail, takeProof } from "./mail_limits.ts";
import { signInMail } from "./mails.ts";
import { forgetEnded, prove } from "./proof.ts";
import { completeSignIn, type SignInStep } from "./sign_in_step.ts";
import { insertAccount, readAccount, readAccountById } from "./store.ts";

/** Path of the page on which a link lands; the link's secret follows. */
export const LINK_PATH = "/sign-in/link/";

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
 * @returns What the browser answers the code by.
 * @throws AppError RATE_LIMITED, UNAVAILABLE.
 */
export function requestSignIn(
  services: Services,
  email: string,
  actor: BrowserActor,
): ChallengeId {
  const address = email.toLowerCase();
  takeMail(services, address, actor);
  const id = newChallengeId();
  services.mailer.post(async () => {
    const account = await readAccount(services.control, address);
    if (!account) return null;
    const { userId } = account;
    const { browser } = actor;
    const wanted = { purpose: "sign_in", userId, id, browser } as const;
    const { secret, code } = await makeChallenge(services, wanted);
    return signInMail(services, address, LINK_PATH + secret, code);
  });
  return id;
}

/** Makes the account of a sign-up, in the transaction that uses its link up. */
async function enterNew(
  services: Services,
  email: string,
  passwordHash: string | null,
  actor: BrowserActor,
  spend: (tx: Tx) => Promise<void>,
): Promise<SignInStep> {
  const account = { userId: newId<UserId>(), tenantId: newId<TenantId>() };
  await services.control.tenant(account.tenantId, async (tx) => {
    await spend(tx);
    const fresh = { ...account, email, passwordHash, tenantName: email };
    // Another proof of the same address was faster, a moment ago.
    if (!await insertAccount(tx, fresh, actor)) throw new AppError("LINK_SPENT");
  });
  const state = { fresh: true, hasPassword: passwordHash !== null };
  return await completeSignIn(services, account, state, actor);
}

async function enter(
  services: Services,
  { userId, email }: Pick<Spent, "userId" | "email">,
  passwordHash: string | null,
  actor: BrowserActor,
  spend: (tx: Tx) => Promise<void>,
): Promise<SignInStep> {
  const { control } = services;
  const account = userId ? await readAccountById(control, userId) : await readAccount(
    control,
    email!,
  );
  if (!account && userId) throw new AppError("LINK_SPENT");
  if (!account) return await enterNew(services, email!, passwordHash, actor, spend);
  const home = await homeOf(services, account);
  const ended = await control.tenant(home.tenantId, async (tx) => {
    await spend(tx);
    return await prove(tx, home, passwordHash, actor);
  });
  await forgetEnded(services, ended);
  const fresh = ended !== null;
  const hasPassword = (fresh ? passwordHash : account.passwordHash) !== null;
  return await completeSignIn(services, home, { fresh, hasPassword }, actor);
}

/** What a link to sign in is about, for the page on which it lands. */
export interface LinkView {
  readonly email: string;
  /** Whether the browser that shows it is the one that asked for it. */
  readonly ownBrowser: boolean;
}

/**
 * Looks at a link without using it up.
 *
 * @param own What the browser keeps of what it asked for.
 * @throws AppError LINK_SPENT where it is unknown, used or expired; RATE_LIMITED.
 */
export async function openSignInLink(
  services: Services,
  secret: string,
  own: ChallengeId,
  actor: BrowserActor,
): Promise<LinkView> {
  takeProof(services, actor);
  const shown = await readLink(services, "sign_in", secret);
  if (!shown) throw new AppError("LINK_SPENT");
  return { email: shown.accountEmail, ownBrowser: shown.id === own };
}

/**
 * Signs in by a link, which is used up by that. A password that was typed to sign up counts in the
 * browser in which it was typed alone: elsewhere it may be somebody else's.
 *
 * @param own What the browser keeps of what it asked for.
 * @throws AppError LINK_SPENT where it is unknown, used or expired; RATE_LIMITED.
 */
export async function useSignInLink(
  services: Services,
  secret: string,
  own: ChallengeId,
  actor: BrowserActor,
): Promise<SignInStep> {
  takeProof(services, actor);
  const found = await readLink(services, "sign_in", secret);
  if (!found) throw new AppError("LINK_SPENT");
  const about = { userId: found.userId, email: found.accountEmail };
  const passwordHash = found.id === own ? found.passwordHash : null;
  return await enter(services, about, passwordHash, actor, async (tx) => {
    if (!await useLink(tx, "sign_in", secret)) throw new AppError("LINK_SPENT");
  });
}

/**
 * Signs in by the code of a mail, in the browser that asked for it.
 *
 * @throws AppError CODE_WRONG, also where it has expired or had five tries; RATE_LIMITED.
 */
export async function useSignInCode(
  services: Services,
  id: ChallengeId,
  code: string,
  actor: BrowserActor,
): Promise<SignInStep> {
  takeProof(services, actor);
  const spent = await useCode(services, "sign_in", id, code);
  if (!spent) throw new AppError("CODE_WRONG");
  return await enter(services, spent, spent.passwordHash, actor, () => Promise.resolve());
}
