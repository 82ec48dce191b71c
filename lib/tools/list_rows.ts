import { z } from "zod";
import { columns, cursor, limit, orderBy } from "./args.ts";
import { answerPage } from "./rows.ts";
import { orderTerms } from "./sql/order.ts";
import { chooseFields, tableSource } from "./sql/source.ts";
import { tableParams } from "./sql/statement.ts";
import { PAGE_OUTPUT, tableTool } from "./tool.ts";

/** Pages through a table. */
export const listRows = tableTool({
  name: "list_rows",
  title: "List rows",
  description:
    "Browse a table's rows page by page, in key order or a given one. filter_rows picks rows by " +
    "their values.",
  ability: "rows:read",
  args: z.strictObject({ columns, order_by: orderBy, limit, cursor }),
  output: PAGE_OUTPUT,
  run(call, table, { limit, cursor, ...query }) {
    const source = tableSource(table);
    return answerPage(call, {
      tool: "list_rows",
      source,
      params: tableParams(table),
      fields: chooseFields(source, query.columns),
      where: [],
      order: orderTerms(source, query.order_by),
      limit,
      cursor,
      total: false,
      query: [table.name, query],
    });
  },
});
