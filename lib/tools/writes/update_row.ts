import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { Column, Table } from "../manifest/compile.ts";
import { quoted } from "../names.ts";
import { keySql, noRow, rowKey } from "../row_key.ts";
import { tableSource } from "../sql/source.ts";
import type { Params } from "../sql/statement.ts";
import { updateSql, versionSql } from "../sql/write.ts";
import { refusedOperation } from "./refused.ts";
import { parseRow } from "./row_values.ts";
import type { WriteToolText } from "./write.ts";

/** New values of a row, as a caller gives them. */
export const newValues = z.record(z.string().max(200), z.unknown())
  .describe("Columns and their new values");

/** The row version that a caller has seen. */
export const ifUnchanged = z.string().max(100).optional()
  .describe("The version that get_row or a write told; refused where the row has changed since");

/** Parses new values; throws where a table takes none, or none are given. */
export function parseValues(
  table: Table,
  values: Record<string, unknown>,
): [Column, string | null][] {
  if (!table.operations.includes("update")) {
    throw refusedOperation(table, "update");
  }
  const parsed = Object.entries(parseRow(table, "update", values, "values"));
  if (!parsed.length) throw new AppError("INVALID_ARGUMENTS", "values: name at least one column");
  return parsed.map(([name, value]) => [table.columns.get(name)!, value]);
}

/** The condition that finds one row, at one version where that is asked. */
export function oneRow(
  params: Params,
  table: Table,
  key: unknown,
  version: string | undefined,
): string {
  const source = tableSource(table);
  const where = keySql(params, table, source, key);
  return version === undefined
    ? where
    : `${where} AND ${versionSql(table, "t")} = ${params.bind(version)}`;
}

/** The fault of a write that found no row. */
export function notFound(table: Table, version: string | undefined): AppError {
  return version === undefined ? noRow(table) : new AppError(
    "CONFLICT",
    `the row of ${quoted(table.name)} has changed since that version, or is gone; ` +
      "read it again with get_row. Nothing was changed.",
  );
}

const args = z.strictObject({ key: rowKey, values: newValues, if_unchanged: ifUnchanged });

/** New values of one row. */
export const updateRow: WriteToolText<typeof args> = {
  name: "update_row",
  title: "Update a row",
  description: "Change columns of one row, found by its primary key or another unique key.",
  ability: "rows:update",
  destructive: true,
  args,
  prepare(table, { key, values, if_unchanged: version }) {
    const set = parseValues(table, values);
    return {
      table,
      shape: { operation: "update", set: set.map(([column]) => column), rows: true, before: false },
      shown: 1,
      dml: (params) => updateSql(params, table, set, oneRow(params, table, key, version)),
      check({ count }) {
        if (count === 0) throw notFound(table, version);
      },
      judged: false,
    };
  },
};
