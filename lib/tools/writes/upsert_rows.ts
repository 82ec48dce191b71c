import { z } from "zod";
import { AppError } from "../../errors.ts";
import { columnName } from "../args.ts";
import type { Column, Table } from "../manifest/compile.ts";
import { quoted } from "../names.ts";
import { upsertSql } from "../sql/write.ts";
import { inFull, newRows, parseRows, requireInsert } from "./insert_rows.ts";
import type { WriteToolText } from "./write.ts";

/** The columns of the unique key that tells whether a row is there. */
function keyOf(table: Table, names: readonly string[] | undefined): readonly Column[] {
  const keys = [table.primaryKey ?? [], ...table.uniqueKeys].filter((key) => key.length);
  const given = new Set(names);
  const key = names === undefined
    ? keys[0]
    : keys.find((one) => one.length === given.size && one.every((name) => given.has(name)));
  if (key) return key.map((name) => table.columns.get(name)!);
  const options = keys.map((one) => one.map(quoted).join(", ")).join("; or ");
  throw new AppError(
    "INVALID_ARGUMENTS",
    options
      ? `the unique keys of ${quoted(table.name)} are ${options}`
      : `${quoted(table.name)} has no unique key`,
  );
}

const args = z.strictObject({
  rows: newRows,
  key: z.array(columnName).min(1).max(20).optional()
    .describe("Columns of the unique key to go by; the primary key unless given"),
});

/** Rows that are added, or updated where a row has their key already. */
export const upsertRows: WriteToolText<typeof args> = {
  name: "upsert_rows",
  title: "Add or update rows",
  description:
    "Add rows, or update those whose unique key is there already; all or none. Each row " +
    "names the same columns; of a row that is there, columns that are not named stay.",
  ability: "rows:insert",
  also: "rows:update",
  destructive: true,
  args,
  prepare(table, { rows, key: names }) {
    requireInsert(table);
    const key = keyOf(table, names);
    const { columns, values } = parseRows(table, rows);
    const given = new Set(columns.map((column) => column.name));
    const missing = key.filter((column) => !given.has(column.name));
    if (missing.length) {
      const list = missing.map(({ name }) => quoted(name)).join(", ");
      throw new AppError("INVALID_ARGUMENTS", `rows need the key's columns: ${list}`);
    }
    // A default would overwrite what the other rows leave alone.
    if (values.some((row) => row.includes(undefined))) {
      throw new AppError("INVALID_ARGUMENTS", "every row names the same columns");
    }
    const keyNames = new Set(key.map((column) => column.name));
    const set = columns.filter((column) => column.updatable && !keyNames.has(column.name));
    if (!set.length) {
      throw new AppError("INVALID_ARGUMENTS", "rows need a column to update besides the key's");
    }
    return {
      table,
      shape: { operation: "upsert", set, rows: inFull(rows), before: false },
      shown: rows.length,
      dml: (params) => upsertSql(params, table, columns, values, key, set),
      check() {},
      judged: false,
    };
  },
};
