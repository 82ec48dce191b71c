import type { ComponentChildren } from "preact";
import type { IngestView } from "../../ingest/mod.ts";
import type { EndpointRef } from "../../principal.ts";
import type { TableView, ToolView } from "../../tools/mod.ts";
import { CodeBlock } from "../components/code_block.tsx";
import { Button, ButtonLink, Choices, Field, Form, Select } from "../components/form.tsx";
import { Compartment } from "../components/layout.tsx";
import { Badge, type Column, Confirm, formatCount, Table, Time } from "../components/pieces.tsx";
import { ClientSnippets } from "../components/snippets.tsx";
import { STATUS_TEXT } from "./ingest_text.ts";
import { Visible } from "../components/visible_text.tsx";

const LOADS = (path: string): Column<IngestView>[] => [
  { head: "File", cell: ({ id, fileName }) => <a href={`${path}/ingests/${id}`}>{fileName}</a> },
  {
    head: "State",
    cell: ({ status }) => {
      const { text, tone } = STATUS_TEXT[status];
      return <Badge {...(tone ? { tone } : {})}>{text}</Badge>;
    },
  },
  {
    head: "Rows",
    number: true,
    cell: ({ report }) =>
      report ? formatCount(report.tables.reduce((sum, { rows }) => sum + rows, 0)) : "",
  },
  {
    head: "Set aside",
    number: true,
    cell: ({ report }) => report ? formatCount(report.rejects) : "",
  },
  { head: "When", tight: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
];

/** The loads of an endpoint, newest first. */
export function LoadsView({ path, loads }: { path: string; loads: readonly IngestView[] }) {
  return <Table caption="Loads" columns={LOADS(path)} rows={loads} />;
}

const TOOLS: readonly Column<ToolView>[] = [
  { head: "Tool", cell: ({ name }) => <code>{name}</code> },
  { head: "What an agent reads of it", cell: ({ description }) => description },
];

/** The tools that agents are offered. */
export function ToolsView({ tools }: { tools: readonly ToolView[] }) {
  return <Table caption="Tools" columns={TOOLS} rows={tools} />;
}

/** One column of all tables, as an option: the two names, apart whatever is in them. */
const columnOptions = (tables: readonly TableView[]) =>
  tables.flatMap((table) =>
    table.columns.map(({ name }) => ({
      value: JSON.stringify([table.name, name]),
      label: `${table.name}.${name}`,
    }))
  );

/** The form that declares a foreign key: a column, and the key that it points to. */
export function ForeignKeyForm({ path, tables }: { path: string; tables: readonly TableView[] }) {
  const choose = { value: "", label: "Choose a column" };
  return (
    <Form action={`${path}/foreign-keys`}>
      <Select
        name="from"
        label="Column"
        required
        options={[choose, ...columnOptions(tables)]}
      />
      <Select
        name="to"
        label="Points to"
        hint="A column whose values are all different."
        required
        options={[choose, ...columnOptions(tables)]}
      />
      <Button>Declare foreign key</Button>
    </Form>
  );
}

/** The form that changes what a tenant may set for an endpoint. */
export function SettingsForm({ path, endpoint }: { path: string; endpoint: EndpointRef }) {
  const { name, settings } = endpoint;
  return (
    <Form action={`${path}/settings`}>
      <Field name="name" label="Name" value={name} required maxLength={200} />
      <Choices
        name="text_format"
        legend="Text of answers"
        type="radio"
        chosen={[settings.textFormat]}
        options={[
          {
            value: "compact",
            label: "Compact",
            hint: "One line a row: the least for a model to read.",
          },
          { value: "json", label: "JSON", hint: "For clients that read the text by program." },
        ]}
      />
      <Choices
        name="public_llms_txt"
        legend="Description for models"
        type="checkbox"
        chosen={settings.publicLlmsTxt ? ["yes"] : []}
        options={[{
          value: "yes",
          label: "Serve llms.txt to anyone",
          hint: "Names of tables and columns become public; rows never do.",
        }]}
      />
      <Button>Save</Button>
    </Form>
  );
}

/** Deleting an endpoint, in two presses. */
export function DeleteEndpoint({ path, name }: { path: string; name: string }) {
  return (
    <Confirm summary="Delete this endpoint">
      <p>
        <strong>
          <Visible text={name} />
        </strong>, its database and every row in it are deleted now and for good. Agents that use it
        are refused from then on.
      </p>
      <Form action={`${path}/delete`} inline>
        <Button tone="danger solid">Delete for good</Button>
      </Form>
    </Confirm>
  );
}

interface ActionsProps {
  path: string;
  writes: EndpointRef["settings"]["writes"];
  /** Changes that wait for a person; null where nobody could say. */
  waiting: number | null;
  children: ComponentChildren;
}

/** Where to go from an endpoint: first to what waits for a person, if anything does. */
export function EndpointActions({ path, writes, waiting, children }: ActionsProps) {
  const waits = waiting !== null && waiting > 0;
  return (
    <>
      {(waits || writes !== "off") && (
        <ButtonLink href={`${path}/review`} {...(waits ? { tone: "primary" } : {})}>
          {waits ? `Review (${formatCount(waiting)})` : "Review"}
        </ButtonLink>
      )}
      <ButtonLink href={`${path}/changes`}>Changes</ButtonLink>
      {children}
    </>
  );
}

/** How agents reach an endpoint. */
export function ConnectEndpoint(
  { slug, mcpUrl, mints }: { slug: string; mcpUrl: string; mints: boolean },
) {
  return (
    <Compartment id="connect" title="Connect" about="The address, and what to paste into a client.">
      <CodeBlock label="MCP URL" code={mcpUrl} />
      {mints && (
        <div class="row">
          <ButtonLink href={`/tokens/new?endpoint=${slug}`} tone="primary">
            Create a token for this endpoint
          </ButtonLink>
        </div>
      )}
      <ClientSnippets name={slug} url={mcpUrl} />
    </Compartment>
  );
}
