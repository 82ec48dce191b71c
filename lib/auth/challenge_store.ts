import type { UserId } from "../ids.ts";
import type { Control, Tx } from "../postgres/mod.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a link or code is for: it is good for nothing else. */
export type Purpose = "sign_in" | "verify_email" | "change_email" | "reset_password" | "confirm";

/** What a challenge stands for. */
export interface Spent {
  readonly userId: UserId;
  /** The new address, where one is to be changed. */
  readonly email: string | null;
}

type Row = { user_id: UserId; email: string | null };

const spentOf = (row: Row | undefined): Spent | null =>
  row ? { userId: row.user_id, email: row.email } : null;

/** Stores a challenge. */
export async function insertChallenge(
  control: Control,
  challenge: {
    id: string;
    purpose: Purpose;
    userId: UserId;
    linkHash: Bytes;
    codeHash: Bytes;
    email: string | null;
    expiresAt: Date;
  },
): Promise<void> {
  await control.lookup`
    SELECT lookup.create_challenge(
      ${challenge.id}, ${challenge.purpose}, ${challenge.userId}, ${challenge.linkHash},
      ${challenge.codeHash}, ${challenge.email}, ${challenge.expiresAt}
    )`;
}

/** The challenge of a link that can still be used. */
export async function selectChallenge(
  control: Control,
  purpose: Purpose,
  linkHash: Bytes,
): Promise<Spent | null> {
  const [row] = await control.lookup<Row[]>`
    SELECT * FROM lookup.challenge_of_link(${linkHash}, ${purpose})`;
  return spentOf(row);
}

/** Uses a link up: of two that present it at once, one gets the challenge. */
export async function spendLink(tx: Tx, purpose: Purpose, linkHash: Bytes): Promise<Spent | null> {
  const [row] = await tx<Row[]>`SELECT * FROM lookup.spend_link(${linkHash}, ${purpose})`;
  return spentOf(row);
}

/** Counts a try, and uses the challenge up where the code is right. */
export async function spendCode(
  control: Control,
  purpose: Purpose,
  id: string,
  codeHash: Bytes,
  most: { readonly tries: number; readonly triesADay: number },
): Promise<Spent | null> {
  const [row] = await control.lookup<Row[]>`
    SELECT * FROM lookup.spend_code(
      ${id}, ${purpose}, ${codeHash}, ${most.tries}, ${most.triesADay}
    )`;
  return spentOf(row);
}
