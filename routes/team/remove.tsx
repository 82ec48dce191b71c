import { authorize, readDeparture, removeMember } from "../../lib/auth/mod.ts";
import { parseId, type UserId } from "../../lib/ids.ts";
import {
  type FormFields,
  memberPage,
  type MemberRequest,
  RemoveMember,
} from "../../lib/web/mod.ts";

/** What owners do may give or take ownership: they prove again who they are. */
function checkOwnership({ session, services }: MemberRequest): void {
  if (session.role === "owner") authorize(session, "team:own", services.clock.now());
}

/** Shows what ends with a membership, and asks about the tokens of the team that are theirs. */
async function show(page: MemberRequest, userId: UserId, typed: FormFields, isMissing: boolean) {
  const { member, tokens } = await readDeparture(page.services, page.session, userId);
  const leaving = userId === page.session.userId;
  return page.render(
    { title: leaving ? "Leave this team" : `Remove ${member.email}`, section: "team" },
    <RemoveMember
      email={member.email}
      action={leaving ? "/team/leave" : `/team/members/${userId}/remove`}
      leaving={leaving}
      tokens={tokens}
      typed={typed}
      isMissing={isMissing}
    />,
    isMissing ? 422 : 200,
  );
}

/** Removes, where it has been decided of each token of the team whether it goes on. */
async function remove(page: MemberRequest, userId: UserId, form: FormFields): Promise<boolean> {
  const { tokens } = await readDeparture(page.services, page.session, userId);
  const ids = (decision: string) =>
    tokens.map(({ id }) => id).filter((id) => form.get(`token_${id}`) === decision);
  const decisions = { kept: ids("keep"), revoked: ids("revoke") };
  if (decisions.kept.length + decisions.revoked.length < tokens.length) return false;
  await removeMember(page.services, page.session, userId, decisions, page.actor);
  return true;
}

/** `/team/members/{id}/remove`: takes a member out of the team. */
export const removePage = memberPage("/team/members/:id/remove", {
  get(page) {
    return show(page, parseId<UserId>(page.param("id")), new URLSearchParams(), false);
  },
  async post(page, form) {
    checkOwnership(page);
    const userId = parseId<UserId>(page.param("id"));
    if (!await remove(page, userId, form)) return await show(page, userId, form, true);
    return page.redirect("/team", "member_removed");
  },
});

/** `/team/leave`: takes oneself out of it, which ends this session too. */
export const leavePage = memberPage("/team/leave", {
  get(page) {
    return show(page, page.session.userId, new URLSearchParams(), false);
  },
  async post(page, form) {
    checkOwnership(page);
    const { userId } = page.session;
    if (!await remove(page, userId, form)) return await show(page, userId, form, true);
    page.setSession(null);
    return page.redirect("/sign-in", "team_left");
  },
});
