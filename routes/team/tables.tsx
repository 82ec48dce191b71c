import {
  atLeast,
  type InvitationView,
  may,
  type MemberView,
  type Role,
  ROLES,
  type Session,
} from "../../lib/auth/mod.ts";
import {
  Badge,
  Button,
  type Column,
  Confirm,
  Form,
  Select,
  Time,
  Visible,
} from "../../lib/web/mod.ts";

const ROLE_TEXT: Readonly<Record<Role, string>> = {
  owner: "Owner: everything, and who else is one",
  admin: "Admin: everything but owners; deletes endpoints, invites people",
  member: "Member: endpoints, files and tokens",
  viewer: "Viewer: looks, and changes nothing",
};

/** The roles that somebody may give. */
const givable = (session: Session) => ROLES.filter((role) => atLeast(session.role, role));

/** The roles that somebody may give, as a choice. */
export const roleOptions = (session: Session) =>
  givable(session).map((role) => ({ value: role, label: ROLE_TEXT[role] }));

function Actions({ member, session }: { member: MemberView; session: Session }) {
  const { userId, email, role } = member;
  if (userId === session.userId || !atLeast(session.role, role)) return null;
  return (
    <div class="row">
      <Confirm summary="Change role" label={`Change the role of ${email}`} quiet mild>
        <Form action={`/team/members/${userId}/role`}>
          <Select
            name="role"
            label={`Role of ${email}`}
            value={role}
            options={roleOptions(session)}
          />
          <Button tone="primary">Change role</Button>
        </Form>
      </Confirm>
      <a
        class="button quiet danger"
        href={`/team/members/${userId}/remove`}
        aria-label={`Remove ${email}`}
      >
        Remove
      </a>
    </div>
  );
}

/** The table of members, as somebody in it sees it. */
export const memberColumns = (session: Session): Column<MemberView>[] => [
  {
    head: "Member",
    cell: ({ email, userId }) => (
      <>
        <Visible text={email} /> {userId === session.userId && <Badge>You</Badge>}
      </>
    ),
  },
  { head: "Role", cell: ({ role }) => <Badge>{role}</Badge> },
  { head: "Since", cell: ({ since }) => <Time at={since} /> },
  ...(may(session.role, "team:manage")
    ? [{
      head: "Actions",
      headHidden: true,
      cell: (member: MemberView) => <Actions member={member} session={session} />,
    }]
    : []),
];

/** The table of invitations. */
export const INVITATION_COLUMNS: readonly Column<InvitationView>[] = [
  { head: "Invited", cell: ({ email }) => <Visible text={email} /> },
  { head: "As", cell: ({ role }) => <Badge>{role}</Badge> },
  { head: "Until", cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  {
    head: "Actions",
    headHidden: true,
    cell: ({ id, email }) => (
      <Form action={`/team/invitations/${id}/withdraw`} inline>
        <Button label={`Withdraw the invitation of ${email}`}>Withdraw</Button>
      </Form>
    ),
  },
];
