import type { UserId } from "../../ids.ts";
import type { Control, Tx } from "../../postgres/mod.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Id of a passkey's row (UUIDv7), not the credential's. */
export type PasskeyId = string;

/** A passkey as its owner sees it. */
export interface PasskeyView {
  readonly id: PasskeyId;
  readonly name: string;
  /** Whether it is kept in more places than one device. */
  readonly synced: boolean;
  readonly createdAt: Date;
  /** null: never */
  readonly lastUsedAt: Date | null;
  readonly credentialId: Bytes;
  /** How browsers may reach it, in WebAuthn's words. */
  readonly transports: readonly string[];
}

/** A passkey as a proof is checked against it. */
export interface StoredPasskey {
  readonly id: PasskeyId;
  readonly userId: UserId;
  readonly name: string;
  /** COSE. */
  readonly publicKey: Bytes;
  readonly signCount: number;
  readonly transports: readonly string[];
}

/** A new passkey: what is stored of it. */
export interface NewPasskey extends StoredPasskey {
  readonly credentialId: Bytes;
  readonly synced: boolean;
}

/** Stores a passkey; answers false where it is known, or the account's address not proved. */
export async function insertPasskey(tx: Tx, passkey: NewPasskey): Promise<boolean> {
  const [row] = await tx<{ added: boolean }[]>`
    SELECT lookup.add_passkey(
      ${passkey.id}, ${passkey.userId}, ${passkey.credentialId}, ${passkey.publicKey},
      ${passkey.signCount}, ${tx.json([...passkey.transports])}, ${passkey.synced}, ${passkey.name}
    ) AS added`;
  return row!.added;
}

/** A person's passkeys, the oldest first. */
export async function selectPasskeys(control: Control, userId: UserId): Promise<PasskeyView[]> {
  const rows = await control.lookup<
    {
      id: PasskeyId;
      credential_id: Bytes;
      transports: string[];
      synced: boolean;
      name: string;
      created_at: Date;
      last_used_at: Date | null;
    }[]
  >`SELECT * FROM lookup.passkeys_of(${userId})`;
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    synced: row.synced,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    credentialId: new Uint8Array(row.credential_id),
    transports: row.transports,
  }));
}

/** The passkey of a credential; null where nobody has it. */
export async function selectPasskey(
  control: Control,
  credentialId: Bytes,
): Promise<StoredPasskey | null> {
  const [row] = await control.lookup<
    {
      id: PasskeyId;
      user_id: UserId;
      public_key: Bytes;
      sign_count: string;
      transports: string[];
      name: string;
    }[]
  >`SELECT * FROM lookup.passkey(${credentialId})`;
  if (!row) return null;
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    publicKey: new Uint8Array(row.public_key),
    signCount: Number(row.sign_count),
    transports: row.transports,
  };
}

/** Notes a use; answers false where the count has not grown, which a copy's would not. */
export async function spendCount(
  tx: Tx,
  { id, userId }: Pick<StoredPasskey, "id" | "userId">,
  count: number,
  synced: boolean,
): Promise<boolean> {
  const [row] = await tx<{ done: boolean }[]>`
    SELECT lookup.use_passkey(${id}, ${userId}, ${count}, ${synced}) AS done`;
  return row!.done;
}

/** Deletes one of a person's passkeys; answers its name, null where they have no such one. */
export async function deletePasskey(
  tx: Tx,
  userId: UserId,
  id: PasskeyId,
): Promise<string | null> {
  const [row] = await tx<{ name: string | null }[]>`
    SELECT lookup.remove_passkey(${id}, ${userId}) AS name`;
  return row!.name;
}

/** Stores a challenge. */
export async function insertPasskeyChallenge(
  control: Control,
  made: { hash: Bytes; userId: UserId | null; challenge: string; expiresAt: Date },
): Promise<void> {
  await control.lookup`
    SELECT lookup.create_passkey_challenge(
      ${made.hash}, ${made.userId}, ${made.challenge}, ${made.expiresAt}
    )`;
}

/** Uses a challenge up; null where there is none. */
export async function spendPasskeyChallenge(
  control: Control,
  hash: Bytes,
): Promise<{ userId: UserId | null; challenge: string } | null> {
  const [row] = await control.lookup<{ user_id: UserId | null; challenge: string }[]>`
    SELECT * FROM lookup.spend_passkey_challenge(${hash})`;
  return row ? { userId: row.user_id, challenge: row.challenge } : null;
}
