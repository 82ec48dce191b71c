import type { ConnectedApp } from "../../oauth/mod.ts";
import { Button, Form } from "../components/form.tsx";
import { Badge, type Column, formatCount, Table, Time } from "../components/pieces.tsx";
import { ReachedTables } from "./table_reach.tsx";
import { Visible } from "../components/visible_text.tsx";

type Reached = ConnectedApp["endpoints"][number];

const writesAtOnce = ({ scope, review }: Reached) => scope === "mcp:write" && !review;

/** What the app may do on an endpoint, and where to see what it did. */
function Reach({ id, endpoint }: { id: ConnectedApp["id"]; endpoint: Reached }) {
  const { slug, name, scope, tables } = endpoint;
  const link = (
    <a href={`/endpoints/${slug}`}>
      <Visible text={name} />
    </a>
  );
  const chosen = tables && (
    <span class="small soft">
      only <ReachedTables tables={tables} />
    </span>
  );
  if (scope === "mcp") {
    return (
      <li>
        {link} <Badge>Reads</Badge> {chosen}
      </li>
    );
  }
  return (
    <li>
      {link} {writesAtOnce(endpoint) ? <Badge tone="warn">Reads and writes</Badge> : (
        <>
          <Badge>Reads and writes</Badge> <span class="small">(each change is reviewed)</span>
        </>
      )} {chosen}{" "}
      <a class="small" href={`/endpoints/${slug}/changes?who=app:${id}`}>What it changed</a>
    </li>
  );
}

const APPS: readonly Column<ConnectedApp>[] = [
  {
    head: "App",
    cell: ({ app }) => (
      <>
        <Visible text={app.name} />
        <br />
        <span class="small soft">
          <Visible text={app.host} />
        </span>
      </>
    ),
  },
  { head: "Allowed by", cell: ({ email }) => <Visible text={email} /> },
  {
    head: "Reaches",
    cell: ({ id, endpoints }) =>
      endpoints.length === 0 ? <Badge>Nothing any more</Badge> : (
        <ul class="plain">
          {endpoints.map((endpoint) => <Reach key={endpoint.slug} id={id} endpoint={endpoint} />)}
        </ul>
      ),
  },
  { head: "Connected", cell: ({ createdAt }) => <Time at={createdAt} /> },
  { head: "Last used", cell: ({ lastUsedAt }) => lastUsedAt ? <Time at={lastUsedAt} /> : "Never" },
  { head: "Calls", number: true, cell: ({ calls }) => formatCount(calls) },
  {
    head: "Actions",
    headHidden: true,
    // One press: connecting again is easy, and an app that must be held back must be so now.
    cell: ({ id, app, email, endpoints }) => (
      <div class="row">
        {endpoints.some(writesAtOnce) && (
          <Form action={`/apps/${id}/review`} inline>
            <Button label={`Hold its changes for approval: ${app.name} of ${email}`}>
              Hold its changes
            </Button>
          </Form>
        )}
        <Form action={`/apps/${id}/disconnect`} inline>
          <Button tone="danger" label={`Disconnect ${app.name} of ${email}`}>Disconnect</Button>
        </Form>
      </div>
    ),
  },
];

/** The connected apps: what each reaches and does, held back or disconnected by one press. */
export function AppTable({ apps }: { apps: readonly ConnectedApp[] }) {
  return <Table caption="Connected apps" columns={APPS} rows={apps} />;
}
