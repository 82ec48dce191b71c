import { hasFactor, listMemberships, type Membership, switchTenant } from "../../lib/auth/mod.ts";
import { parseId, type TenantId } from "../../lib/ids.ts";
import {
  Badge,
  Button,
  ButtonLink,
  type Column,
  Compartment,
  Form,
  Hold,
  memberPage,
  type MemberRequest,
  PageHead,
  Table,
} from "../../lib/web/mod.ts";

const columns = (own: TenantId): Column<Membership>[] => [
  { head: "Team", cell: ({ tenantName }) => tenantName },
  { head: "Your role", cell: ({ role }) => <Badge>{role}</Badge> },
  {
    head: "Actions",
    headHidden: true,
    cell: ({ tenantId, tenantName }) =>
      tenantId === own
        ? <Badge tone="good">You are here</Badge>
        : (
          <Form action="/account/team" inline>
            <input type="hidden" name="team" value={tenantId} />
            <Button label={`Switch to ${tenantName}`}>Switch to it</Button>
          </Form>
        ),
  },
];

function Address({ page }: { page: MemberRequest }) {
  const { email } = page.session;
  return (
    <Compartment id="address" title="E-mail address" about="Where mail about your account goes.">
      <p>
        {email} <Badge tone="good">Verified</Badge>
      </p>
      {page.services.mailer.available && (
        <div class="row">
          <ButtonLink href="/account/email">Change it</ButtonLink>
        </div>
      )}
    </Compartment>
  );
}

/** `/account`: who one is here, and what may be changed about it. */
export const accountPage = memberPage("/account", {
  async get(page) {
    const { session } = page;
    const teams = await listMemberships(page.services, session);
    return page.render(
      { title: "Account", section: "account" },
      <>
        <PageHead title="Account" />
        <Hold>
          <Address page={page} />
          <Compartment id="password" title="Password">
            <div class="row">
              <ButtonLink href="/account/password">
                {session.hasPassword ? "Change the password" : "Set a password"}
              </ButtonLink>
            </div>
          </Compartment>
          <Compartment
            id="security"
            title="Two-factor authentication"
            about="Passkeys, an authenticator app, recovery codes."
          >
            <p>
              {hasFactor(session.factors)
                ? <Badge tone="good">On</Badge>
                : <Badge tone="warn">Off</Badge>}
            </p>
            <div class="row">
              <ButtonLink href="/account/security">Open security</ButtonLink>
            </div>
          </Compartment>
          <Compartment id="devices" title="Devices" about="Everywhere that you are signed in.">
            <div class="row">
              <ButtonLink href="/account/sessions">Show devices</ButtonLink>
            </div>
          </Compartment>
          <Compartment
            id="teams"
            title="Teams"
            about="What you see belongs to one of them at a time."
          >
            <Table caption="Your teams" columns={columns(session.tenantId)} rows={teams} />
          </Compartment>
        </Hold>
      </>,
    );
  },
});

/** `/account/team`: goes on in another team. */
export const switchTeamPage = memberPage("/account/team", {
  async post(page, form) {
    const team = parseId<TenantId>(form.get("team") ?? "");
    await switchTenant(page.services, page.session, team, page.actor);
    return page.redirect("/endpoints", "team_switched");
  },
});
