import type { EndpointRef, EndpointSettings } from "../../principal.ts";
import type { RuledTable } from "../../tools/mod.ts";
import { Button, Choices, Form } from "../components/form.tsx";
import { Badge, type Column, Confirm, Table } from "../components/pieces.tsx";
import { Visible } from "../components/visible_text.tsx";

type Writes = EndpointSettings["writes"];

const WRITES_TEXT: Readonly<Record<Writes, { label: string; hint: string }>> = {
  off: { label: "Off", hint: "Agents read. Nothing that they do changes a row." },
  review: {
    label: "After review",
    hint: "A change waits until somebody here has seen what it does and approved it.",
  },
  direct: {
    label: "At once",
    hint: "A change happens when an agent asks for it. Each can be seen and undone afterwards.",
  },
};

const WRITES_TONE: Readonly<Record<Writes, "good" | "accent" | "warn">> = {
  off: "good",
  review: "accent",
  direct: "warn",
};

/** How an endpoint takes writes, in words. */
export function WritesState({ writes }: { writes: Writes }) {
  const { label, hint } = WRITES_TEXT[writes];
  return (
    <p class="row">
      <Badge tone={WRITES_TONE[writes]}>{label}</Badge>
      <span>{hint}</span>
    </p>
  );
}

/** The form that turns writes on or off, and beside it the button that only turns them off. */
export function WritesForm(
  { path, endpoint, manages, stops }: {
    path: string;
    endpoint: EndpointRef;
    /** Whether the person may turn writes on. */
    manages: boolean;
    /** Whether the person may turn them off. */
    stops: boolean;
  },
) {
  const { writes } = endpoint.settings;
  return (
    <>
      {manages
        ? (
          <Form action={`${path}/writes`}>
            <Choices
              name="writes"
              legend="Changes by agents"
              type="radio"
              chosen={[writes]}
              options={(["off", "review", "direct"] as const).map((value) => ({
                value,
                ...WRITES_TEXT[value],
              }))}
            />
            <p class="small soft">
              Whatever is chosen, an agent also needs a token or a connection that may write, and a
              table needs a primary key. You may be asked to verify your identity.
            </p>
            <Button tone="primary">Save</Button>
          </Form>
        )
        : (
          <>
            <WritesState writes={writes} />
            <p class="small soft">Owners and admins of the team can change this.</p>
          </>
        )}
      {stops && writes !== "off" && (
        <Confirm summary="Stop all changes now" quiet>
          <p>
            From now on no agent changes a row of this endpoint. What waits for review stays where
            it is, and nothing that was done is undone.
          </p>
          <Form action={`${path}/writes/off`} inline>
            <Button tone="danger solid">Turn writing off</Button>
          </Form>
        </Confirm>
      )}
    </>
  );
}

const counted = (count: number, what: string) => count > 0 ? [`${count} ${what}`] : [];

function columnsText({ columns, rules }: RuledTable): string {
  if (rules.hidden.length === columns.length) return "All hidden: agents do not see the table";
  const parts = [
    ...counted(rules.hidden.length, "hidden"),
    ...counted(rules.readOnly.length, "read-only"),
  ];
  return parts.length ? `${parts.join(", ")} of ${columns.length}` : `All ${columns.length} open`;
}

const OPERATION_TEXT = { insert: "add", update: "change", delete: "delete" } as const;

function Operations({ table, writes }: { table: RuledTable; writes: Writes }) {
  const { rules, primaryKey } = table;
  if (!primaryKey.length) return <>Read: it has no primary key</>;
  const can = (["insert", "update", "delete"] as const).filter((name) => rules[name])
    .map((name) => OPERATION_TEXT[name]).join(", ");
  if (!can) return <>Read</>;
  if (writes !== "off") return <>Read, {can}</>;
  return (
    <>
      Read<span class="hint">; {can} once writing is on</span>
    </>
  );
}

/** The tables with what agents see and may do in each. */
export function RulesTable(
  { path, tables, waiting, writes, manages }: {
    path: string;
    tables: readonly RuledTable[];
    /** Names of those that no agent sees until somebody opens them. */
    waiting: readonly string[];
    writes: Writes;
    manages: boolean;
  },
) {
  const columns: Column<RuledTable>[] = [
    {
      head: "Table",
      cell: ({ name }) =>
        manages
          ? (
            <a href={`${path}/access/${encodeURIComponent(name)}`}>
              <code>
                <Visible text={name} />
              </code>
            </a>
          )
          : (
            <code>
              <Visible text={name} />
            </code>
          ),
    },
    { head: "Columns", cell: columnsText },
    {
      head: "Rows",
      cell: ({ rules }) => rules.rowFilter ? <Badge tone="accent">Filtered</Badge> : "All",
    },
    {
      head: "Agents may",
      cell: (table) =>
        waiting.includes(table.name)
          ? <Badge tone="warn">Nothing: not open yet</Badge>
          : <Operations table={table} writes={writes} />,
    },
  ];
  return <Table caption="Rules of each table" columns={columns} rows={tables} />;
}
