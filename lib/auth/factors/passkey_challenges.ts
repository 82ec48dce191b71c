import { randomSecret, sha256 } from "../../crypto/mod.ts";
import { AppError } from "../../errors.ts";
import type { UserId } from "../../ids.ts";
import type { Services } from "../../services.ts";
import { insertPasskeyChallenge, spendPasskeyChallenge } from "./passkey_store.ts";

const MINUTES = 5;
/** Milliseconds that a browser gives its person for it. */
export const PASSKEY_TIMEOUT_MS = MINUTES * 60_000;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** What a challenge is for, and in what it is answered: good for nothing else, and nowhere else. */
export type PasskeyPurpose =
  | { readonly use: "register"; readonly session: string; readonly userId: UserId }
  | { readonly use: "confirm"; readonly session: string; readonly userId: UserId }
  | { readonly use: "second"; readonly pending: string; readonly userId: UserId }
  | { readonly use: "sign_in"; readonly userId: null };

const bound = (secret: string, purpose: PasskeyPurpose) =>
  sha256(JSON.stringify([
    secret,
    purpose.use,
    "session" in purpose ? purpose.session : "pending" in purpose ? purpose.pending : "",
  ]));

/** Keeps a challenge for five minutes; answers the secret by which the browser that asked is known. */
export async function keepChallenge(
  services: Services,
  purpose: PasskeyPurpose,
  challenge: string,
): Promise<string> {
  const secret = randomSecret();
  await insertPasskeyChallenge(services.control, {
    hash: bound(secret, purpose),
    userId: purpose.userId,
    challenge,
    expiresAt: new Date(services.clock.now() + PASSKEY_TIMEOUT_MS),
  });
  return secret;
}

/**
 * The challenge that a browser was given, used up by that.
 *
 * @throws AppError PASSKEY_REFUSED where it was given none for this, or it was answered or has expired.
 */
export async function takeChallenge(
  services: Services,
  purpose: PasskeyPurpose,
  secret: string,
): Promise<string> {
  const found = SECRET.test(secret)
    ? await spendPasskeyChallenge(services.control, bound(secret, purpose))
    : null;
  if (!found || found.userId !== purpose.userId) throw new AppError("PASSKEY_REFUSED");
  return found.challenge;
}
