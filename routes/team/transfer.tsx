import { z } from "zod";
import { type MemberView, readTeam, transferOwnership } from "../../lib/auth/mod.ts";
import { parseId, type UserId } from "../../lib/ids.ts";
import {
  Button,
  checkForm,
  Form,
  memberPage,
  type MemberRequest,
  Notice,
  Select,
  Sheet,
} from "../../lib/web/mod.ts";

function Choose({ others, error }: { others: readonly MemberView[]; error: string | undefined }) {
  if (others.length === 0) {
    return (
      <Notice tone="info" title="There is nobody to transfer it to">
        Invite somebody first. Whoever is a member, and no owner yet, can become one.
      </Notice>
    );
  }
  return (
    <>
      <p>
        The member that you choose becomes an owner: they may do everything, and decide who else is
        an owner. You become an admin. Only an owner can make you one again.
      </p>
      <Form action="/team/transfer">
        <Select
          name="member"
          label="New owner"
          value=""
          options={[
            { value: "", label: "Choose a member" },
            ...others.map(({ userId, email, role }) => ({
              value: userId,
              label: `${email} (${role})`,
            })),
          ]}
          error={error}
        />
        <Button tone="danger solid">Transfer ownership</Button>
      </Form>
    </>
  );
}

async function show(page: MemberRequest, error?: string): Promise<Response> {
  const { members } = await readTeam(page.services, page.session);
  return page.render(
    { title: "Transfer ownership", section: "team" },
    <Sheet
      title="Transfer ownership"
      faults={error ? { member: error } : {}}
      foot={<a href="/team">Cancel</a>}
    >
      <Choose others={members.filter(({ role }) => role !== "owner")} error={error} />
    </Sheet>,
    error ? 422 : 200,
  );
}

/** `/team/transfer`: an owner makes another member one in their place. */
export const transferPage = memberPage("/team/transfer", {
  get: (page) => show(page),
  async post(page, form) {
    const checked = checkForm(form, z.object({ member: z.uuid("Choose a member.") }));
    if (!checked.ok) return await show(page, checked.faults["member"]);
    const member = parseId<UserId>(checked.values.member);
    await transferOwnership(page.services, page.session, member, page.actor);
    return page.redirect("/team", "ownership_transferred");
  },
});
