import { AppError } from "../errors.ts";
import type { TenantId, UserId } from "../ids.ts";
import { type Control, type Tx, violatedConstraint } from "../postgres/mod.ts";
import type { Role } from "../principal.ts";

/** Id of an invitation's row (UUIDv7), not its link. */
export type InvitationId = string;

/** One of a person's tenants. */
export interface Membership {
  readonly tenantId: TenantId;
  readonly tenantName: string;
  readonly role: Role;
}

/** A member as the team sees them. */
export interface MemberView {
  readonly userId: UserId;
  readonly email: string;
  readonly role: Role;
  readonly since: Date;
  /** Whether they have a second factor. */
  readonly hasFactor: boolean;
}

/** An invitation as the team sees it. */
export interface InvitationView {
  readonly id: InvitationId;
  readonly email: string;
  readonly role: Role;
  readonly expiresAt: Date;
}

/** An invitation as whoever holds its link sees it. */
export interface Invited {
  readonly tenantId: TenantId;
  readonly tenantName: string;
  readonly email: string;
  readonly role: Role;
  /** null where that account is gone. */
  readonly invitedBy: string | null;
}

/** The tenants of a person. */
export async function selectMemberships(control: Control, userId: UserId): Promise<Membership[]> {
  const rows = await control.lookup<{ tenant_id: TenantId; tenant_name: string; role: Role }[]>`
    SELECT * FROM lookup.memberships(${userId})`;
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    role: row.role,
  }));
}

/** The members of the transaction's tenant, the first to join first. */
export async function selectMembers(tx: Tx): Promise<MemberView[]> {
  const rows = await tx<
    { user_id: UserId; email: string; role: Role; created_at: Date; has_factor: boolean }[]
  >`
    SELECT m.user_id, u.email, m.role, m.created_at,
      m.user_id IN (SELECT lookup.members_with_factor()) AS has_factor
    FROM members m JOIN users u ON u.id = m.user_id ORDER BY m.created_at, m.user_id`;
  return rows.map((row) => ({
    userId: row.user_id,
    email: row.email,
    role: row.role,
    since: row.created_at,
    hasFactor: row.has_factor,
  }));
}

/** The invitations of the transaction's tenant that can still be accepted. */
export async function selectInvitations(tx: Tx): Promise<InvitationView[]> {
  const rows = await tx<
    { id: InvitationId; email: string; role: Role; expires_at: Date }[]
  >`SELECT id, email, role, expires_at FROM invitations WHERE expires_at > now() ORDER BY email`;
  return rows.map((row) => ({
    id: row.id,
    email: row.email,
    role: row.role,
    expiresAt: row.expires_at,
  }));
}

/** Stores an invitation in the place of an earlier one of the same address. */
export async function replaceInvitation(
  tx: Tx,
  invitation: {
    id: InvitationId;
    tenantId: TenantId;
    email: string;
    role: Role;
    hash: Uint8Array<ArrayBuffer>;
    invitedBy: UserId;
    expiresAt: Date;
  },
): Promise<void> {
  await tx`DELETE FROM invitations WHERE email = ${invitation.email}`;
  await tx`
    INSERT INTO invitations (id, tenant_id, email, role, hash, invited_by, expires_at)
    VALUES (
      ${invitation.id}, ${invitation.tenantId}, ${invitation.email}, ${invitation.role},
      ${invitation.hash}, ${invitation.invitedBy}, ${invitation.expiresAt}
    )`;
}

/** Deletes an invitation; answers whose it was, null where there is none. */
export async function deleteInvitation(tx: Tx, id: InvitationId): Promise<string | null> {
  const [row] = await tx<{ email: string }[]>`
    DELETE FROM invitations WHERE id = ${id} RETURNING email`;
  return row?.email ?? null;
}

/** What a link's holder may know of its invitation. */
export async function readInvitation(
  control: Control,
  hash: Uint8Array<ArrayBuffer>,
): Promise<Invited | null> {
  const [row] = await control.lookup<
    {
      tenant_id: TenantId;
      tenant_name: string;
      email: string;
      role: Role;
      invited_by: string | null;
    }[]
  >`SELECT * FROM lookup.invitation(${hash})`;
  if (!row) return null;
  return {
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    email: row.email,
    role: row.role,
    invitedBy: row.invited_by,
  };
}

/** Uses an invitation up for a person whose address it names; answers false where it does not. */
export async function acceptStored(
  tx: Tx,
  hash: Uint8Array<ArrayBuffer>,
  userId: UserId,
): Promise<boolean> {
  const [row] = await tx<{ done: boolean }[]>`
    SELECT lookup.accept_invitation(${hash}, ${userId}) AS done`;
  return row!.done;
}

/** A member's role; null for who is none. */
export async function selectMemberRole(tx: Tx, userId: UserId): Promise<Role | null> {
  const [row] = await tx<{ role: Role }[]>`SELECT role FROM members WHERE user_id = ${userId}`;
  return row?.role ?? null;
}

/** A member's role, kept from being changed until the transaction ends; null for who is none. */
export async function selectRole(tx: Tx, userId: UserId): Promise<Role | null> {
  const [row] = await tx<{ role: Role }[]>`
    SELECT role FROM members WHERE user_id = ${userId} FOR UPDATE`;
  return row?.role ?? null;
}

/** Roles of members, kept from being changed until the transaction ends; without who is none. */
export async function selectRoles(tx: Tx, userIds: readonly UserId[]): Promise<Map<UserId, Role>> {
  // In one order for everybody: two who lock the same members do not wait for each other.
  const rows = await tx<{ user_id: UserId; role: Role }[]>`
    SELECT user_id, role FROM members WHERE user_id IN ${tx([...userIds])}
    ORDER BY user_id FOR UPDATE`;
  return new Map(rows.map((row) => [row.user_id, row.role]));
}

/** Tells a refusal of the database as what it means. */
async function keepingAnOwner(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (violatedConstraint(error) !== "members_keep_an_owner") throw error;
    throw new AppError("LAST_OWNER", undefined, { cause: error });
  }
}

/** Changes a member's role. */
export async function updateRole(tx: Tx, userId: UserId, role: Role): Promise<void> {
  await keepingAnOwner(tx`UPDATE members SET role = ${role} WHERE user_id = ${userId}`.execute());
}

/** Deletes a membership; sessions in the tenant go with it. */
export async function deleteMember(tx: Tx, userId: UserId): Promise<void> {
  await keepingAnOwner(tx`DELETE FROM members WHERE user_id = ${userId}`.execute());
}

/** Whether the transaction's tenant requires a second factor of its members. */
export async function selectTwoFactorRequired(tx: Tx): Promise<boolean> {
  const [row] = await tx<{ required: boolean }[]>`
    SELECT two_factor_required_at IS NOT NULL AS required FROM tenants`;
  return row!.required;
}

/** Says whether it does; answers false where it did say so already. */
export async function updateTwoFactorRequired(tx: Tx, required: boolean): Promise<boolean> {
  const rows = await tx`
    UPDATE tenants SET two_factor_required_at = CASE WHEN ${required} THEN now() END
    WHERE (two_factor_required_at IS NOT NULL) <> ${required} RETURNING id`;
  return rows.length > 0;
}

/** Renames the transaction's tenant: row-level security shows it no other. */
export async function updateTeamName(tx: Tx, name: string): Promise<void> {
  await tx`UPDATE tenants SET name = ${name}`;
}
