import type { UserId } from "../../ids.ts";
import type { Control, Tx } from "../../postgres/mod.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A sign-in that waits for its second factor. */
export interface Pending {
  readonly id: string;
  readonly userId: UserId;
}

/** Stores a sign-in that waits. */
export async function insertPending(
  control: Control,
  { id, userId, hash, expiresAt }: Pending & { hash: Bytes; expiresAt: Date },
): Promise<void> {
  await control.lookup`
    SELECT lookup.create_pending_sign_in(${id}, ${hash}, ${userId}, ${expiresAt})`;
}

/** The sign-in that waits in a browser; null where there is none. */
export async function selectPending(control: Control, hash: Bytes): Promise<Pending | null> {
  const [row] = await control.lookup<{ id: string; user_id: UserId }[]>`
    SELECT * FROM lookup.pending_sign_in(${hash})`;
  return row ? { id: row.id, userId: row.user_id } : null;
}

/** Ends the waiting; answers false where it has ended. */
export async function spendPending(tx: Tx, { id }: Pending): Promise<boolean> {
  const [row] = await tx<{ done: boolean }[]>`SELECT lookup.spend_pending_sign_in(${id}) AS done`;
  return row!.done;
}
