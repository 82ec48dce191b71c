import { type IngestView, listIngests } from "../../lib/ingest/mod.ts";
import type { EndpointRef } from "../../lib/principal.ts";
import { type ManifestView, readManifest } from "../../lib/tools/mod.ts";
import {
  Button,
  ButtonLink,
  Compartment,
  ConnectEndpoint,
  DeleteEndpoint,
  EmptyState,
  EndpointActions,
  ForeignKeyForm,
  Form,
  Hold,
  LoadsView,
  memberPage,
  PageHead,
  SettingsForm,
  TablesView,
  ToolsView,
  WritesState,
} from "../../lib/web/mod.ts";
import { waitingIn } from "../review/waiting.ts";
import { enterPage } from "./enter.ts";

interface ShowProps {
  endpoint: EndpointRef;
  manifest: ManifestView;
  loads: readonly IngestView[];
  mcpUrl: string;
  /** Changes that wait for a person; null where nobody could say. */
  waiting: number | null;
}

function Data({ endpoint, manifest, loads }: ShowProps) {
  const path = `/endpoints/${endpoint.slug}`;
  const { tables, tools, version } = manifest;
  return (
    <>
      <Compartment id="tables" title="Tables" about="What agents see, and nothing besides.">
        <TablesView tables={tables} />
      </Compartment>
      <Compartment
        id="tools"
        title="Tools"
        about={`Made from the tables. Version ${version}, rebuilt at every change of the schema.`}
      >
        <ToolsView tools={tools} />
        <Form action={`${path}/rebuild`} inline>
          <Button>Rebuild now</Button>
        </Form>
      </Compartment>
      <Compartment id="loads" title="Loads" about="Each file that was handed in, and its report.">
        <LoadsView path={path} loads={loads} />
      </Compartment>
      <Compartment
        id="links"
        title="Links"
        about="Foreign keys let tools join tables. Those that names and data show were found; declare others here. Every row is checked first."
      >
        <ForeignKeyForm path={path} tables={tables} />
      </Compartment>
    </>
  );
}

function Show(props: ShowProps) {
  const { endpoint, manifest, loads, mcpUrl, waiting } = props;
  const { slug, name } = endpoint;
  const path = `/endpoints/${slug}`;
  const empty = manifest.tables.length === 0;
  const add = <ButtonLink href={`${path}/files`}>Add a file</ButtonLink>;
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
        {!empty && <ConnectEndpoint slug={slug} mcpUrl={mcpUrl} />}
        {empty
          ? (
            <Compartment id="tables" title="Tables">
              {loads.length > 0 && <LoadsView path={path} loads={loads} />}
              <EmptyState title="No tables yet" action={add}>
                Once a file is loaded, its tables and the tools made from them stand here.
              </EmptyState>
            </Compartment>
          )
          : <Data {...props} />}
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
        <Compartment id="settings" title="Settings">
          <SettingsForm path={path} endpoint={endpoint} />
        </Compartment>
        <Compartment id="delete" title="Delete">
          <DeleteEndpoint path={path} name={name} />
        </Compartment>
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
    const mcpUrl = new URL(`/mcp/${endpoint.slug}`, services.baseUrl).href;
    return page.render(
      { title: endpoint.name, section: "endpoints" },
      <Show
        endpoint={endpoint}
        manifest={manifest}
        loads={loads}
        mcpUrl={mcpUrl}
        waiting={waiting}
      />,
    );
  },
});
