import { type AuditActor, recordEvent } from "../audit/mod.ts";
import { randomSecret, sha256 } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { newId, type TenantId, type TokenId, type UserId } from "../ids.ts";
import type { Services } from "../services.ts";
import {
  endTokensOf,
  forgetTokens,
  holdTokensOf,
  selectTeamTokens,
  type TeamToken,
} from "../tokens/mod.ts";
import type { Session } from "./account.ts";
import { invitationMail } from "./mails.ts";
import { atLeast, type Role } from "../principal.ts";
import { forgetSessions } from "./sessions.ts";
import { selectSessions } from "./session_store.ts";
import { takeMail, takeProof } from "./mail_limits.ts";
import {
  acceptStored,
  deleteInvitation,
  deleteMember,
  type InvitationId,
  type InvitationView,
  type Invited,
  type Membership,
  type MemberView,
  readInvitation,
  replaceInvitation,
  selectInvitations,
  selectMembers,
  selectMemberships,
  selectRole,
  selectTwoFactorRequired,
  updateRole,
  updateTeamName,
} from "./team_store.ts";

/** Path of the page on which an invitation lands; the link's secret follows. */
export const INVITATION_PATH = "/invitations/";
/** Days that an invitation can be accepted. */
export const INVITATION_DAYS = 7;

const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** The tenants of a person, the first joined first. */
export function listMemberships(services: Services, session: Session): Promise<Membership[]> {
  return selectMemberships(services.control, session.userId);
}

/** Everybody in the session's tenant, and everybody who is asked into it. */
export async function readTeam(
  services: Services,
  { tenantId }: Session,
): Promise<{
  members: MemberView[];
  invitations: InvitationView[];
  /** Whether members need a second factor. */
  twoFactorRequired: boolean;
}> {
  return await services.control.tenant(tenantId, async (tx) => ({
    members: await selectMembers(tx),
    invitations: await selectInvitations(tx),
    twoFactorRequired: await selectTwoFactorRequired(tx),
  }));
}

/** Gives the session's team another name. */
export async function renameTeam(
  services: Services,
  session: Session,
  name: string,
  actor: AuditActor,
): Promise<void> {
  const { tenantId } = session;
  const members = await services.control.tenant(tenantId, async (tx) => {
    await updateTeamName(tx, name);
    await recordEvent(tx, { tenantId, action: "team.renamed", actor, subject: name });
    return await selectMembers(tx);
  });
  const sessions = await Promise.all(members.map(({ userId }) => sessionsOf(services, userId)));
  await forgetSessions(services, sessions.flat());
}

/** Nobody gives a role that they do not have, or changes somebody who has more. */
function checkReach(session: Session, ...roles: readonly Role[]): void {
  for (const role of roles) {
    if (!atLeast(session.role, "admin") || !atLeast(session.role, role)) {
      throw new AppError("ACCESS_DENIED", `This needs the role ${role}; yours is ${session.role}.`);
    }
  }
}

/**
 * Asks somebody into the team by mail. A second invitation of the same address replaces the first.
 *
 * @throws AppError ACCESS_DENIED, CONFLICT (a member already), RATE_LIMITED, UNAVAILABLE.
 */
export async function invite(
  services: Services,
  session: Session,
  wanted: { email: string; role: Role },
  actor: AuditActor,
): Promise<void> {
  const { role } = wanted;
  const email = wanted.email.toLowerCase();
  const { tenantId, tenantName, userId } = session;
  checkReach(session, role);
  takeMail(services, email, actor);
  const secret = randomSecret();
  await services.control.tenant(tenantId, async (tx) => {
    const members = await selectMembers(tx);
    if (members.some((member) => member.email === email)) {
      throw new AppError("CONFLICT", "This person is a member already.");
    }
    await replaceInvitation(tx, {
      id: newId<UserId>(),
      tenantId,
      email,
      role,
      hash: sha256(secret),
      invitedBy: userId,
      expiresAt: new Date(services.clock.now() + INVITATION_DAYS * 86_400_000),
    });
    await recordEvent(tx, {
      tenantId,
      action: "member.invited",
      actor,
      subject: email,
      detail: { role },
    });
  });
  const team = { name: tenantName, by: session.email, role, days: INVITATION_DAYS };
  services.mailer.post(() =>
    Promise.resolve(invitationMail(services, email, INVITATION_PATH + secret, team))
  );
}

/**
 * Takes an invitation back.
 *
 * @throws AppError NOT_FOUND.
 */
export async function withdrawInvitation(
  services: Services,
  session: Session,
  id: InvitationId,
  actor: AuditActor,
): Promise<void> {
  const { tenantId } = session;
  await services.control.tenant(tenantId, async (tx) => {
    const email = await deleteInvitation(tx, id);
    if (email === null) throw new AppError("NOT_FOUND");
    await recordEvent(tx, { tenantId, action: "member.uninvited", actor, subject: email });
  });
}

/**
 * What an invitation is about, for whoever holds its link.
 *
 * @throws AppError LINK_SPENT, RATE_LIMITED.
 */
export async function openInvitation(
  services: Services,
  secret: string,
  actor: AuditActor,
): Promise<Invited> {
  takeProof(services, actor);
  const invited = SECRET.test(secret)
    ? await readInvitation(services.control, sha256(secret))
    : null;
  if (!invited) throw new AppError("LINK_SPENT");
  return invited;
}

/**
 * Joins the team, and goes on in it. An invitation is for the address that it was mailed to.
 *
 * @returns The tenant that was joined.
 * @throws AppError LINK_SPENT, ACCESS_DENIED (signed in with another address), RATE_LIMITED.
 */
export async function acceptInvitation(
  services: Services,
  session: Session,
  secret: string,
  actor: AuditActor,
): Promise<TenantId> {
  const { tenantId, email, role } = await openInvitation(services, secret, actor);
  if (email !== session.email) {
    throw new AppError("ACCESS_DENIED", "This invitation is for another address than yours.");
  }
  await services.control.tenant(tenantId, async (tx) => {
    if (!await acceptStored(tx, sha256(secret), session.userId)) throw new AppError("LINK_SPENT");
    await recordEvent(tx, {
      tenantId,
      action: "member.joined",
      actor,
      subject: email,
      detail: { role },
    });
  });
  await forgetSessions(services, await sessionsOf(services, session.userId));
  return tenantId;
}

/** A person's sessions show their role: they are read anew, or have ended with the membership. */
async function sessionsOf(services: Services, userId: UserId): Promise<string[]> {
  return (await selectSessions(services.control, userId)).map(({ id }) => id);
}

/**
 * Gives a member another role: their sessions, tokens and apps have it by the next request, everywhere.
 *
 * @throws AppError NOT_FOUND, ACCESS_DENIED, LAST_OWNER.
 */
export async function changeRole(
  services: Services,
  session: Session,
  userId: UserId,
  role: Role,
  actor: AuditActor,
): Promise<void> {
  const { tenantId } = session;
  const credentials = await services.control.tenant(tenantId, async (tx) => {
    const before = await selectRole(tx, userId);
    if (!before) throw new AppError("NOT_FOUND");
    checkReach(session, before, role);
    await updateRole(tx, userId, role);
    await recordEvent(tx, {
      tenantId,
      action: "member.role_changed",
      actor,
      subject: userId,
      detail: { before, after: role },
    });
    return await holdTokensOf(tx, userId);
  });
  // What their tokens and apps may do follows from the role: it is looked up anew.
  await Promise.all([
    forgetSessions(services, await sessionsOf(services, userId)),
    forgetTokens(services, credentials),
  ]);
}

/** Of whom a team takes leave, and the tokens of the team by them that it has to decide about. */
export interface Departure {
  readonly member: MemberView;
  /** Empty where who asks may not decide: then they go on. */
  readonly tokens: readonly TeamToken[];
}

/**
 * What has to be decided before a member is removed, or leaves.
 *
 * @throws AppError NOT_FOUND, ACCESS_DENIED.
 */
export async function readDeparture(
  services: Services,
  session: Session,
  userId: UserId,
): Promise<Departure> {
  return await services.control.tenant(session.tenantId, async (tx) => {
    const member = (await selectMembers(tx)).find((one) => one.userId === userId);
    if (!member) throw new AppError("NOT_FOUND");
    if (userId !== session.userId) checkReach(session, member.role);
    const tokens = atLeast(session.role, "admin") ? await selectTeamTokens(tx, userId) : [];
    return { member, tokens };
  });
}

/** What becomes of the team's tokens that somebody made who leaves. */
export interface TokenDecisions {
  readonly kept: readonly TokenId[];
  readonly revoked: readonly TokenId[];
}

/**
 * Takes a member out of the team: their sessions in it end, their own tokens with all that those made, and
 * what they let apps do; once this has answered, no replica serves any of them. The team's tokens by them go
 * on or end as it was decided.
 *
 * @throws AppError NOT_FOUND, ACCESS_DENIED, LAST_OWNER; CONFLICT where they made one of the team's since.
 */
export async function removeMember(
  services: Services,
  session: Session,
  userId: UserId,
  { kept, revoked }: TokenDecisions,
  actor: AuditActor,
): Promise<void> {
  const { tenantId } = session;
  const sessions = await sessionsOf(services, userId);
  const hashes = await services.control.tenant(tenantId, async (tx) => {
    const role = await selectRole(tx, userId);
    if (!role) throw new AppError("NOT_FOUND");
    const leaving = userId === session.userId;
    if (!leaving) checkReach(session, role);
    if (!atLeast(session.role, "admin")) {
      if (revoked.length) throw new AppError("ACCESS_DENIED");
    } else if (
      (await selectTeamTokens(tx, userId)).some(({ id }) => ![...kept, ...revoked].includes(id))
    ) {
      throw new AppError("CONFLICT", "There is another token of the team by them. Decide anew.");
    }
    const ended = await endTokensOf(tx, userId, revoked);
    await deleteMember(tx, userId);
    await recordEvent(tx, {
      tenantId,
      action: leaving ? "member.left" : "member.removed",
      actor,
      subject: userId,
      detail: {
        tokens_ended: ended.tokens.length,
        team_tokens_kept: kept,
        team_tokens_revoked: revoked,
      },
    });
    return ended.hashes;
  });
  await Promise.all([forgetSessions(services, sessions), forgetTokens(services, hashes)]);
}
