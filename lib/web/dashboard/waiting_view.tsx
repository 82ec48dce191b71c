import type { EndpointSettings } from "../../principal.ts";
import type { WholeReach } from "../../tokens/mod.ts";
import type { WaitingTable } from "../../tools/mod.ts";
import { Button, Choices, Form } from "../components/form.tsx";
import { type Column, formatNumber, Notice, Table } from "../components/pieces.tsx";

/** Who would see a table that is opened, in words. */
export function wholeReachText({ tokens, apps }: WholeReach): string {
  return tokens + apps === 0
    ? "No token and no app reaches all tables of this endpoint yet."
    : `${formatNumber(tokens, "token")} and ${
      formatNumber(apps, "app")
    } reach all tables of this endpoint.`;
}

const columnsOf = (path: string, manages: boolean): Column<WaitingTable>[] => [
  { head: "Table", cell: ({ name }) => <code>{name}</code> },
  {
    head: "Rows",
    number: true,
    cell: ({ rows }) => rows === null ? "" : `about ${formatNumber(rows, "row")}`,
  },
  { head: "Columns", cell: ({ columns }) => <code>{columns.join(", ")}</code> },
  ...(manages
    ? [{
      head: "Actions",
      headHidden: true,
      cell: ({ name }: WaitingTable) => (
        <div class="row">
          <Form action={`${path}/tables/open`} inline>
            <input type="hidden" name="table" value={name} />
            <Button tone="primary" label={`Open ${name}`}>Open</Button>
          </Form>
          <a
            class="button quiet"
            href={`${path}/access/${encodeURIComponent(name)}`}
            aria-label={`Set rules for ${name} first`}
          >
            Set rules first
          </a>
        </div>
      ),
    }]
    : []),
];

/** The tables that no agent sees until somebody opens them. */
export function WaitingTables(
  { path, tables, manages, whole }: {
    path: string;
    tables: readonly WaitingTable[];
    /** Whether the person may open them. */
    manages: boolean;
    whole: WholeReach;
  },
) {
  return (
    <div class="stack">
      <Notice tone="warn" title={`${formatNumber(tables.length, "new table")} not open yet`}>
        No token and no app sees {tables.length === 1 ? "it" : "them"}. {wholeReachText(whole)}{" "}
        {manages ? "Open what they may see." : "Owners and admins of the team can open tables."}
      </Notice>
      <Table caption="Tables that wait" columns={columnsOf(path, manages)} rows={tables} />
    </div>
  );
}

const NEW_TABLES: Readonly<
  Record<EndpointSettings["newTables"], { label: string; hint: string }>
> = {
  auto: {
    label: "Automatic",
    hint:
      "Open, until a field rule or a choice of tables has been set here. From then on they wait.",
  },
  wait: {
    label: "Wait until opened",
    hint: "Nobody but the team sees a new table until an owner or admin opens it.",
  },
  open: {
    label: "Open at once",
    hint: "Each token and app that reaches all tables sees a new table as soon as it is imported.",
  },
};

/** The form that says what becomes of tables that are imported later. */
export function NewTablesForm(
  { path, newTables, manages }: {
    path: string;
    newTables: EndpointSettings["newTables"];
    manages: boolean;
  },
) {
  if (!manages) {
    const { label, hint } = NEW_TABLES[newTables];
    return <p>{`${label}. ${hint}`}</p>;
  }
  return (
    <Form action={`${path}/new-tables`}>
      <Choices
        name="new_tables"
        legend="Tables that are imported later"
        type="radio"
        chosen={[newTables]}
        options={(["auto", "wait", "open"] as const).map((value) => ({
          value,
          ...NEW_TABLES[value],
        }))}
      />
      <Button tone="primary">Save</Button>
    </Form>
  );
}
