import { recordEvent } from "../audit/mod.ts";
import type { AuditAction, AuditActor } from "../audit/mod.ts";
import type { TenantId, UserId } from "../ids.ts";
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

/** Makes an account with a tenant of its own; answers false where the address is taken. */
export function insertAccount(
  control: Control,
  account: NewAccount,
  actor: AuditActor,
): Promise<boolean> {
  return control.tenant(account.tenantId, async (tx) => {
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
  });
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

/** Notes that the address is theirs; answers whether that was not known before. */
export async function verifyStored(tx: Tx, userId: UserId): Promise<boolean> {
  const [row] = await tx<{ fresh: boolean }[]>`SELECT lookup.verify_email(${userId}) AS fresh`;
  return row!.fresh;
}

/** Changes the address, which is theirs by that; answers false where somebody else has it. */
export async function updateEmail(tx: Tx, userId: UserId, email: string): Promise<boolean> {
  const [row] = await tx<{ done: boolean }[]>`
    SELECT lookup.change_email(${userId}, ${email}) AS done`;
  return row!.done;
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
