import { z } from "zod";
import { type RuledTable, rulesJson, type TableRules } from "../tools/mod.ts";

const names = z.array(z.string().min(1).max(63)).max(1600);

/** What may be set of a table; all of it, since what were left out would be opened. */
export const rulesRequest = z.strictObject({
  hidden: names.describe("Columns that agents never see: in no answer, filter, order or error."),
  read_only: names.describe("Columns that agents read and never write."),
  insert: z.boolean().describe("Whether rows may be added, where the endpoint takes writes."),
  update: z.boolean().describe("Whether rows may be changed."),
  delete: z.boolean().describe("Whether rows may be deleted."),
  row_filter: z.record(z.string(), z.unknown()).nullable().describe(
    "The only rows that agents see and write, in the tools' filter language; null: all.",
  ),
});

/** A table's rules as `/v1` shows them. */
export const rulesResource = z.object({
  table: z.string(),
  primary_key: z.array(z.string()).describe("A table without one is not written."),
  columns: z.array(z.object({ name: z.string(), type: z.string() })).describe(
    "All of them, the hidden ones too.",
  ),
  ...rulesRequest.shape,
}).meta({ id: "TableRules" });

/** Shows a table's rules. */
export function showRules({ name, primaryKey, columns, rules }: RuledTable) {
  return {
    table: name,
    primary_key: [...primaryKey],
    columns: columns.map((column) => ({ name: column.name, type: column.type })),
    ...rulesJson(rules) as z.input<typeof rulesRequest>,
  };
}

/** The rules that a request asks for. */
export function askedRules(body: z.output<typeof rulesRequest>): TableRules {
  const { read_only: readOnly, row_filter: rowFilter, ...others } = body;
  return { ...others, readOnly, rowFilter };
}
