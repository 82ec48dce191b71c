import type { UserId } from "../ids.ts";
import type { Control, Tx } from "../postgres/mod.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a link or code is for: it is good for nothing else. */
export type Purpose = "sign_in" | "change_email" | "reset_password" | "confirm";

/** What a challenge stands for. */
export interface Spent {
  readonly id: string;
  /** null: a sign-up, of the address `email`. */
  readonly userId: UserId | null;
  /** The address that signs up, or the new one, where one is to be changed. */
  readonly email: string | null;
  /** bcrypt; what was typed in the browser that asked, for an account that is not proved yet. */
  readonly passwordHash: string | null;
}

/** A challenge whose link somebody looks at. */
export interface Shown {
  readonly id: string;
  readonly userId: UserId | null;
  /** The address of the account that it is about. */
  readonly accountEmail: string;
  /** As in `Spent`. */
  readonly passwordHash: string | null;
}

type Row = {
  id: string;
  user_id: UserId | null;
  email: string | null;
  password_hash: string | null;
};

const spentOf = (row: Row | undefined): Spent | null =>
  row
    ? { id: row.id, userId: row.user_id, email: row.email, passwordHash: row.password_hash }
    : null;

/** Stores a challenge. */
export async function insertChallenge(
  control: Control,
  challenge: {
    id: string;
    purpose: Purpose;
    userId: UserId | null;
    linkHash: Bytes;
    codeHash: Bytes;
    email: string | null;
    browser: Bytes | null;
    passwordHash: string | null;
    expiresAt: Date;
  },
): Promise<void> {
  await control.lookup`
    SELECT lookup.create_challenge(
      ${challenge.id}, ${challenge.purpose}, ${challenge.userId}, ${challenge.linkHash},
      ${challenge.codeHash}, ${challenge.email}, ${challenge.browser}, ${challenge.passwordHash},
      ${challenge.expiresAt}
    )`;
}

/** The challenge of a link that can still be used. */
export async function selectChallenge(
  control: Control,
  purpose: Purpose,
  linkHash: Bytes,
): Promise<Shown | null> {
  const [row] = await control.lookup<
    { id: string; user_id: UserId | null; account_email: string; password_hash: string | null }[]
  >`SELECT * FROM lookup.challenge_of_link(${linkHash}, ${purpose})`;
  return row
    ? {
      id: row.id,
      userId: row.user_id,
      accountEmail: row.account_email,
      passwordHash: row.password_hash,
    }
    : null;
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
  most: {
    readonly tries: number;
    readonly ofBrowserADay: number;
    readonly ofStrangersADay: number;
  },
): Promise<Spent | null> {
  const [row] = await control.lookup<Row[]>`
    SELECT * FROM lookup.spend_code(
      ${id}, ${purpose}, ${codeHash}, ${most.tries}, ${most.ofBrowserADay},
      ${most.ofStrangersADay}
    )`;
  return spentOf(row);
}
