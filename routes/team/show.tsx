import { may, readTeam, type Session } from "../../lib/auth/mod.ts";
import {
  Button,
  ButtonLink,
  Compartment,
  Field,
  Form,
  Hold,
  memberPage,
  type MemberRequest,
  Notice,
  PageHead,
  Select,
  Table,
  TeamTwoFactor,
} from "../../lib/web/mod.ts";
import { type Refusal, withRetry } from "../account/refusal.ts";
import { Leave } from "./leave_part.tsx";
import { reviewMailPart } from "./review_mail.tsx";
import { INVITATION_COLUMNS, memberColumns, roleOptions } from "./tables.tsx";

/** What is typed into the invitation's form, and what is wrong with it. */
export interface Inviting {
  readonly email?: string;
  readonly role?: string;
  readonly faults?: Readonly<Record<string, string>>;
  readonly refusal?: Refusal;
}

function Invite({ session, typed }: { session: Session; typed: Inviting }) {
  const faults = typed.faults ?? {};
  return (
    <Form action="/team/invitations">
      {typed.refusal && (
        <Notice tone="danger" title="Nobody was invited">{typed.refusal.text}</Notice>
      )}
      <Field
        name="email"
        type="email"
        label="E-mail address"
        required
        maxLength={254}
        value={typed.email}
        error={faults["email"]}
      />
      <Select
        name="role"
        label="Role"
        value={typed.role ?? "member"}
        options={roleOptions(session)}
        error={faults["role"]}
      />
      <Button tone="primary">Invite</Button>
    </Form>
  );
}

/** Shows the team; `typed` where an invitation was refused. */
export async function showTeam(page: MemberRequest, typed: Inviting = {}): Promise<Response> {
  const { session, services } = page;
  const team = await readTeam(services, session);
  const mail = await reviewMailPart(page);
  const manages = may(session.role, "team:manage");
  const answer = page.render(
    { title: "Team", section: "team" },
    <>
      <PageHead
        title={session.tenantName}
        lead={
          <>
            Who shares the endpoints, tokens and apps of this team.{" "}
            <a href="/team/roles">What each role may do</a>
          </>
        }
      />
      <Hold>
        <Compartment id="members" title="Members">
          <Table caption="Members" columns={memberColumns(session)} rows={team.members} />
        </Compartment>
        {manages && (
          <Compartment
            id="invitations"
            title="Invite"
            about="By mail: the link works once, within 7 days, for this address, and as long as you may invite."
          >
            {team.invitations.length > 0 && (
              <Table caption="Invitations" columns={INVITATION_COLUMNS} rows={team.invitations} />
            )}
            {services.mailer.available
              ? <Invite session={session} typed={typed} />
              : <Notice>This server sends no mail, so that nobody can be invited.</Notice>}
          </Compartment>
        )}
        {manages && (
          <Compartment id="name" title="Name" about="As members and those invited see it.">
            <Form action="/team/name">
              <Field
                name="name"
                label="Name of the team"
                required
                maxLength={200}
                value={session.tenantName}
              />
              <Button>Rename</Button>
            </Form>
          </Compartment>
        )}
        {may(session.role, "team:own") && team.members.length > 1 && (
          <Compartment
            id="ownership"
            title="Ownership"
            about="Give it to another member, and stay as an admin."
          >
            <div class="row">
              <ButtonLink href="/team/transfer">Transfer ownership</ButtonLink>
            </div>
          </Compartment>
        )}
        <Compartment
          id="two-factor"
          title="Two-factor authentication"
          about="Whether members need a passkey or an authenticator app to do anything in this team."
        >
          <TeamTwoFactor
            session={session}
            members={team.members}
            required={team.twoFactorRequired}
            owns={may(session.role, "team:own")}
          />
        </Compartment>
        {mail}
        <Compartment id="leave" title="Leave">
          <Leave session={session} members={team.members} />
        </Compartment>
      </Hold>
    </>,
    typed.refusal?.status ?? (typed.faults ? 422 : 200),
  );
  return withRetry(answer, typed.refusal);
}

/** `/team`: who is in it, and who is asked to be. */
export const teamPage = memberPage("/team", { get: (page) => showTeam(page) });
