import { z } from "zod";
import {
  authorize,
  changeRole,
  emailAddress,
  invite,
  renameTeam,
  type Role,
  ROLES,
  withdrawInvitation,
} from "../../lib/auth/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { parseId, type UserId } from "../../lib/ids.ts";
import { displayName } from "../../lib/text/mod.ts";
import { checkForm, memberPage, type MemberRequest } from "../../lib/web/mod.ts";
import { refusalOf } from "../account/refusal.ts";
import { showTeam } from "./show.tsx";

const role = z.enum(ROLES, "Choose a role.");

/**
 * What owners do may give or take ownership, and who is made an admin can add and remove people: who does
 * it proves again who they are.
 */
function checkOwnership(page: MemberRequest, given: Role = "viewer"): void {
  const now = page.services.clock.now();
  if (given === "owner" || page.session.role === "owner") authorize(page.session, "team:own", now);
  if (given === "admin") authorize(page.session, "team:invite_admin", now);
}

/** `/team/name`: gives the team another name. */
export const renamePage = memberPage("/team/name", {
  async post(page, form) {
    const checked = checkForm(form, z.object({ name: displayName }));
    if (!checked.ok) throw new AppError("INVALID_ARGUMENTS", checked.faults["name"]);
    await renameTeam(page.services, page.session, checked.values.name, page.actor);
    return page.redirect("/team", "team_renamed");
  },
});

/** `/team/invitations`: asks somebody into the team. */
export const invitePage = memberPage("/team/invitations", {
  async post(page, form) {
    const checked = checkForm(form, z.object({ email: emailAddress, role }));
    const typed = { email: form.get("email") ?? "", role: form.get("role") ?? "" };
    if (!checked.ok) return await showTeam(page, { ...typed, faults: checked.faults });
    checkOwnership(page, checked.values.role);
    try {
      await invite(page.services, page.session, checked.values, page.actor);
    } catch (error) {
      const refusal = refusalOf(error, [
        "ACCESS_DENIED",
        "CONFLICT",
        "RATE_LIMITED",
        "UNAVAILABLE",
      ]);
      return await showTeam(page, { ...typed, refusal });
    }
    return page.redirect("/team", "member_invited");
  },
});

/** `/team/invitations/{id}/withdraw`: takes an invitation back. */
export const withdrawPage = memberPage("/team/invitations/:id/withdraw", {
  async post(page) {
    const id = parseId<UserId>(page.param("id"));
    await withdrawInvitation(page.services, page.session, id, page.actor);
    return page.redirect("/team", "invitation_withdrawn");
  },
});

/** `/team/members/{id}/role`: gives a member another role. */
export const rolePage = memberPage("/team/members/:id/role", {
  async post(page, form) {
    const checked = checkForm(form, z.object({ role }));
    if (!checked.ok) throw new AppError("INVALID_ARGUMENTS", "Choose a role.");
    checkOwnership(page, checked.values.role);
    const id = parseId<UserId>(page.param("id"));
    await changeRole(page.services, page.session, id, checked.values.role, page.actor);
    return page.redirect("/team", "role_changed");
  },
});
