import {
  type ConnectedApp,
  listConnectedApps,
  listManualClients,
  type ManualClient,
} from "../../lib/oauth/mod.ts";
import {
  Badge,
  Button,
  ButtonLink,
  type Column,
  Compartment,
  Confirm,
  EmptyState,
  Form,
  formatCount,
  Hold,
  memberPage,
  PageHead,
  Table,
  Time,
} from "../../lib/web/mod.ts";

const APPS: readonly Column<ConnectedApp>[] = [
  {
    head: "App",
    cell: ({ app }) => (
      <>
        {app.name}
        <br />
        <span class="small soft">{app.host}</span>
      </>
    ),
  },
  { head: "Allowed by", cell: ({ email }) => email },
  {
    head: "Reaches",
    cell: ({ id, endpoints }) =>
      endpoints.length === 0 ? <Badge>Nothing any more</Badge> : (
        <ul class="plain">
          {endpoints.map(({ slug, name, scope, review }) => (
            <li key={slug}>
              <a href={`/endpoints/${slug}`}>{name}</a> {scope === "mcp:write"
                ? (
                  <>
                    {review
                      ? (
                        <>
                          <Badge>Reads and writes</Badge>{" "}
                          <span class="small">(each change is reviewed)</span>
                        </>
                      )
                      : <Badge tone="warn">Reads and writes</Badge>}{" "}
                    <a class="small" href={`/endpoints/${slug}/changes?who=app:${id}`}>
                      What it changed
                    </a>
                  </>
                )
                : <Badge>Reads</Badge>}
            </li>
          ))}
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
        {endpoints.some(({ scope, review }) => scope === "mcp:write" && !review) && (
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

const CLIENTS: readonly Column<ManualClient>[] = [
  {
    head: "App",
    cell: ({ name, clientId }) => (
      <>
        {name}
        <br />
        <code class="soft">{clientId}</code>
      </>
    ),
  },
  {
    head: "Kind",
    cell: ({ confidential }) => confidential ? "Confidential, with a secret" : "Public",
  },
  {
    head: "Goes back to",
    cell: ({ redirectUris }) => (
      <ul class="plain">{redirectUris.map((uri) => <li key={uri}>{uri}</li>)}</ul>
    ),
  },
  {
    head: "Actions",
    headHidden: true,
    cell: ({ id, name }) => (
      <Confirm summary="Remove" label={`Remove ${name}`} quiet>
        <p class="small">
          It is disconnected from everybody at once, and has to be registered anew.
        </p>
        <Form action={`/apps/clients/${id}/remove`} inline>
          <Button tone="danger solid" label={`Remove ${name} now`}>Remove now</Button>
        </Form>
      </Confirm>
    ),
  },
];

/** `/apps`: every connected app, what it reaches and does, and the apps that were registered by hand. */
export const appsPage = memberPage("/apps", {
  async get(page) {
    const apps = await listConnectedApps(page.services, page.scope);
    const clients = await listManualClients(page.services, page.scope);
    return page.render(
      { title: "Apps", section: "apps" },
      <>
        <PageHead
          title="Apps"
          lead="Apps that people of this account let in. Each can be disconnected, or its changes held for approval: at once, and without touching the others."
        />
        {apps.length === 0
          ? (
            <EmptyState title="No app is connected">
              Give an agent the URL of an endpoint: it sends you here to ask, and you decide.
            </EmptyState>
          )
          : <Table caption="Connected apps" columns={APPS} rows={apps} />}
        <Hold>
          <Compartment
            id="clients"
            title="Registered by hand"
            about="Most apps make themselves known. One that cannot is registered here, for this account's members alone."
          >
            {clients.length > 0 && (
              <Table caption="Apps registered by hand" columns={CLIENTS} rows={clients} />
            )}
            {page.session.role === "owner" || page.session.role === "admin"
              ? (
                <div class="row">
                  <ButtonLink href="/apps/clients/new">Register an app</ButtonLink>
                </div>
              )
              : <p class="soft">Owners and admins register apps.</p>}
          </Compartment>
        </Hold>
      </>,
    );
  },
});
