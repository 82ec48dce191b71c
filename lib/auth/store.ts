import { recordEvent } from "../audit/mod.ts";
import type { AuditAction, AuditActor } from "../audit/mod.ts";
import type { SessionId, TenantId, UserId } from "../ids.ts";
import type { Control } from "../postgres/mod.ts";
import type { Account, Role, Session } from "./account.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** An account as signing in sees it. */
export interface StoredAccount extends Account {
  /** bcrypt; null for an account that signs in by link alone. */
  readonly passwordHash: string | null;
}

/** The account with an address; null where there is none. */
export async function readAccount(control: Control, email: string): Promise<StoredAccount | null> {
  const [row] = await control.lookup<
    { id: UserId; password_hash: string | null; tenant_id: TenantId | null }[]
  >`SELECT * FROM lookup.user_by_email(${email})`;
  if (!row?.tenant_id) return null;
  return { userId: row.id, tenantId: row.tenant_id, passwordHash: row.password_hash };
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

/** Stores a session and its audit entry. */
export async function insertSession(
  control: Control,
  session: Account & { id: SessionId; hash: Bytes; expiresAt: Date },
  actor: AuditActor,
): Promise<void> {
  const { tenantId, userId } = session;
  await control.tenant(tenantId, async (tx) => {
    await tx`
      SELECT lookup.create_session(
        ${session.id}, ${session.hash}, ${userId}, ${tenantId}, ${session.expiresAt}
      )`;
    await recordEvent(tx, { tenantId, action: "session.started", actor: { ...actor, userId } });
  });
}

/** A session that has not expired, and when it was last used. */
export async function selectSession(
  control: Control,
  hash: Bytes,
): Promise<{ session: Session; lastUsedAt: Date } | null> {
  const [row] = await control.lookup<
    {
      id: SessionId;
      user_id: UserId;
      tenant_id: TenantId;
      email: string;
      role: Role;
      tenant_name: string;
      last_used_at: Date;
    }[]
  >`SELECT * FROM lookup.session(${hash})`;
  if (!row) return null;
  return {
    lastUsedAt: row.last_used_at,
    session: {
      id: row.id,
      userId: row.user_id,
      tenantId: row.tenant_id,
      email: row.email,
      role: row.role,
      tenantName: row.tenant_name,
    },
  };
}

/** Notes that a session was used, and until when it now lives. */
export async function touchSession(
  control: Control,
  id: SessionId,
  expiresAt: Date,
): Promise<void> {
  await control.lookup`SELECT lookup.touch_session(${id}, ${expiresAt})`;
}

/** Deletes a session and writes its audit entry. */
export async function deleteSession(
  control: Control,
  hash: Bytes,
  session: Session,
  actor: AuditActor,
): Promise<void> {
  const { tenantId } = session;
  await control.tenant(tenantId, async (tx) => {
    await tx`SELECT lookup.end_session(${hash})`;
    await recordEvent(tx, { tenantId, action: "session.ended", actor });
  });
}

/** Stores a sign-in link. */
export async function insertLink(
  control: Control,
  link: Account & { hash: Bytes; expiresAt: Date },
): Promise<void> {
  await control.lookup`
    SELECT lookup.create_sign_in_link(
      ${link.hash}, ${link.userId}, ${link.tenantId}, ${link.expiresAt}
    )`;
}

/** Spends a link: of two that present it at once, one gets the account. */
export async function spendLink(control: Control, hash: Bytes): Promise<Account | null> {
  const [row] = await control.lookup<{ user_id: UserId; tenant_id: TenantId }[]>`
    SELECT * FROM lookup.spend_sign_in_link(${hash})`;
  return row ? { userId: row.user_id, tenantId: row.tenant_id } : null;
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

/** Deletes what has expired. */
export async function deleteExpired(control: Control): Promise<void> {
  await control.lookup`SELECT lookup.delete_expired()`;
}
