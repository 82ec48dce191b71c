import type { TenantId, UserId } from "../../ids.ts";
import type { Control, Tx } from "../../postgres/mod.ts";
import type { Factors } from "../account.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What an account has, and whether a team requires it. */
export async function selectFactors(
  control: Control,
  userId: UserId,
  tenantId: TenantId | null = null,
): Promise<Factors & { teamRequires: boolean }> {
  const [row] = await control.lookup<
    {
      passkeys: number;
      authenticator: boolean;
      recovery_codes: number;
      team_requires: boolean;
    }[]
  >`SELECT * FROM lookup.factors(${userId}, ${tenantId})`;
  return {
    passkeys: row!.passkeys,
    authenticator: row!.authenticator,
    recoveryCodes: row!.recovery_codes,
    teamRequires: row!.team_requires,
  };
}

/** Stores the sealed secret of an app that is being set up; answers false where none may be. */
export async function beginStored(control: Control, userId: UserId, sealed: Bytes) {
  const [row] = await control.lookup<{ begun: boolean }[]>`
    SELECT lookup.begin_authenticator(${userId}, ${sealed}) AS begun`;
  return row!.begun;
}

/** An account's authenticator app: its sealed secret, and whether it is set up. */
export async function selectAuthenticator(
  control: Control,
  userId: UserId,
): Promise<{ sealed: Bytes; confirmed: boolean } | null> {
  const [row] = await control.lookup<{ secret: Bytes; confirmed: boolean }[]>`
    SELECT * FROM lookup.authenticator(${userId})`;
  return row ? { sealed: new Uint8Array(row.secret), confirmed: row.confirmed } : null;
}

/** Ends the setting up; answers false where it was ended, or started over, meanwhile. */
export async function confirmStoredAuthenticator(
  tx: Tx,
  userId: UserId,
  sealed: Bytes,
  step: number,
): Promise<boolean> {
  const [row] = await tx<{ done: boolean }[]>`
    SELECT lookup.confirm_authenticator(${userId}, ${sealed}, ${step}) AS done`;
  return row!.done;
}

/** Uses a step's code up; answers false where it, or a later one, was used already. */
export async function spendStep(
  tx: Tx,
  userId: UserId,
  sealed: Bytes,
  step: number,
): Promise<boolean> {
  const [row] = await tx<{ done: boolean }[]>`
    SELECT lookup.use_authenticator(${userId}, ${sealed}, ${step}) AS done`;
  return row!.done;
}

/** Takes an account's app away; answers whether one was set up. */
export async function deleteAuthenticator(tx: Tx, userId: UserId): Promise<boolean> {
  const [row] = await tx<{ done: boolean }[]>`
    SELECT lookup.remove_authenticator(${userId}) AS done`;
  return row!.done;
}

/** Puts a set of recovery codes in the place of any earlier. */
export async function replaceCodes(tx: Tx, userId: UserId, hashes: readonly Bytes[]) {
  const hex = hashes.map((hash) => hash.toHex());
  await tx`SELECT lookup.replace_recovery_codes(${userId}, ${tx.json(hex)})`;
}

/** Uses a recovery code up; answers false where it is none, or was used. */
export async function spendRecoveryCode(tx: Tx, userId: UserId, hash: Bytes): Promise<boolean> {
  const [row] = await tx<{ done: boolean }[]>`
    SELECT lookup.use_recovery_code(${userId}, ${hash}) AS done`;
  return row!.done;
}

/** Counts a try before it is judged; answers false past a limit. */
export async function takeTry(
  control: Control,
  tried: { id: string; userId: UserId; browser: string },
  most: { readonly inBrowser: number; readonly atAccount: number },
): Promise<boolean> {
  const [row] = await control.lookup<{ taken: boolean }[]>`
    SELECT lookup.take_factor_try(
      ${tried.id}, ${tried.userId}, ${tried.browser}, ${most.inBrowser}, ${most.atAccount}
    ) AS taken`;
  return row!.taken;
}

/** Takes a try back, which was right. */
export async function forgiveTry(tx: Tx, id: string): Promise<void> {
  await tx`SELECT lookup.forgive_factor_try(${id})`;
}

/** Deletes what has expired of all that waits for a second factor. */
export async function deleteExpiredFactors(control: Control): Promise<void> {
  await control.lookup`SELECT lookup.delete_expired_factors()`;
}
