import { recordEvent } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { UserId } from "../ids.ts";
import type { Services } from "../services.ts";
import type { BrowserActor, Session } from "./account.ts";
import { transferMail } from "./mails.ts";
import { forgetSessions } from "./sessions.ts";
import { selectSessions } from "./session_store.ts";
import { selectMembers, selectRoles, updateRole } from "./team_store.ts";

/**
 * Gives the ownership of the team to another member: they become an owner, and whoever gives it an
 * admin, in one transaction. Both are told by mail. Called for somebody who has just proved who they are.
 *
 * @throws AppError ACCESS_DENIED where they are no owner any more; NOT_FOUND where the other is no
 * member, or themselves; CONFLICT where the other is an owner already.
 */
export async function transferOwnership(
  services: Services,
  session: Session,
  toId: UserId,
  actor: BrowserActor,
): Promise<void> {
  const { tenantId, tenantName, userId, email } = session;
  if (toId === userId) throw new AppError("NOT_FOUND");
  const to = await services.control.tenant(tenantId, async (tx) => {
    const roles = await selectRoles(tx, [userId, toId]);
    if (roles.get(userId) !== "owner") {
      throw new AppError("ACCESS_DENIED", "Only an owner transfers the ownership.");
    }
    const before = roles.get(toId);
    if (!before) throw new AppError("NOT_FOUND");
    if (before === "owner") throw new AppError("CONFLICT", "This member is an owner already.");
    await updateRole(tx, toId, "owner");
    await updateRole(tx, userId, "admin");
    const members = await selectMembers(tx);
    const to = members.find((member) => member.userId === toId)!.email;
    await recordEvent(tx, {
      tenantId,
      action: "team.transferred",
      actor,
      subject: to,
      detail: { user_id: toId, before },
    });
    return to;
  });
  const transfer = { team: tenantName, from: email, to };
  for (const one of [email, to]) {
    services.mailer.post(() => Promise.resolve(transferMail(services, one, transfer)));
  }
  const sessions = await Promise.all(
    [userId, toId].map((id) => selectSessions(services.control, id)),
  );
  await forgetSessions(services, sessions.flat().map(({ id }) => id));
}
