import type { AuditActor } from "../../audit/mod.ts";
import { decrypt, encrypt } from "../../crypto/mod.ts";
import { AppError } from "../../errors.ts";
import type { UserId } from "../../ids.ts";
import type { Services } from "../../services.ts";
import type { Session } from "../account.ts";
import { keysOf } from "../keys.ts";
import { afterAdding, afterRemoving, recordAdded, recordRemoved } from "./changes.ts";
import {
  beginStored,
  confirmStoredAuthenticator,
  deleteAuthenticator,
  selectAuthenticator,
} from "./factor_store.ts";
import { newTotpSecret, stepOfCode, totpAddress } from "./totp.ts";

/** What an account's authenticator app is called wherever factors are named: there is one at most. */
export const AUTHENTICATOR_NAME = "Authenticator app";
// A person belongs to no tenant, and tenants' data keys go with them: this one is the server's.
const place = (userId: UserId) => JSON.stringify(["authenticators.secret", userId]);

async function sealSecret(services: Services, userId: UserId, secret: string) {
  const { authenticator } = await keysOf(services);
  return encrypt(authenticator, new TextEncoder().encode(secret), place(userId));
}

/** Opens the stored secret of an account's app; throws where it is another account's. */
export async function openSecret(
  services: Services,
  userId: UserId,
  sealed: Uint8Array,
): Promise<string> {
  const { authenticator } = await keysOf(services);
  return new TextDecoder().decode(decrypt(authenticator, sealed, place(userId)));
}

/**
 * Starts setting up an authenticator app; a secret that was not confirmed is replaced.
 *
 * @throws AppError CONFLICT where one is set up.
 */
export async function beginAuthenticator(services: Services, session: Session): Promise<void> {
  const { userId } = session;
  const sealed = await sealSecret(services, userId, newTotpSecret());
  if (!await beginStored(services.control, userId, sealed)) {
    throw new AppError("CONFLICT", "An authenticator app is set up already. Remove it first.");
  }
}

/** The secret that is being set up (base32), and the address that an app reads; null where none is. */
export async function readNewAuthenticator(
  services: Services,
  { userId, email }: Session,
): Promise<{ secret: string; address: string } | null> {
  const stored = await selectAuthenticator(services.control, userId);
  if (!stored || stored.confirmed) return null;
  const secret = await openSecret(services, userId, stored.sealed);
  return { secret, address: totpAddress(secret, email) };
}

/**
 * Ends setting up by a first code of the app.
 *
 * @returns Recovery codes, where it is the account's first factor; else null.
 * @throws AppError CODE_WRONG; NOT_FOUND where nothing is being set up.
 */
export async function confirmAuthenticator(
  services: Services,
  session: Session,
  code: string,
  actor: AuditActor,
): Promise<string[] | null> {
  const { userId, tenantId } = session;
  const stored = await selectAuthenticator(services.control, userId);
  if (!stored || stored.confirmed) throw new AppError("NOT_FOUND");
  const secret = await openSecret(services, userId, stored.sealed);
  const step = stepOfCode(secret, code.replace(/\s/g, ""), services.clock.now());
  if (step === null) throw new AppError("CODE_WRONG");
  const codes = await services.control.tenant(tenantId, async (tx) => {
    if (!await confirmStoredAuthenticator(tx, userId, stored.sealed, step)) {
      throw new AppError("NOT_FOUND");
    }
    return await recordAdded(tx, services, session, actor, {
      kind: "authenticator",
      name: AUTHENTICATOR_NAME,
    });
  });
  await afterAdding(services, session, AUTHENTICATOR_NAME);
  return codes;
}

/**
 * Takes the authenticator app away.
 *
 * @throws AppError NOT_FOUND.
 */
export async function removeAuthenticator(
  services: Services,
  session: Session,
  actor: AuditActor,
): Promise<void> {
  const { userId, tenantId } = session;
  await services.control.tenant(tenantId, async (tx) => {
    if (!await deleteAuthenticator(tx, userId)) throw new AppError("NOT_FOUND");
    await recordRemoved(tx, session, actor, { kind: "authenticator", name: AUTHENTICATOR_NAME });
  });
  await afterRemoving(services, session, AUTHENTICATOR_NAME);
}
