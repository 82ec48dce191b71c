import { may } from "../../lib/auth/mod.ts";
import { listIngests } from "../../lib/ingest/mod.ts";
import { readManifest } from "../../lib/tools/mod.ts";
import {
  ButtonLink,
  Compartment,
  ConnectEndpoint,
  DeleteEndpoint,
  EmptyState,
  EndpointActions,
  Hold,
  LoadsView,
  memberPage,
  PageHead,
  SettingsForm,
  WaitingTables,
  WritesState,
} from "../../lib/web/mod.ts";
import { waitingIn } from "../review/waiting.ts";
import { unopenedIn } from "./unopened.ts";
import { EndpointData, type ShownEndpoint } from "./data.tsx";
import { enterPage } from "./enter.ts";

function Show(props: ShownEndpoint) {
  const { endpoint, manifest, loads, mcpUrl, waiting, unopened, role } = props;
  const { slug, name } = endpoint;
  const path = `/endpoints/${slug}`;
  const empty = manifest.tables.length === 0;
  const add = may(role, "files:write")
    ? <ButtonLink href={`${path}/files`}>Add a file</ButtonLink>
    : null;
  return (
    <>
      <PageHead
        title={name}
        crumbs={[{ href: "/endpoints", label: "Endpoints" }]}
        lead={<code>{slug}</code>}
        actions={
          <EndpointActions path={path} writes={endpoint.settings.writes} waiting={waiting}>
            {!empty && add}
          </EndpointActions>
        }
      />
      <Hold>
        {unopened && unopened.tables.length > 0 && (
          <Compartment
            id="waiting-tables"
            title="New tables"
            about="They wait because rules or a choice of tables were set on this endpoint, or its owner said so."
          >
            <WaitingTables path={path} manages={may(role, "rules:write")} {...unopened} />
          </Compartment>
        )}
        {!empty && (
          <ConnectEndpoint
            slug={slug}
            mcpUrl={mcpUrl}
            mints={may(role, "tokens:write")}
          />
        )}
        {empty
          ? (
            <Compartment id="tables" title="Tables">
              {loads.length > 0 && <LoadsView path={path} loads={loads} />}
              <EmptyState title="No tables yet" action={add}>
                Once a file is loaded, its tables and the tools made from them stand here.
              </EmptyState>
            </Compartment>
          )
          : <EndpointData {...props} />}
        <Compartment
          id="access"
          title="Access"
          about="Whether agents may change rows, and which columns and rows they never see."
        >
          <WritesState writes={endpoint.settings.writes} />
          <div class="row">
            <ButtonLink href={`${path}/access`}>Writing and field rules</ButtonLink>
          </div>
        </Compartment>
        {may(role, "endpoints:change") && (
          <Compartment id="settings" title="Settings">
            <SettingsForm path={path} endpoint={endpoint} />
          </Compartment>
        )}
        {may(role, "endpoints:delete") && (
          <Compartment id="delete" title="Delete">
            <DeleteEndpoint path={path} name={name} />
          </Compartment>
        )}
      </Hold>
    </>
  );
}

/** `/endpoints/{slug}`: what an endpoint holds and offers, and how to reach it. */
export const endpointPage = memberPage("/endpoints/:slug", {
  async get(page) {
    const { services } = page;
    const scope = await enterPage(page);
    const { endpoint } = scope;
    const [manifest, loads, waiting] = await Promise.all([
      readManifest(services, scope),
      listIngests(services, scope),
      waitingIn(services, scope),
    ]);
    const unopened = await unopenedIn(services, scope);
    const mcpUrl = new URL(`/mcp/${endpoint.slug}`, services.baseUrl).href;
    return page.render(
      { title: endpoint.name, section: "endpoints" },
      <Show
        endpoint={endpoint}
        manifest={manifest}
        loads={loads}
        mcpUrl={mcpUrl}
        waiting={waiting}
        unopened={unopened}
        role={page.session.role}
      />,
    );
  },
});
