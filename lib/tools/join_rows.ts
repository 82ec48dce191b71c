import { z } from "zod";
import { columns, cursor, filter, joins, limit, orderBy } from "./args.ts";
import { answerPage } from "./rows.ts";
import { filterSql } from "./sql/filter.ts";
import { joinedSource } from "./sql/joins.ts";
import { orderTerms } from "./sql/order.ts";
import { chooseFields } from "./sql/source.ts";
import { Params } from "./sql/statement.ts";
import { PAGE_OUTPUT, tableTool } from "./tool.ts";

/** Rows of several tables side by side. */
export const joinRows = tableTool({
  name: "join_rows",
  title: "Join rows",
  description:
    "Read rows of a table together with those of other tables, along foreign keys, over " +
    "several hops: one answer row per match. The other tables' columns are written `table.column`.",
  ability: "rows:read",
  args: z.strictObject({
    joins: joins.min(1),
    columns,
    filter: filter.optional(),
    order_by: orderBy,
    limit,
    cursor,
  }),
  output: PAGE_OUTPUT,
  run(call, table, { limit, cursor, ...query }) {
    const source = joinedSource(call.manifest, table, query.joins);
    const params = new Params();
    return answerPage(call, {
      tool: "join_rows",
      source,
      params,
      fields: chooseFields(source, query.columns),
      where: query.filter === undefined ? [] : [filterSql(params, query.filter, source.field)],
      order: orderTerms(source, query.order_by),
      limit,
      cursor,
      total: false,
      query: [table.name, query],
    });
  },
});
