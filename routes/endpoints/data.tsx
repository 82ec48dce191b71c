import { may, type Role } from "../../lib/auth/mod.ts";
import type { IngestView } from "../../lib/ingest/mod.ts";
import type { EndpointRef } from "../../lib/principal.ts";
import type { ManifestView } from "../../lib/tools/mod.ts";
import type { Unopened } from "./unopened.ts";
import {
  Button,
  Compartment,
  ForeignKeyForm,
  Form,
  LoadsView,
  TablesView,
  ToolsView,
} from "../../lib/web/mod.ts";

/** What the page of an endpoint shows. */
export interface ShownEndpoint {
  endpoint: EndpointRef;
  manifest: ManifestView;
  loads: readonly IngestView[];
  mcpUrl: string;
  /** Changes that wait for a person; null where nobody could say. */
  waiting: number | null;
  /** Tables that no agent sees yet; null where nobody could say. */
  unopened: Unopened | null;
  /** Of who looks: what it may not do is not offered. */
  role: Role;
}

/** What an endpoint holds: its tables, the tools made from them, what was loaded, foreign keys. */
export function EndpointData({ endpoint, manifest, loads, role }: ShownEndpoint) {
  const changes = may(role, "endpoints:change");
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
        {changes && (
          <Form action={`${path}/rebuild`} inline>
            <Button>Rebuild now</Button>
          </Form>
        )}
      </Compartment>
      <Compartment id="loads" title="Loads" about="Each file that was handed in, and its report.">
        <LoadsView path={path} loads={loads} />
      </Compartment>
      {changes && (
        <Compartment
          id="links"
          title="Links"
          about="Foreign keys let tools join tables. Those that names and data show were found; declare others here. Every row is checked first."
        >
          <ForeignKeyForm path={path} tables={tables} />
        </Compartment>
      )}
    </>
  );
}
