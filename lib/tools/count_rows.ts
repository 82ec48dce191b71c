import { z } from "zod";
import { filter, joins } from "./args.ts";
import { countStatement } from "./sql/count.ts";
import { filterSql } from "./sql/filter.ts";
import { joinedSource } from "./sql/joins.ts";
import { Params, tableParams } from "./sql/statement.ts";
import { tableTool } from "./tool.ts";

/** How many rows there are. */
export const countRows = tableTool({
  name: "count_rows",
  title: "Count rows",
  description: "Count a table's rows, all or those that a filter lets through, exactly.",
  ability: "rows:read",
  args: z.strictObject({ filter: filter.optional(), joins: joins.optional() }),
  output: { type: "object", properties: { count: { type: "integer" } }, required: ["count"] },
  async run(call, table, args) {
    const source = joinedSource(call.manifest, table, args.joins);
    const params = args.joins ? new Params() : tableParams(table);
    const where = args.filter === undefined ? [] : [filterSql(params, args.filter, source.field)];
    const [[count]] = await call.query(countStatement(source, params, where)) as [[string]];
    return { structured: `{"count":${count}}`, text: count, isError: false };
  },
});
