import { AppError } from "../../errors.ts";
import { quoteIdent } from "../../postgres/mod.ts";
import type { ValueKind } from "../manifest/shape.ts";
import { quoted } from "../names.ts";
import type { Field } from "./field.ts";

// What one statement may answer at most, before any cap on the answer itself: a bound on memory.
const STATEMENT_BYTES = 8_000_000;
const ROW_BYTES = 400_000;
const CELL_BYTES = 50_000;
const SMALLEST_CELL = 1_000;

const WIDE: ReadonlySet<ValueKind> = new Set(["text", "json", "jsonb", "other"]);

/** Bytes of one row's JSON past which a statement for so many rows leaves the row out. */
export const rowBound = (rows: number) =>
  Math.floor(Math.min(STATEMENT_BYTES / (rows + 1), ROW_BYTES));

/** How much a statement fetches that cuts cells. */
export interface Bounds {
  /** Bytes past which a cell is cut. */
  readonly cell: number;
  readonly rows: number;
}

/** Bounds for so many rows of these fields: cells are cut first, then rows. */
export function cutBounds(fields: readonly Field[], rows: number): Bounds {
  const wide = Math.max(1, fields.filter((field) => WIDE.has(field.kind)).length);
  const fair = Math.min(STATEMENT_BYTES / (wide * (rows + 1)), ROW_BYTES / wide, CELL_BYTES);
  const cell = Math.floor(Math.max(fair, SMALLEST_CELL));
  const room = Math.max(1, Math.floor(STATEMENT_BYTES / (wide * cell)) - 1);
  return { cell, rows: Math.min(rows, room) };
}

/** What ends a cell that was cut, before the bytes that it has in all. */
export const CUT = "… [cut, bytes in all: ";

function cut(text: string, cell: number): string {
  // left() counts characters, so that what is cut still has more bytes than the bound: the reader of
  // the answer can tell by the length alone.
  return `left(${text}, ${cell}) || '${CUT}' || octet_length(${text}) || ']'`;
}

/**
 * The expression that makes a value ready for row_to_json: digits that a JSON number would lose stay
 * text, types of no JSON form become text, and what is too long is cut, where a bound is given.
 */
function cellSql(sql: string, kind: ValueKind, bound: number | null): string {
  switch (kind) {
    case "bigint":
    case "numeric":
      return `${sql}::text`;
    case "text":
      return bound === null
        ? sql
        : `CASE WHEN octet_length(${sql}) > ${bound} THEN ${cut(sql, bound)} ELSE ${sql} END`;
    case "json":
    case "jsonb": {
      // jsonb, since json keeps line breaks as they were written.
      const value = kind === "json" ? `${sql}::jsonb` : sql;
      if (bound === null) return value;
      const text = `${value}::text`;
      return `CASE WHEN octet_length(${text}) > ${bound} THEN to_jsonb(${
        cut(text, bound)
      }) ELSE ${value} END`;
    }
    case "other":
      return cellSql(`${sql}::text`, "text", bound);
    default:
      return sql;
  }
}

// Postgres would cut a longer name without a word, and two could become one.
const NAME_BYTES = 63;

function nameSql(label: string): string {
  if (label.length * 3 > NAME_BYTES && new TextEncoder().encode(label).length > NAME_BYTES) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `the name ${quoted(label)} is too long for an answer; shorten it with "as"`,
    );
  }
  return quoteIdent(label);
}

/**
 * The select list that makes fields' values, found under these expressions, ready for row_to_json. With
 * a bound, cells of more bytes are cut.
 */
export function cellsSql(
  fields: readonly Field[],
  expressions: readonly string[],
  bound: number | null,
): string {
  return fields.map((field, i) =>
    `${cellSql(expressions[i]!, field.kind, bound)} AS ${nameSql(field.label)}`
  ).join(", ");
}
