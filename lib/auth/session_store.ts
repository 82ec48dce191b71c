import { type AuditActor, recordEvent } from "../audit/mod.ts";
import type { SessionId, TenantId, UserId } from "../ids.ts";
import { type Control, sqlState, type Tx } from "../postgres/mod.ts";
import { type Account, type BrowserActor, hasFactor, type Session } from "./account.ts";
import type { Role } from "../principal.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Uses up in the transaction of a session what it is started or proved by; answers what it was. */
export type SessionProof = (tx: Tx) => Promise<{ readonly factor: string }>;

/** What of the place where somebody signs in is new to their account. */
export type NewPlace = "browser" | "network";

/**
 * Stores a session with its first refresh token, and its audit entry. Answers what of the place is new;
 * null where nothing is, or nothing is known to compare with.
 */
export async function insertSession(
  control: Control,
  session: Account & { id: SessionId; hash: Bytes; expiresAt: Date },
  actor: BrowserActor,
  proof?: SessionProof,
): Promise<NewPlace | null> {
  const { tenantId, userId } = session;
  const device = actor.device ?? "";
  return await control.tenant(tenantId, async (tx) => {
    const proved = await proof?.(tx);
    const [row] = await tx<{ news: NewPlace | null }[]>`
      SELECT lookup.create_session(
        ${session.id}, ${session.hash}, ${userId}, ${tenantId}, ${session.expiresAt}, ${device},
        ${actor.network}, ${actor.browser ?? null}
      ) AS news`;
    await recordEvent(tx, {
      tenantId,
      action: "session.started",
      actor: { ...actor, userId },
      detail: { device, ...proved },
    });
    return row!.news;
  });
}

/** A session that has not expired. */
export async function selectSession(control: Control, id: SessionId): Promise<Session | null> {
  const [row] = await control.lookup<
    {
      id: SessionId;
      user_id: UserId;
      tenant_id: TenantId;
      email: string;
      has_password: boolean;
      role: Role;
      tenant_name: string;
      authenticated_at: Date;
      expires_at: Date;
      passkeys: number;
      authenticator: boolean;
      recovery_codes: number;
      team_requires: boolean;
    }[]
  >`
    SELECT s.*, f.* FROM lookup.session(${id}) s, lookup.factors(s.user_id, s.tenant_id) f`;
  if (!row) return null;
  const { passkeys, authenticator, recovery_codes: recoveryCodes } = row;
  const factors = { passkeys, authenticator, recoveryCodes };
  return Object.freeze({
    id: row.id,
    userId: row.user_id,
    tenantId: row.tenant_id,
    email: row.email,
    hasPassword: row.has_password,
    role: row.role,
    tenantName: row.tenant_name,
    authenticatedAt: row.authenticated_at,
    expiresAt: row.expires_at,
    factors,
    factorMissing: row.team_requires && !hasFactor(factors),
  });
}

/** Whose session a refresh token belongs to, used or not; null where it is nobody's. */
export async function findByToken(
  control: Control,
  hash: Bytes,
): Promise<Account & { id: SessionId } | null> {
  const [row] = await control.lookup<
    { id: SessionId; user_id: UserId; tenant_id: TenantId }[]
  >`SELECT * FROM lookup.session_of_token(${hash})`;
  return row ? { id: row.id, userId: row.user_id, tenantId: row.tenant_id } : null;
}

/** What became of a refresh token that was presented. */
export type Rotation = "rotated" | "repeated" | "reused" | "unknown";

/** Uses a refresh token up. A reuse ends the session, and stands in the audit log. */
export function rotateStored(
  control: Control,
  { userId, tenantId }: Account,
  tokens: { presented: Bytes; successor: Bytes; livesUntil: Date; graceSeconds: number },
  actor: BrowserActor,
): Promise<Rotation> {
  return control.tenant(tenantId, async (tx) => {
    const [row] = await tx<{ outcome: Rotation }[]>`
      SELECT lookup.rotate_session(
        ${tokens.presented}, ${tokens.successor}, ${tokens.livesUntil},
        make_interval(secs => ${tokens.graceSeconds}), ${actor.network}
      ) AS outcome`;
    if (row!.outcome === "reused") {
      await recordEvent(tx, { tenantId, action: "session.reused", actor: { ...actor, userId } });
    }
    return row!.outcome;
  });
}

/** A session as its owner sees it. */
export interface SessionView {
  readonly id: SessionId;
  readonly tenantName: string;
  readonly device: string;
  readonly network: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
}

/** Every live session of a person. */
export async function selectSessions(control: Control, userId: UserId): Promise<SessionView[]> {
  const rows = await control.lookup<
    {
      id: SessionId;
      tenant_name: string;
      device: string;
      network: string | null;
      created_at: Date;
      last_used_at: Date;
    }[]
  >`SELECT * FROM lookup.sessions_of(${userId})`;
  return rows.map((row) => ({
    id: row.id,
    tenantName: row.tenant_name,
    device: row.device,
    network: row.network,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  }));
}

/** Ends one of a person's sessions; answers false where they have no such one. */
export function deleteSession(
  control: Control,
  { tenantId, userId }: Account,
  id: SessionId,
  actor: AuditActor,
): Promise<boolean> {
  return control.tenant(tenantId, async (tx) => {
    const [row] = await tx<{ ended: boolean }[]>`
      SELECT lookup.end_session(${id}, ${userId}) AS ended`;
    if (!row!.ended) return false;
    await recordEvent(tx, { tenantId, action: "session.ended", actor });
    return true;
  });
}

/** Ends a person's sessions but one, in a transaction; answers which they were. */
export async function endSessions(
  tx: Tx,
  userId: UserId,
  kept: SessionId | null,
): Promise<SessionId[]> {
  const rows = await tx<{ id: SessionId }[]>`
    SELECT lookup.end_other_sessions(${userId}, ${kept}) AS id`;
  return rows.map(({ id }) => id);
}

/** Ends a person's sessions but one; answers which they were. */
export function deleteOthers(
  control: Control,
  { tenantId, userId }: Account,
  kept: SessionId | null,
  actor: AuditActor,
): Promise<SessionId[]> {
  return control.tenant(tenantId, async (tx) => {
    const ended = await endSessions(tx, userId, kept);
    const detail = { sessions: ended.length };
    if (ended.length) await recordEvent(tx, { tenantId, action: "session.ended", actor, detail });
    return ended;
  });
}

/** Sets when the person last proved who they are to now. */
export async function confirmStored(
  control: Control,
  { id, tenantId }: Session,
  actor: AuditActor,
  proof?: SessionProof,
): Promise<void> {
  await control.tenant(tenantId, async (tx) => {
    const detail = await proof?.(tx);
    await tx`SELECT lookup.confirm_session(${id})`;
    await recordEvent(tx, {
      tenantId,
      action: "session.confirmed",
      actor,
      ...(detail ? { detail } : {}),
    });
  });
}

const FOREIGN_KEY_VIOLATION = "23503";

/** Moves a session to another tenant; false where its person is no member there. */
export async function moveStored(
  control: Control,
  { id }: Session,
  tenantId: TenantId,
  actor: AuditActor,
): Promise<boolean> {
  try {
    await control.tenant(tenantId, async (tx) => {
      await tx`SELECT lookup.move_session(${id}, ${tenantId})`;
      await recordEvent(tx, { tenantId, action: "session.switched", actor });
    });
    return true;
  } catch (error) {
    if (sqlState(error) === FOREIGN_KEY_VIOLATION) return false;
    throw error;
  }
}

/** Deletes what has expired. */
export async function deleteExpired(control: Control): Promise<void> {
  await control.lookup`SELECT lookup.delete_expired()`;
}
