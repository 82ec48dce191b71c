import { generateRegistrationOptions, verifyRegistrationResponse } from "@simplewebauthn/server";
import type { AuditActor } from "../../audit/mod.ts";
import { AppError } from "../../errors.ts";
import { newId, type UserId } from "../../ids.ts";
import type { Services } from "../../services.ts";
import type { Session } from "../account.ts";
import { afterAdding, afterRemoving, recordAdded, recordRemoved } from "./changes.ts";
import { keepChallenge, PASSKEY_TIMEOUT_MS, takeChallenge } from "./passkey_challenges.ts";
import { parseRegistration } from "./passkey_responses.ts";
import {
  deletePasskey,
  insertPasskey,
  type PasskeyId,
  type PasskeyView,
  selectPasskeys,
} from "./passkey_store.ts";
import { relyingParty } from "./relying_party.ts";

/** Passkeys of one account at most. */
export const MAX_PASSKEYS = 20;

/** What a browser is given to answer a challenge: WebAuthn's options as JSON, and what it is known by. */
export interface Challenged {
  readonly options: unknown;
  /** Kept in a cookie, and shown with the answer. */
  readonly secret: string;
}

/** The bytes of a UUID: an account's user handle, which tells nothing of its person. */
export function userHandle(userId: UserId): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(userId.replaceAll("-", ""));
}

/** A person's passkeys, the oldest first. */
export function listPasskeys(services: Services, { userId }: Session): Promise<PasskeyView[]> {
  return selectPasskeys(services.control, userId);
}

/**
 * Begins to register a passkey: one that the browser finds by itself, and that verifies its person.
 *
 * @throws AppError CONFLICT where there are enough.
 */
export async function beginPasskey(services: Services, session: Session): Promise<Challenged> {
  const { userId, email, id } = session;
  const known = await selectPasskeys(services.control, userId);
  if (known.length >= MAX_PASSKEYS) {
    throw new AppError("CONFLICT", `An account has ${MAX_PASSKEYS} passkeys at most.`);
  }
  const options = await generateRegistrationOptions({
    rpName: "Bulkhead",
    rpID: relyingParty(services).id,
    userName: email,
    userDisplayName: email,
    userID: userHandle(userId),
    timeout: PASSKEY_TIMEOUT_MS,
    // Which make of authenticator it is does not matter here, and asking would tell about the person.
    attestationType: "none",
    excludeCredentials: known.map(({ credentialId, transports }) => ({
      id: credentialId.toBase64({ alphabet: "base64url", omitPadding: true }),
      transports: [...transports] as never,
    })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  });
  const secret = await keepChallenge(
    services,
    { use: "register", session: id, userId },
    options.challenge,
  );
  return { options, secret };
}

async function verify(services: Services, challenge: string, answer: string) {
  const { id, origin } = relyingParty(services);
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: parseRegistration(answer),
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
    });
    if (verified && registrationInfo) return registrationInfo;
  } catch (cause) {
    throw new AppError("PASSKEY_REFUSED", undefined, { cause });
  }
  throw new AppError("PASSKEY_REFUSED");
}

/**
 * Registers a passkey by what the browser answered, as JSON.
 *
 * @returns Recovery codes, where it is the account's first factor; else null.
 * @throws AppError PASSKEY_REFUSED, also where another account has the credential.
 */
export async function addPasskey(
  services: Services,
  session: Session,
  answer: { readonly secret: string; readonly credential: string; readonly name: string },
  actor: AuditActor,
): Promise<string[] | null> {
  const { tenantId, userId } = session;
  const purpose = { use: "register", session: session.id, userId } as const;
  const challenge = await takeChallenge(services, purpose, answer.secret);
  const { credential, credentialBackedUp } = await verify(services, challenge, answer.credential);
  const { name } = answer;
  const codes = await services.control.tenant(tenantId, async (tx) => {
    const added = await insertPasskey(tx, {
      id: newId<UserId>(),
      userId,
      credentialId: Uint8Array.fromBase64(credential.id, { alphabet: "base64url" }),
      publicKey: new Uint8Array(credential.publicKey),
      signCount: credential.counter,
      transports: credential.transports ?? [],
      synced: credentialBackedUp,
      name,
    });
    if (!added) throw new AppError("PASSKEY_REFUSED", "This passkey is known already.");
    return await recordAdded(tx, services, session, actor, { kind: "passkey", name });
  });
  await afterAdding(services, session, `Passkey “${name}”`);
  return codes;
}

/**
 * Takes a passkey away.
 *
 * @throws AppError NOT_FOUND where the person has no such one.
 */
export async function removePasskey(
  services: Services,
  session: Session,
  id: PasskeyId,
  actor: AuditActor,
): Promise<void> {
  const { tenantId, userId } = session;
  const name = await services.control.tenant(tenantId, async (tx) => {
    const known = await deletePasskey(tx, userId, id);
    if (known === null) throw new AppError("NOT_FOUND");
    await recordRemoved(tx, session, actor, { kind: "passkey", name: known });
    return known;
  });
  await afterRemoving(services, session, `Passkey “${name}”`);
}
