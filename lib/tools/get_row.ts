import { z } from "zod";
import { columns } from "./args.ts";
import { answerRow } from "./row.ts";
import { keySql, noRow, rowKey } from "./row_key.ts";
import { rowStatement } from "./sql/row.ts";
import { ALIAS, chooseFields, tableSource } from "./sql/source.ts";
import { Params } from "./sql/statement.ts";
import { versionSql } from "./sql/write.ts";
import { tableTool } from "./tool.ts";

/** One row by its key. */
export const getRow = tableTool({
  name: "get_row",
  title: "Get a row",
  description: "Read one row by its primary key, or by another unique key given as an object.",
  ability: "rows:read",
  args: z.strictObject({
    key: rowKey,
    columns,
  }),
  output: {
    type: "object",
    properties: {
      row: { type: "object" },
      version: { type: "string", description: "For if_unchanged of a write" },
      values_cut: { type: "boolean" },
    },
    required: ["row"],
  },
  async run(call, table, args) {
    const source = tableSource(table);
    const params = new Params();
    const where = keySql(params, table, source, args.key);
    const fields = chooseFields(source, args.columns);
    // Told where it can be of use.
    const version = table.operations.length ? versionSql(table, ALIAS) : null;
    let statement = rowStatement(source, params, fields, where, false, version);
    let [found] = await call.query(statement);
    if (found?.[0] === "") {
      statement = rowStatement(source, params, fields, where, true, version);
      [found] = await call.query(statement);
    }
    if (!found) throw noRow(table);
    return answerRow(call, fields, found[0]!, statement.cell, found[1] ?? null);
  },
});
