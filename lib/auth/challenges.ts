import { randomInt } from "node:crypto";
import { hmac, randomSecret, sha256 } from "../crypto/mod.ts";
import { isId, newId, type UserId } from "../ids.ts";
import type { Services } from "../services.ts";
import {
  insertChallenge,
  type Purpose,
  selectChallenge,
  type Shown,
  spendCode,
  spendLink,
  type Spent,
} from "./challenge_store.ts";
import { keysOf } from "./keys.ts";
import type { Tx } from "../postgres/mod.ts";

/** Minutes that a link or a code works. */
export const CHALLENGE_MINUTES = 15;

const SECRET = /^[A-Za-z0-9_-]{43}$/;
const CODE = /^[0-9]{6}$/;
/**
 * Wrong tries at one code; in a day, for one purpose and account, of one browser; and of all browsers
 * together from which nobody ever signed in to it: a stranger guesses a code of an account with a chance
 * of one in ten thousand a day, and spends nothing of what the owner's browsers have.
 */
const MOST = { tries: 5, ofBrowserADay: 20, ofStrangersADay: 100 };

/** What a browser keeps to answer a code by: the id of a challenge, or of none. */
export type ChallengeId = string;

/** A challenge's id: made before it is known whether there will be one. */
export const newChallengeId = (): ChallengeId => newId<UserId>();

const codeHash = async (services: Services, id: ChallengeId, code: string) =>
  hmac((await keysOf(services)).code, `${id}:${code}`);

/**
 * Makes a link's secret and a code for an account, or for an address that signs up; hashes of them are
 * kept.
 */
export async function makeChallenge(
  services: Services,
  wanted: {
    purpose: Purpose;
    userId: UserId | null;
    id?: ChallengeId;
    email?: string;
    browser?: Uint8Array<ArrayBuffer> | undefined;
    passwordHash?: string | null;
  },
): Promise<{ secret: string; code: string }> {
  const id = wanted.id ?? newChallengeId();
  const secret = randomSecret();
  const code = String(randomInt(0, 1_000_000)).padStart(6, "0");
  await insertChallenge(services.control, {
    id,
    purpose: wanted.purpose,
    userId: wanted.userId,
    linkHash: sha256(secret),
    codeHash: await codeHash(services, id, code),
    email: wanted.email ?? null,
    browser: wanted.browser ?? null,
    passwordHash: wanted.passwordHash ?? null,
    expiresAt: new Date(services.clock.now() + CHALLENGE_MINUTES * 60_000),
  });
  return { secret, code };
}

/** What a link is about; null where it is unknown, used or expired. Does not use it up. */
export async function readLink(
  services: Services,
  purpose: Purpose,
  secret: string,
): Promise<Shown | null> {
  if (!SECRET.test(secret)) return null;
  return await selectChallenge(services.control, purpose, sha256(secret));
}

/** Uses a link up in a transaction; null where another was faster. */
export async function useLink(tx: Tx, purpose: Purpose, secret: string): Promise<Spent | null> {
  return await spendLink(tx, purpose, sha256(secret));
}

/**
 * Uses a code up. Five tries a challenge, right or wrong, however many come at once; then it is void.
 * A browser has twenty in vain a day, and strangers' browsers a hundred together; then links are left.
 * Answers null where it is wrong, used, expired or void.
 */
export async function useCode(
  services: Services,
  purpose: Purpose,
  id: ChallengeId,
  typed: string,
): Promise<Spent | null> {
  const code = typed.replace(/\s/g, "");
  if (!isId(id) || !CODE.test(code)) return null;
  const hash = await codeHash(services, id, code);
  return await spendCode(services.control, purpose, id, hash, MOST);
}
