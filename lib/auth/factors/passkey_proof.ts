import {
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
} from "@simplewebauthn/server";
import { AppError } from "../../errors.ts";
import type { UserId } from "../../ids.ts";
import type { Services } from "../../services.ts";
import {
  keepChallenge,
  PASSKEY_TIMEOUT_MS,
  type PasskeyPurpose,
  takeChallenge,
} from "./passkey_challenges.ts";
import { parseAuthentication } from "./passkey_responses.ts";
import { selectPasskey, selectPasskeys, spendCount, type StoredPasskey } from "./passkey_store.ts";
import { type Challenged, userHandle } from "./passkeys.ts";
import type { FactorProof } from "./proof.ts";
import { relyingParty } from "./relying_party.ts";

/** Asks a browser for a passkey: any of an account's, or, to sign in, whichever its person chooses. */
export async function challengePasskey(
  services: Services,
  purpose: Exclude<PasskeyPurpose, { use: "register" }>,
): Promise<Challenged> {
  const { userId } = purpose;
  const known = userId ? await selectPasskeys(services.control, userId) : [];
  const options = await generateAuthenticationOptions({
    rpID: relyingParty(services).id,
    timeout: PASSKEY_TIMEOUT_MS,
    userVerification: "required",
    allowCredentials: known.map(({ credentialId, transports }) => ({
      id: credentialId.toBase64({ alphabet: "base64url", omitPadding: true }),
      transports: [...transports] as never,
    })),
  });
  return { options, secret: await keepChallenge(services, purpose, options.challenge) };
}

async function verify(
  services: Services,
  challenge: string,
  passkey: StoredPasskey,
  response: ReturnType<typeof parseAuthentication>,
) {
  const { id, origin } = relyingParty(services);
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      // The count is judged by the database, which sees all replicas.
      credential: {
        id: response.id,
        publicKey: passkey.publicKey,
        counter: 0,
        transports: [...passkey.transports] as never,
      },
    });
    if (verified) return authenticationInfo;
  } catch (cause) {
    throw new AppError("PASSKEY_REFUSED", undefined, { cause });
  }
  throw new AppError("PASSKEY_REFUSED");
}

/**
 * Judges what a browser answered, as JSON. A passkey that verifies its person is two factors: what they
 * have, and what they know or are.
 *
 * @returns Whose it is, and what uses it up.
 * @throws AppError PASSKEY_REFUSED.
 */
export async function passkeyProof(
  services: Services,
  purpose: Exclude<PasskeyPurpose, { use: "register" }>,
  answer: { readonly secret: string; readonly credential: string },
): Promise<{ userId: UserId; proof: FactorProof }> {
  const challenge = await takeChallenge(services, purpose, answer.secret);
  const response = parseAuthentication(answer.credential);
  const credentialId = Uint8Array.fromBase64(response.id, { alphabet: "base64url" });
  const passkey = await selectPasskey(services.control, credentialId);
  if (!passkey) throw new AppError("PASSKEY_REFUSED", "This passkey is not known here any more.");
  const { userId } = passkey;
  if (purpose.userId && purpose.userId !== userId) throw new AppError("PASSKEY_REFUSED");
  // WebAuthn Level 3, section 7.2, step 6: a handle that is told must be the owner's.
  const handle = userHandle(userId).toBase64({ alphabet: "base64url", omitPadding: true });
  const { userHandle: told } = response.response;
  if (told ? told !== handle : purpose.use === "sign_in") throw new AppError("PASSKEY_REFUSED");
  const { newCounter, credentialBackedUp } = await verify(services, challenge, passkey, response);
  return {
    userId,
    proof: async (tx) => {
      if (!await spendCount(tx, passkey, newCounter, credentialBackedUp)) {
        throw new AppError(
          "PASSKEY_REFUSED",
          "It may have been copied: remove it, and register a new one.",
        );
      }
      return "passkey";
    },
  };
}
