import type { TableView } from "../../tools/mod.ts";
import { Badge, type Column, formatNumber, Table } from "../components/pieces.tsx";
import { Visible } from "../components/visible_text.tsx";

type TableColumn = TableView["columns"][number];

const rowsOf = ({ rows, rows_exact }: TableView) =>
  rows === null ? "Rows not counted" : `${rows_exact ? "" : "about "}${formatNumber(rows, "row")}`;

/** Where a column points to; null where it points nowhere. */
function target(table: TableView, column: string): string | null {
  for (const key of table.foreign_keys) {
    const at = key.columns.indexOf(column);
    if (at >= 0) return `${key.table}.${key.references[at]}`;
  }
  return null;
}

const columnsOf = (table: TableView): Column<TableColumn>[] => [
  {
    head: "Column",
    cell: ({ name }) => (
      <code>
        <Visible text={name} />
      </code>
    ),
  },
  { head: "Type", cell: ({ type }) => <code>{type}</code> },
  { head: "Empty values", cell: ({ nullable }) => nullable ? "Allowed" : "Never" },
  {
    head: "Key",
    cell: ({ name }) => {
      const to = target(table, name);
      return (
        <span class="row">
          {table.primary_key.includes(name) && <Badge tone="accent">Primary key</Badge>}
          {to && <code>→ {to}</code>}
        </span>
      );
    },
  },
  { head: "In the file", cell: ({ comment }) => comment ?? "" },
];

/** An endpoint's tables, each opening on its columns; a single one is open. */
export function TablesView({ tables }: { tables: readonly TableView[] }) {
  return (
    <div class="leaves">
      {tables.map((table) => (
        <details key={table.name} open={tables.length === 1}>
          <summary>
            <code>
              <Visible text={table.name} />
            </code>
            <span class="aside">
              {rowsOf(table)}, {formatNumber(table.columns.length, "column")}
            </span>
          </summary>
          <div class="stack">
            {table.comment && <p class="small soft">{table.comment}</p>}
            <Table
              caption={`Columns of ${table.name}`}
              columns={columnsOf(table)}
              rows={table.columns}
            />
          </div>
        </details>
      ))}
    </div>
  );
}
