import {
  endOtherSessions,
  endOwnSession,
  listSessions,
  type SessionView,
} from "../../lib/auth/mod.ts";
import { parseId, type SessionId } from "../../lib/ids.ts";
import {
  Badge,
  Button,
  type Column,
  Form,
  memberPage,
  PageHead,
  Table,
  Time,
  Visible,
} from "../../lib/web/mod.ts";

const CRUMBS = [{ href: "/account", label: "Account" }];

const columns = (own: SessionId): Column<SessionView>[] => [
  {
    head: "Device",
    cell: ({ id, device }) => (
      <>
        {device || "Unknown device"} {id === own && <Badge tone="good">This one</Badge>}
      </>
    ),
  },
  { head: "Team", cell: ({ tenantName }) => <Visible text={tenantName} /> },
  { head: "Network", cell: ({ network }) => network ?? "Unknown" },
  { head: "Signed in", cell: ({ createdAt }) => <Time at={createdAt} /> },
  { head: "Last used", cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
  {
    head: "Actions",
    headHidden: true,
    cell: ({ id, device }) =>
      id !== own && (
        <Form action={`/account/sessions/${id}/end`} inline>
          <Button tone="danger" label={`Sign out ${device}`}>Sign out</Button>
        </Form>
      ),
  },
];

/** `/account/sessions`: everywhere that one is signed in. */
export const sessionsPage = memberPage("/account/sessions", {
  async get(page) {
    const sessions = await listSessions(page.services, page.session);
    return page.render(
      { title: "Devices", section: "account" },
      <>
        <PageHead
          title="Devices"
          crumbs={CRUMBS}
          lead="Everywhere that you are signed in. Each is signed out 14 days after its last use, and 30 days after signing in."
          actions={sessions.length > 1 && (
            <Form action="/account/sessions/others" inline>
              <Button tone="danger">Sign out all others</Button>
            </Form>
          )}
        />
        <Table caption="Devices" columns={columns(page.session.id)} rows={sessions} />
      </>,
    );
  },
});

/** `/account/sessions/others`: signs out everywhere but here. */
export const endOthersPage = memberPage("/account/sessions/others", {
  async post(page) {
    await endOtherSessions(page.services, page.session, page.session.id, page.actor);
    return page.redirect("/account/sessions", "sessions_ended");
  },
});

/** `/account/sessions/{id}/end`: signs one out. */
export const endSessionPage = memberPage("/account/sessions/:id/end", {
  async post(page) {
    const id = parseId<SessionId>(page.param("id"));
    await endOwnSession(page.services, page.session, id, page.actor);
    return page.redirect("/account/sessions", "session_ended");
  },
});
