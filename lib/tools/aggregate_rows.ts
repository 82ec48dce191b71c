import { z } from "zod";
import { alias, columnName, cursor, filter, joins, limit, orderBy } from "./args.ts";
import { answerPage } from "./rows.ts";
import { BUCKETS, FUNCTIONS, groupedSource } from "./sql/aggregate.ts";
import { filterSql } from "./sql/filter.ts";
import { joinedSource } from "./sql/joins.ts";
import { orderTerms } from "./sql/order.ts";
import { Params } from "./sql/statement.ts";
import { PAGE_OUTPUT, tableTool } from "./tool.ts";

const group = z.union([
  columnName,
  z.strictObject({ column: columnName, bucket: z.enum(BUCKETS).optional(), as: alias.optional() }),
]);

const aggregate = z.strictObject({
  fn: z.enum(FUNCTIONS),
  column: columnName.optional(),
  times: columnName.optional().describe("Second column: aggregate the product"),
  as: alias.optional(),
});

/** Totals, by groups. */
export const aggregateRows = tableTool({
  name: "aggregate_rows",
  title: "Aggregate rows",
  description: "Compute totals, averages, counts, minima and maxima, grouped by columns or date " +
    "buckets, over one table or along joins: one answer row per group. The table is the one " +
    "whose rows are counted or summed (invoice lines, not products); those to group by are joined. " +
    "Results are named fn_column unless `as` says otherwise; having and order_by use those names.",
  ability: "rows:read",
  args: z.strictObject({
    aggregates: z.array(aggregate).min(1).max(16),
    group_by: z.array(group).max(8).optional(),
    joins: joins.optional(),
    filter: filter.optional(),
    having: filter.optional(),
    order_by: orderBy,
    limit,
    cursor,
  }),
  output: PAGE_OUTPUT,
  run(call, table, { limit, cursor, ...query }) {
    const rows = joinedSource(call.manifest, table, query.joins);
    const params = new Params();
    const where = query.filter === undefined ? [] : [filterSql(params, query.filter, rows.field)];
    const source = groupedSource(rows, where, query.group_by ?? [], query.aggregates);
    return answerPage(call, {
      tool: "aggregate_rows",
      source,
      params,
      fields: source.fields,
      where: query.having === undefined ? [] : [filterSql(params, query.having, source.field)],
      order: orderTerms(source, query.order_by),
      limit,
      cursor,
      total: false,
      query: [table.name, query],
    });
  },
});
