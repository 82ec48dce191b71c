import { z } from "zod";
import { AppError } from "../errors.ts";
import type { Table } from "./manifest/compile.ts";
import { quoted } from "./names.ts";
import type { Source } from "./sql/source.ts";
import type { Params } from "./sql/statement.ts";
import { valueText } from "./sql/value.ts";

const keyValue = z.union([z.string(), z.number(), z.boolean()]);

/** A row's key: the value of its only column, or an object of its columns. */
export const rowKey = z.union([keyValue, z.record(z.string(), keyValue)]).meta({
  $ref: "#/$defs/key",
});

const named = (columns: readonly string[]) => columns.map(quoted).join(", ");

/** The column values that make up a key, checked against the keys that the table has. */
function keyValues(table: Table, key: unknown): [column: string, value: unknown][] {
  const keys = [table.primaryKey ?? [], ...table.uniqueKeys].filter((one) => one.length);
  if (!keys.length) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `${quoted(table.name)} has no key; use a filter instead`,
    );
  }
  const options = () => keys.map(named).join("; or ");
  if (typeof key !== "object" || key === null) {
    if (keys[0]!.length === 1) return [[keys[0]![0]!, key]];
    throw new AppError(
      "INVALID_ARGUMENTS",
      `the key of ${quoted(table.name)} has several columns: send an object with ${options()}`,
    );
  }
  const entries = Object.entries(key);
  const given = new Set(entries.map(([column]) => column));
  if (!keys.some((one) => one.length === given.size && one.every((column) => given.has(column)))) {
    throw new AppError("INVALID_ARGUMENTS", `the key of ${quoted(table.name)} is ${options()}`);
  }
  return entries;
}

/**
 * The condition that finds the row with that primary or unique key.
 *
 * @throws AppError INVALID_ARGUMENTS that names the table's keys.
 */
export function keySql(params: Params, table: Table, source: Source, key: unknown): string {
  return keyValues(table, key).map(([column, value]) => {
    const field = source.field(column);
    return `${field.sql} = ${params.bindAs(valueText(field, value), field)}`;
  }).join(" AND ");
}

/** The fault of a key that no row has. */
export function noRow(table: Table): AppError {
  return new AppError("ROW_NOT_FOUND", `no row of ${quoted(table.name)} has that key`);
}
