import { z } from "zod";
import { AppError } from "../../errors.ts";
import { parseArgs } from "../args.ts";
import type { Column, Table } from "../manifest/compile.ts";
import { quoted } from "../names.ts";
import { columnField } from "../sql/field.ts";
import { ALIAS } from "../sql/source.ts";
import { STORED_TEXT, valueText, wrongValue } from "../sql/value.ts";

/** Values of a row by column: text in the column's type, or null. */
export type RowValues = Readonly<Record<string, string | null>>;

/** What a row is given for. */
type Purpose = "insert" | "update";

const allows = (column: Column, purpose: Purpose) =>
  purpose === "insert" ? column.insertable : column.updatable;

/** The columns of a table that may be given. */
export function givenColumns(table: Table, purpose: Purpose): Column[] {
  return [...table.columns.values()].filter((column) => allows(column, purpose));
}

function columnSchema(column: Column): z.ZodType<string | null> {
  const field = columnField(column, ALIAS);
  return z.unknown().transform((value, context) => {
    try {
      if (value !== null) return valueText(field, value, STORED_TEXT);
      if (!column.nullable) throw wrongValue(field, "it takes no null");
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  });
}

const SCHEMAS = new WeakMap<Table, Map<Purpose, z.ZodType<RowValues>>>();

/** The strict schema of a table's rows: the columns that may be given, each of its own type. */
function rowSchema(table: Table, purpose: Purpose): z.ZodType<RowValues> {
  const known = SCHEMAS.get(table) ?? new Map<Purpose, z.ZodType<RowValues>>();
  SCHEMAS.set(table, known);
  let schema = known.get(purpose);
  if (!schema) {
    const columns = givenColumns(table, purpose);
    schema = z.strictObject(
      Object.fromEntries(columns.map((column) => [column.name, columnSchema(column).optional()])),
    ) as z.ZodType<RowValues>;
    known.set(purpose, schema);
  }
  return schema;
}

/** Why a column that the table has cannot be given; null where the table has no such column. */
function forbidden(table: Table, name: string, purpose: Purpose): string | null {
  const column = table.columns.get(name);
  if (!column || allows(column, purpose)) return null;
  const isKey = purpose === "update" && table.primaryKey?.includes(name);
  return isKey
    ? `${quoted(name)} is the row's key, which it keeps; insert another row and delete this one`
    : `${quoted(name)} is not yours to set`;
}

/**
 * Parses one row's values. What the table does not have or does not let be set is refused here, before
 * any SQL.
 *
 * @param at Where the values stand in the arguments, for messages.
 * @throws AppError INVALID_ARGUMENTS that names the column and what it needs.
 */
export function parseRow(
  table: Table,
  purpose: Purpose,
  values: Readonly<Record<string, unknown>>,
  at: string,
): RowValues {
  const names = Object.keys(values);
  for (const name of names) {
    const why = forbidden(table, name, purpose);
    if (why) throw new AppError("INVALID_ARGUMENTS", `${at}: ${why}`);
  }
  const columns = givenColumns(table, purpose);
  try {
    const parsed = parseArgs(rowSchema(table, purpose), columns.map(({ name }) => name), values);
    requireValues(columns, purpose, parsed);
    return parsed;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const text = error.message.replace("no argument", "no column").replace(
      "arguments:",
      "columns:",
    );
    throw new AppError("INVALID_ARGUMENTS", `${at}: ${text}`);
  }
}

function requireValues(columns: readonly Column[], purpose: Purpose, row: RowValues): void {
  if (purpose === "update") return;
  const missing = columns.filter(({ name, required }) => required && row[name] === undefined);
  if (!missing.length) return;
  const names = missing.map(({ name, type }) => `${quoted(name)} (${type})`).join(", ");
  throw new AppError("INVALID_ARGUMENTS", `a row needs ${names}`);
}
