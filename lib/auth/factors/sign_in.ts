import { randomSecret, sha256 } from "../../crypto/mod.ts";
import { recordEvent } from "../../audit/mod.ts";
import { AppError } from "../../errors.ts";
import { newId, type UserId } from "../../ids.ts";
import type { Limit } from "../../limits/mod.ts";
import type { Services } from "../../services.ts";
import { type Account, type BrowserActor, type Factors, hasFactor } from "../account.ts";
import { homeOf } from "../home.ts";
import { recoveryUsedMail } from "../mails.ts";
import { type SessionTokens, startSession } from "../sessions.ts";
import { takeProof } from "../mail_limits.ts";
import { insertEntry, readAccountById, type StoredAccount } from "../store.ts";
import { codeProof } from "./code_proof.ts";
import { selectFactors } from "./factor_store.ts";
import { challengePasskey, passkeyProof } from "./passkey_proof.ts";
import type { Challenged } from "./passkeys.ts";
import { insertPending, type Pending, selectPending, spendPending } from "./pending_store.ts";
import type { FactorProof } from "./proof.ts";

/** Minutes within which the second factor must follow the first. */
export const PENDING_MINUTES = 10;
// Asked for by every sign-in page that a browser shows: far more than are answered.
const CHALLENGES: Limit = { name: "passkey.network", attempts: 300, windowMs: 15 * 60_000 };
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/**
 * Asks for a second factor where the account has one: what the browser keeps meanwhile; null where it has
 * none. Called for whoever has shown a first factor.
 */
export async function askSecondFactor(
  services: Services,
  { userId }: Account,
): Promise<string | null> {
  if (!hasFactor(await selectFactors(services.control, userId))) return null;
  const pending = randomSecret();
  await insertPending(services.control, {
    id: newId<UserId>(),
    userId,
    hash: sha256(pending),
    expiresAt: new Date(services.clock.now() + PENDING_MINUTES * 60_000),
  });
  return pending;
}

async function readPending(services: Services, secret: string): Promise<Pending> {
  const found = SECRET.test(secret) ? await selectPending(services.control, sha256(secret)) : null;
  if (!found) throw new AppError("AUTHENTICATION_REQUIRED");
  return found;
}

/**
 * What whoever waits may show.
 *
 * @throws AppError AUTHENTICATION_REQUIRED where nobody waits in this browser any more.
 */
export async function readSecondStep(services: Services, secret: string): Promise<Factors> {
  return await selectFactors(services.control, (await readPending(services, secret)).userId);
}

/** Starts a session in the transaction that uses the second factor up. */
async function finish(
  services: Services,
  account: StoredAccount,
  proof: FactorProof,
  pending: Pending | null,
  actor: BrowserActor,
): Promise<SessionTokens> {
  const home = await homeOf(services, account);
  const { tenantId, userId } = home;
  let recovered = false;
  const tokens = await startSession(services, home, actor, async (tx) => {
    if (pending && !await spendPending(tx, pending)) throw new AppError("AUTHENTICATION_REQUIRED");
    const factor = await proof(tx);
    recovered = factor === "recovery_code";
    if (recovered) {
      const action = "factor.recovery_code_used";
      await recordEvent(tx, { tenantId, action, actor: { ...actor, userId } });
    }
    return { factor };
  });
  if (recovered) {
    const { recoveryCodes } = await selectFactors(services.control, userId);
    services.mailer.post(() =>
      Promise.resolve(recoveryUsedMail(services, account.email, recoveryCodes))
    );
  }
  return tokens;
}

/** Notes a second factor that was refused, in the log of the team that they used last. */
async function refused(
  services: Services,
  account: StoredAccount,
  error: unknown,
  actor: BrowserActor,
): Promise<void> {
  if (!(error instanceof AppError) || !account.tenantId) return;
  const action = error.code === "PASSKEY_REFUSED" ? "factor.refused" : "session.refused";
  await insertEntry(services.control, account.tenantId, action, actor);
}

async function finishPending(
  services: Services,
  secret: string,
  proofOf: (pending: Pending) => Promise<FactorProof>,
  actor: BrowserActor,
): Promise<SessionTokens> {
  takeProof(services, actor);
  const pending = await readPending(services, secret);
  const account = (await readAccountById(services.control, pending.userId))!;
  try {
    return await finish(services, account, await proofOf(pending), pending, actor);
  } catch (error) {
    await refused(services, account, error, actor);
    throw error;
  }
}

/**
 * Ends signing in by a code of the authenticator app, or a recovery code.
 *
 * @throws AppError CODE_WRONG, RATE_LIMITED, AUTHENTICATION_REQUIRED.
 */
export function finishByCode(
  services: Services,
  secret: string,
  code: string,
  actor: BrowserActor,
): Promise<SessionTokens> {
  return finishPending(
    services,
    secret,
    ({ id, userId }) => codeProof(services, userId, id, code),
    actor,
  );
}

/** Asks for a passkey as the second factor; throws as `finishByPasskey` does. */
export async function challengeSecond(services: Services, secret: string): Promise<Challenged> {
  const { id, userId } = await readPending(services, secret);
  return await challengePasskey(services, { use: "second", pending: id, userId });
}

/**
 * Ends signing in by a passkey.
 *
 * @throws AppError PASSKEY_REFUSED, RATE_LIMITED, AUTHENTICATION_REQUIRED.
 */
export function finishByPasskey(
  services: Services,
  secret: string,
  answer: { readonly secret: string; readonly credential: string },
  actor: BrowserActor,
): Promise<SessionTokens> {
  return finishPending(services, secret, async ({ id, userId }) => {
    const purpose = { use: "second", pending: id, userId } as const;
    return (await passkeyProof(services, purpose, answer)).proof;
  }, actor);
}

/**
 * Asks for any passkey to sign in with.
 *
 * @throws AppError RATE_LIMITED
 */
export function challengeSignIn(services: Services, actor: BrowserActor): Promise<Challenged> {
  services.limiter.take(CHALLENGES, actor.network ?? "unknown");
  return challengePasskey(services, { use: "sign_in", userId: null });
}

/**
 * Signs in by a passkey alone, which is both factors.
 *
 * @throws AppError PASSKEY_REFUSED, RATE_LIMITED.
 */
export async function signInByPasskey(
  services: Services,
  answer: { readonly secret: string; readonly credential: string },
  actor: BrowserActor,
): Promise<SessionTokens> {
  takeProof(services, actor);
  const { userId, proof } = await passkeyProof(services, { use: "sign_in", userId: null }, answer);
  const account = (await readAccountById(services.control, userId))!;
  try {
    return await finish(services, account, proof, null, actor);
  } catch (error) {
    await refused(services, account, error, actor);
    throw error;
  }
}
