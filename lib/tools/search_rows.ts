import { z } from "zod";
import { AppError } from "../errors.ts";
import { columns, cursor, filter, limit } from "./args.ts";
import { answerPage } from "./rows.ts";
import { filterSql } from "./sql/filter.ts";
import { type OrderTerm, orderTerms } from "./sql/order.ts";
import { searchPlan } from "./sql/search.ts";
import { chooseFields, tableSource } from "./sql/source.ts";
import { Params } from "./sql/statement.ts";
import { plainText } from "./sql/value.ts";
import { PAGE_OUTPUT, tableTool } from "./tool.ts";

/** Rows whose texts hold words. */
export const searchRows = tableTool({
  name: "search_rows",
  title: "Search rows",
  description:
    'Find rows by words anywhere in their text columns, best matches first. Understands "a ' +
    'phrase", or, and -word; beginnings of words match.',
  ability: "rows:read",
  args: z.strictObject({
    query: z.string().min(1).max(1000),
    filter: filter.optional(),
    columns,
    limit,
    cursor,
  }),
  output: PAGE_OUTPUT,
  run(call, table, { limit, cursor, ...query }) {
    const words = plainText("query", query.query);
    if (!words.trim()) throw new AppError("INVALID_ARGUMENTS", "`query` holds no word");
    const params = new Params();
    const where = query.filter === undefined
      ? []
      : [filterSql(params, query.filter, tableSource(table).field)];
    const plan = searchPlan(params, table, words, where);
    const ranked: OrderTerm[] = plan.rank
      ? [{ field: plan.rank, descending: true, nullsFirst: false }]
      : [];
    return answerPage(call, {
      tool: "search_rows",
      source: plan.source,
      params,
      fields: chooseFields(plan.source, query.columns),
      where: plan.where,
      order: [...ranked, ...orderTerms(plan.source, undefined)],
      limit,
      cursor,
      total: false,
      query: [table.name, query],
    });
  },
});
