import type { IngestView, Reject } from "../../ingest/mod.ts";
import { Compartment, Facts } from "../components/layout.tsx";
import {
  type Column,
  formatBytes,
  formatCount,
  formatNumber,
  Notice,
  Table,
} from "../components/pieces.tsx";
import { Visible } from "../components/visible_text.tsx";

type Report = NonNullable<IngestView["report"]>;
type TableReport = Report["tables"][number];

const DELIMITERS: Readonly<Record<string, string>> = {
  ",": "comma",
  ";": "semicolon",
  "\t": "tab",
  "|": "vertical bar",
};

const TABLES: readonly Column<TableReport>[] = [
  {
    head: "Table",
    cell: ({ name }) => (
      <code>
        <Visible text={name} />
      </code>
    ),
  },
  { head: "Rows", number: true, cell: ({ rows }) => formatCount(rows) },
  { head: "Replaced", number: true, cell: ({ removed }) => removed ? formatCount(removed) : "" },
  { head: "Set aside", number: true, cell: ({ rejected }) => formatCount(rejected) },
  { head: "Primary key", cell: ({ primaryKey }) => <code>{primaryKey.join(", ") || "none"}</code> },
  {
    head: "Links",
    cell: ({ foreignKeys }) => (
      <ul class="plain">
        {foreignKeys.map(({ column, references }) => (
          <li key={column}>
            <code>{`${column} → ${references.table}.${references.column}`}</code>
          </li>
        ))}
      </ul>
    ),
  },
];

const COLUMNS: readonly Column<TableReport["columns"][number]>[] = [
  {
    head: "Column",
    cell: ({ name }) => (
      <code>
        <Visible text={name} />
      </code>
    ),
  },
  { head: "In the file", cell: ({ original }) => original },
  { head: "Type", cell: ({ type }) => <code>{type}</code> },
  { head: "Empty values", cell: ({ nullable }) => nullable ? "Yes" : "None" },
];

const REJECTS: readonly Column<Reject>[] = [
  { head: "Line", number: true, cell: ({ line }) => formatCount(line) },
  {
    head: "Table",
    cell: ({ table }) => (
      <code>
        <Visible text={table} />
      </code>
    ),
  },
  { head: "Why", cell: ({ reason }) => reason },
  { head: "Beginning of the row", cell: ({ raw }) => <code class="wrap">{raw}</code> },
];

function found(ingest: IngestView, report: Report) {
  const facts = [
    { label: "Format", value: report.format.toUpperCase() },
    { label: "Encoding", value: report.encoding },
    { label: "Size", value: ingest.sizeBytes === null ? "" : formatBytes(ingest.sizeBytes) },
    { label: "Rows loaded", value: formatCount(report.tables.reduce((sum, t) => sum + t.rows, 0)) },
    { label: "Rows set aside", value: formatCount(report.rejects) },
  ];
  if (report.delimiter !== null) {
    facts.push({
      label: "Delimiter",
      value: DELIMITERS[report.delimiter] ?? report.delimiter,
    });
  }
  if (report.header !== null) {
    facts.push({ label: "Header row", value: report.header ? "Yes" : "No" });
  }
  return facts;
}

interface ReportProps {
  ingest: IngestView;
  report: Report;
  rejects: readonly Reject[];
  /** Address of the next rows that were set aside; null at the end. */
  more: string | null;
  /** Who sees the tables, in words; null where nobody could say. */
  visible: string | null;
  /** The tables that wait now. */
  waiting: readonly string[];
  /** The endpoint's page, where tables are opened. */
  path: string;
}

/** Who sees what was made. */
function VisibleTo(
  { report, visible, waiting: now, path }: Pick<
    ReportProps,
    "report" | "visible" | "waiting" | "path"
  >,
) {
  const waiting = report.tables.filter(({ name }) => now.includes(name));
  if (waiting.length > 0) {
    return (
      <Notice tone="warn" title="No token and no app sees this yet">
        <p>
          {waiting.map(({ name }) => name).join(", ")}: new tables of this endpoint wait until an
          owner or admin opens them. <a href={`${path}#waiting-tables`}>Open what agents may see</a>
        </p>
      </Notice>
    );
  }
  return visible ? <p class="small soft">{`Open to agents. ${visible}`}</p> : null;
}

/** What a load found in a file and made of it. */
export function IngestReport(props: ReportProps) {
  const { ingest, report, rejects, more } = props;
  return (
    <>
      <Compartment id="found" title="What was found">
        {report.warnings.map((warning) => <Notice key={warning} tone="warn">{warning}</Notice>)}
        <Facts facts={found(ingest, report)} />
      </Compartment>
      <Compartment id="tables" title="What was made" about="Types hold everything the file said.">
        <VisibleTo {...props} />
        <Table caption="Tables of this load" columns={TABLES} rows={report.tables} />
        <div class="leaves">
          {report.tables.map((table) => (
            <details key={table.name} open={report.tables.length === 1}>
              <summary>
                <code>
                  <Visible text={table.name} />
                </code>
                <span class="aside">{formatNumber(table.columns.length, "column")}</span>
              </summary>
              <div class="stack">
                <Table
                  caption={`Columns of ${table.name}`}
                  columns={COLUMNS}
                  rows={table.columns}
                />
              </div>
            </details>
          ))}
        </div>
      </Compartment>
      {rejects.length > 0 && (
        <Compartment
          id="rejects"
          title="Rows set aside"
          about="They did not fit and were not loaded. Correct them and hand them in again."
        >
          <Table caption="Rows set aside" columns={REJECTS} rows={rejects} />
          {more && (
            <p>
              <a href={more}>Further rows</a>
            </p>
          )}
        </Compartment>
      )}
    </>
  );
}

/** What stands where a token's import waits for a person. */
export function ImportWaits({ path, id }: { path: string; id: string }) {
  return (
    <Notice tone="warn" title="Waiting for approval">
      <p>
        A token sent this file, and its rows go in when an owner or admin has approved it.{" "}
        <a href={`${path}/review/${id}`}>Review the import</a>
      </p>
    </Notice>
  );
}
