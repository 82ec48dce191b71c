import { z } from "zod";
import { columns, cursor, filter, limit, orderBy } from "./args.ts";
import { answerPage } from "./rows.ts";
import { filterSql } from "./sql/filter.ts";
import { orderTerms } from "./sql/order.ts";
import { chooseFields, tableSource } from "./sql/source.ts";
import { tableParams } from "./sql/statement.ts";
import { PAGE_OUTPUT, tableTool } from "./tool.ts";

/** Rows that a filter lets through. */
export const filterRows = tableTool({
  name: "filter_rows",
  title: "Filter rows",
  description:
    "Find rows by exact conditions on columns. search_rows finds free words; count_rows and " +
    "aggregate_rows give totals.",
  ability: "rows:read",
  args: z.strictObject({
    filter,
    columns,
    order_by: orderBy,
    limit,
    cursor,
    include_total: z.boolean().optional().describe("Also count all matches"),
  }),
  output: PAGE_OUTPUT,
  run(call, table, { limit, cursor, ...query }) {
    const source = tableSource(table);
    const params = tableParams(table);
    return answerPage(call, {
      tool: "filter_rows",
      source,
      params,
      fields: chooseFields(source, query.columns),
      where: [filterSql(params, query.filter, source.field)],
      order: orderTerms(source, query.order_by),
      limit,
      cursor,
      total: query.include_total ?? false,
      query: [table.name, query],
    });
  },
});
