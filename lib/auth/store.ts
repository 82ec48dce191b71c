import { recordEvent } from "../audit/mod.ts";
import type { AuditAction, AuditActor } from "../audit/mod.ts";
import type { SessionId, TenantId, UserId } from "../ids.ts";
import type { Control, Tx } from "../postgres/mod.ts";
import type { Account } from "./account.ts";

/** An account as signing in sees it. */
export interface StoredAccount {
  readonly userId: UserId;
  readonly email: string;
  /** bcrypt; null for an account that signs in by mail or link alone. */
  readonly passwordHash: string | null;
  /** When it was shown that the address is theirs; null: not yet. */
  readonly emailVerifiedAt: Date | null;
  /** The tenant that they used last; null for who is in none. */
  readonly tenantId: TenantId | null;
}

interface Row {
  id: UserId;
  email: string;
  password_hash: string | null;
  email_verified_at: Date | null;
  tenant_id: TenantId | null;
}

const accountOf = (row: Row | undefined): StoredAccount | null =>
  row
    ? {
      userId: row.id,
      email: row.email,
      passwordHash: row.password_hash,
      emailVerifiedAt: row.email_verified_at,
      tenantId: row.tenant_id,
    }
    : null;

/** The account with an address; null where there is none. */
export async function readAccount(control: Control, email: string): Promise<StoredAccount | null> {
  const [row] = await control.lookup<Row[]>`SELECT * FROM lookup.user_by_email(${email})`;
  return accountOf(row);
}

/** The account of an id; null where there is none. */
export async function readAccountById(
  control: Control,
  userId: UserId,
): Promise<StoredAccount | null> {
  const [row] = await control.lookup<Row[]>`SELECT * FROM lookup.user_by_id(${userId})`;
  return accountOf(row);
}

/** A new account: what is stored of it. */
export interface NewAccount extends Account {
  readonly email: string;
  readonly passwordHash: string | null;
  readonly tenantName: string;
}

/**
 * Makes an account, whose address is proved, with a tenant of its own, in a transaction of that tenant.
 * Answers false where the address is taken.
 */
export async function insertAccount(
  tx: Tx,
  account: NewAccount,
  actor: AuditActor,
): Promise<boolean> {
  const [row] = await tx<{ made: boolean }[]>`
    SELECT lookup.create_account(
      ${account.userId}, ${account.email}, ${account.passwordHash}, ${account.tenantId},
      ${account.tenantName}
    ) AS made`;
  if (!row?.made) return false;
  await recordEvent(tx, {
    tenantId: account.tenantId,
    action: "account.created",
    actor: { ...actor, userId: account.userId },
    subject: account.email,
  });
  return true;
}

/** Makes a tenant for somebody who is in none. */
export async function insertTenant(
  control: Control,
  { userId, tenantId }: Account,
  name: string,
  actor: AuditActor,
): Promise<void> {
  await control.tenant(tenantId, async (tx) => {
    await tx`SELECT lookup.create_tenant(${userId}, ${tenantId}, ${name})`;
    await recordEvent(tx, { tenantId, action: "team.created", actor: { ...actor, userId } });
  });
}

/** Sets or takes away (null) an account's password. */
export async function updatePassword(tx: Tx, userId: UserId, hash: string | null): Promise<void> {
  await tx`SELECT lookup.set_password(${userId}, ${hash})`;
}

/** What a proof of an address ended. */
export interface Ended {
  readonly sessions: readonly SessionId[];
  /** Hashes, as hex. */
  readonly tokens: readonly string[];
}

/**
 * Notes that the address is theirs, and sets the password that the proof brings. Whatever there was
 * before ends by that. Answers what did; null where the address was proved already.
 */
export async function proveStored(
  tx: Tx,
  userId: UserId,
  passwordHash: string | null,
): Promise<Ended | null> {
  const [row] = await tx<{ ended: Ended | null }[]>`
    SELECT lookup.prove_email(${userId}, ${passwordHash}) AS ended`;
  return row!.ended;
}

/**
 * Changes the address, which is theirs by that; every session ends. Answers what ended; null where
 * somebody else has the address.
 */
export async function updateEmail(tx: Tx, userId: UserId, email: string): Promise<Ended | null> {
  const [row] = await tx<{ ended: Ended | null }[]>`
    SELECT lookup.change_email(${userId}, ${email}) AS ended`;
  return row!.ended;
}

/** Writes an audit entry that belongs to no other write. */
export async function insertEntry(
  control: Control,
  tenantId: TenantId,
  action: AuditAction,
  actor: AuditActor,
): Promise<void> {
  await control.tenant(tenantId, (tx) => recordEvent(tx, { tenantId, action, actor }));
}
