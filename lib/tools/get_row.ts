import { z } from "zod";
import { AppError } from "../errors.ts";
import { columns } from "./args.ts";
import type { Table } from "./manifest/compile.ts";
import { quoted } from "./names.ts";
import { answerRow } from "./row.ts";
import type { Field } from "./sql/field.ts";
import { rowStatement } from "./sql/row.ts";
import { chooseFields, type Source, tableSource } from "./sql/source.ts";
import { Params } from "./sql/statement.ts";
import { valueText } from "./sql/value.ts";
import { tableTool } from "./tool.ts";

const keyValue = z.union([z.string(), z.number(), z.boolean()]);

const named = (columns: readonly string[]) => columns.map(quoted).join(", ");

/** The column values that make up a key, checked against the keys that the table has. */
function keyValues(table: Table, key: unknown): [column: string, value: unknown][] {
  const keys = [table.primaryKey ?? [], ...table.uniqueKeys].filter((one) => one.length);
  if (!keys.length) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `${quoted(table.name)} has no key; use filter_rows instead`,
    );
  }
  const options = keys.map(named).join("; or ");
  if (typeof key !== "object" || key === null) {
    if (keys[0]!.length === 1) return [[keys[0]![0]!, key]];
    throw new AppError(
      "INVALID_ARGUMENTS",
      `the key of ${quoted(table.name)} has several columns: send an object with ${options}`,
    );
  }
  const entries = Object.entries(key);
  const given = new Set(entries.map(([column]) => column));
  if (!keys.some((one) => one.length === given.size && one.every((column) => given.has(column)))) {
    throw new AppError("INVALID_ARGUMENTS", `the key of ${quoted(table.name)} is ${options}`);
  }
  return entries;
}

function keySql(params: Params, source: Source, values: [string, unknown][]): string {
  return values.map(([column, value]) => {
    const field: Field = source.field(column);
    return `${field.sql} = ${params.bindAs(valueText(field, value), field)}`;
  }).join(" AND ");
}

/** One row by its key. */
export const getRow = tableTool({
  name: "get_row",
  title: "Get a row",
  description: "Read one row by its primary key, or by another unique key given as an object.",
  ability: "rows:read",
  args: z.strictObject({
    key: z.union([keyValue, z.record(z.string(), keyValue)]).meta({
      $ref: "#/$defs/key",
    }),
    columns,
  }),
  output: {
    type: "object",
    properties: { row: { type: "object" }, values_cut: { type: "boolean" } },
    required: ["row"],
  },
  async run(call, table, args) {
    const source = tableSource(table);
    const params = new Params();
    const where = keySql(params, source, keyValues(table, args.key));
    const fields = chooseFields(source, args.columns);
    const answer = async (cutting: boolean) => {
      const statement = rowStatement(source, params, fields, where, cutting);
      const [found] = await call.query(statement);
      if (!found) {
        throw new AppError("ROW_NOT_FOUND", `no row of ${quoted(table.name)} has that key`);
      }
      return { json: found[0]!, cell: statement.cell };
    };
    const whole = await answer(false);
    const { json, cell } = whole.json === "" ? await answer(true) : whole;
    return answerRow(call, fields, json, cell);
  },
});
