import {
  acceptInvitation,
  INVITATION_PATH,
  type Invited,
  openInvitation,
  switchTenant,
} from "../../lib/auth/mod.ts";
import { AppError } from "../../lib/errors.ts";
import {
  Button,
  ButtonLink,
  Form,
  Notice,
  type PageRequest,
  publicPage,
  Sheet,
  Visible,
} from "../../lib/web/mod.ts";

function Answer({ page, path, invited }: { page: PageRequest; path: string; invited: Invited }) {
  const next = encodeURIComponent(path);
  if (!page.session) {
    return (
      <>
        <p>
          Sign in with{" "}
          <Visible text={invited.email} />, or create an account with that address, to join.
        </p>
        <div class="row">
          <ButtonLink href={`/sign-in?next=${next}`} tone="primary">Sign in</ButtonLink>
          <ButtonLink href={`/sign-up?next=${next}`}>Create account</ButtonLink>
        </div>
      </>
    );
  }
  if (page.session.email !== invited.email) {
    return (
      <Notice tone="warn" title="This invitation is for another address">
        It was sent to <Visible text={invited.email} />; you are signed in as{" "}
        {page.session.email}. Sign out, and open the link again.
      </Notice>
    );
  }
  return (
    <Form>
      <Button tone="primary">Join the team</Button>
    </Form>
  );
}

/** `/invitations/{secret}`: where an invitation lands. Opening it changes nothing. */
export const invitationPage = publicPage(`${INVITATION_PATH}:secret`, {
  async get(page) {
    const invited = await openInvitation(page.services, page.param("secret"), page.actor);
    const path = INVITATION_PATH + encodeURIComponent(page.param("secret"));
    return page.render(
      { title: "Invitation" },
      <Sheet title={`Join ${invited.tenantName}`}>
        <p class="soft">
          <Visible text={invited.invitedBy ?? "Somebody"} /> invites you as {invited.role}.{" "}
          <a href="/team/roles">What each role may do</a>
        </p>
        <Answer page={page} path={path} invited={invited} />
      </Sheet>,
    );
  },
  async post(page) {
    const { services, session, actor } = page;
    if (!session) throw new AppError("AUTHENTICATION_REQUIRED");
    const team = await acceptInvitation(services, session, page.param("secret"), actor);
    await switchTenant(services, session, team, actor);
    return page.redirect("/team", "team_joined");
  },
});
