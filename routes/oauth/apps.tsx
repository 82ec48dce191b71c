import { may } from "../../lib/auth/mod.ts";
import { listConnectedApps, listManualClients, type ManualClient } from "../../lib/oauth/mod.ts";
import {
  AppTable,
  Button,
  ButtonLink,
  type Column,
  Compartment,
  Confirm,
  EmptyState,
  Form,
  Hold,
  memberPage,
  PageHead,
  Table,
  Visible,
} from "../../lib/web/mod.ts";

const CLIENTS: readonly Column<ManualClient>[] = [
  {
    head: "App",
    cell: ({ name, clientId }) => (
      <>
        <Visible text={name} />
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
];

const REMOVE: Column<ManualClient> = {
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
};

/** `/apps`: every connected app, what it reaches and does, and the apps that were registered by hand. */
export const appsPage = memberPage("/apps", {
  async get(page) {
    const apps = await listConnectedApps(page.services, page.scope);
    const clients = await listManualClients(page.services, page.scope);
    const registers = may(page.session.role, "apps:register");
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
          : <AppTable apps={apps} />}
        <Hold>
          <Compartment
            id="clients"
            title="Registered by hand"
            about="Most apps make themselves known. One that cannot is registered here, for this account's members alone."
          >
            {clients.length > 0 && (
              <Table
                caption="Apps registered by hand"
                columns={registers ? [...CLIENTS, REMOVE] : CLIENTS}
                rows={clients}
              />
            )}
            {registers
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
