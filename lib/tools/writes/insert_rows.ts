import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { Column, Table } from "../manifest/compile.ts";
import { insertSql, type NewValue } from "../sql/write.ts";
import { refusedOperation } from "./refused.ts";
import { givenColumns, parseRow, type RowValues } from "./row_values.ts";
import type { WriteToolText } from "./write.ts";

/** Rows of one call. */
const MAX_ROWS = 500;

/** Rows up to which each is answered in full, and not by its key alone. */
const FULL_ROWS = 20;

/** Rows as a caller gives them. */
export const newRows = z.array(z.record(z.string().max(200), z.unknown())).min(1).max(MAX_ROWS)
  .describe(
    `Objects of columns and values, at most ${MAX_ROWS}; what is left out gets its default`,
  );

/** Throws unless rows can be added to the table. */
export function requireInsert(table: Table): void {
  if (table.operations.includes("insert")) return;
  throw refusedOperation(table, "insert");
}

/** Parses new rows into the columns that any of them names and each row's values for those. */
export function parseRows(table: Table, rows: readonly Record<string, unknown>[]) {
  const parsed: RowValues[] = rows.map((row, i) => parseRow(table, "insert", row, `rows.${i}`));
  const columns: Column[] = givenColumns(table, "insert").filter(({ name }) =>
    parsed.some((row) => row[name] !== undefined)
  );
  const values: NewValue[][] = parsed.map((row) => columns.map(({ name }) => row[name]));
  if (!columns.length && rows.length > 1) {
    throw new AppError("INVALID_ARGUMENTS", "rows without any value are added one at a time");
  }
  return { columns, values };
}

/** Whether so many rows are answered in full. */
export const inFull = (rows: readonly unknown[]) => rows.length <= FULL_ROWS;

const args = z.strictObject({ rows: newRows });

/** New rows, all of them or none. */
export const insertRows: WriteToolText<typeof args> = {
  name: "insert_rows",
  title: "Add rows",
  description: "Add rows to a table, all of them or none. Answers each new row's key.",
  ability: "rows:insert",
  destructive: false,
  args,
  prepare(table, { rows }) {
    requireInsert(table);
    const { columns, values } = parseRows(table, rows);
    return {
      table,
      shape: { operation: "insert", set: [], rows: inFull(rows), before: false },
      shown: rows.length,
      dml: (params) => insertSql(params, table, columns, values),
      check() {},
      judged: false,
    };
  },
};
