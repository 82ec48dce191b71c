import type { ValueKind } from "../manifest/shape.ts";
import { cellsSql, cutBounds, rowBound } from "./cells.ts";
import { whereSql } from "./count.ts";
import type { Field } from "./field.ts";
import { afterSql, orderSql, type OrderTerm } from "./order.ts";
import { ofShape } from "./shapes.ts";
import type { Source } from "./source.ts";
import type { Params, Statement } from "./statement.ts";

/** A page of so few rows is tried among the quick statements. */
const QUICK_ROWS = 100;

/** One page of rows. */
export interface PageQuery {
  readonly source: Source;
  readonly params: Params;
  readonly fields: readonly Field[];
  /** Conditions, joined by AND. */
  readonly where: readonly string[];
  readonly order: readonly OrderTerm[];
  readonly limit: number;
  /** Whether to count all rows that the conditions let through. */
  readonly total: boolean;
  /** The key values of the row after which the page starts. */
  readonly after: readonly (string | null)[] | null;
}

/** A page's statement, with what is needed to read its answer. */
export interface PageStatement extends Statement {
  /** Rows that the page may hold; one more is fetched, to know whether there is one. */
  readonly limit: number;
  /** Bytes past which a cell was cut; null where none was. */
  readonly cell: number | null;
  /** Where each order term's value stands: a field's label, or null where keys come separately. */
  readonly keyLabels: readonly string[] | null;
}

/** What parts rows and keys in the answer: a control character, which JSON never holds unescaped. */
export const SEPARATOR = "\x1e";

const SPLIT = String.raw`E'\x1e'`;

/** Characters of a key's value past which a page offers no cursor. */
export const KEY_LENGTH = 1_000;

// Kinds whose JSON form is exactly the text that was compared, whole.
const SELF_KEYED: ReadonlySet<ValueKind> = new Set<ValueKind>([
  "integer",
  "bigint",
  "numeric",
  "boolean",
  "uuid",
  "date",
  "timestamp",
  "timestamptz",
  "time",
  "enum",
]);

/**
 * Builds the one statement that answers a page: Postgres sorts and cuts off raw rows inside and makes
 * JSON only of those that are left, each row's text apart from the next by a separator. A row whose
 * text passes the bound comes as the empty text, unless cells are to be cut (`cutting`), which costs
 * more and is for when that happened. Columns of the answer: the rows; the keys, where the rows do not
 * hold them; the total, where asked for.
 */
export function pageStatement(query: PageQuery, cutting: boolean): PageStatement {
  const { source, params, fields, order } = query;
  const after = query.after ? [afterSql(params, order, query.after)] : [];
  const ordered = orderSql(order);
  const shape = [
    ...["page", cutting, query.limit, query.total, after.length, source.from, ordered],
    ...query.where,
    ...after,
  ].join("\0");
  const made = ofShape(fields, shape, () => pageText(query, after, ordered, cutting));
  const quick = !query.total && query.limit <= QUICK_ROWS;
  return { ...made, values: params.values, unchecked: params.unchecked, quick };
}

function pageText(
  { source, fields, where, order, limit, total: counted }: PageQuery,
  after: readonly string[],
  ordered: string,
  cutting: boolean,
): Omit<PageStatement, "values" | "unchecked" | "quick"> {
  const bounds = cutting ? cutBounds(fields, limit) : { cell: null, rows: limit };
  const labels = new Map(fields.map((field) => [field.sql, field.label]));
  const separate = order.some(({ field }) => !SELF_KEYED.has(field.kind) || !labels.has(field.sql));

  const inner = fields.map((field, i) => `${field.sql} AS c${i}`);
  if (separate) inner.push(...order.map(({ field }, i) => `${field.sql} AS k${i}`));
  const raw = `SELECT ${inner.join(", ")} FROM ${source.from}${
    whereSql([...where, ...after])
  }${ordered} LIMIT ${bounds.rows + 1}`;
  const cells = cellsSql(fields, fields.map((_, i) => `r.c${i}`), bounds.cell);
  const keys = order.map((_, i) => `left(r.k${i}::text, ${KEY_LENGTH + 1})`).join(", ");
  // OFFSET 0 keeps Postgres from making the text twice, for its length and for itself.
  const rows = separate
    ? `SELECT (SELECT row_to_json(x.*) FROM (SELECT ${cells}) x)::text AS j, ` +
      `json_build_array(${keys})::text AS k FROM (${raw}) r OFFSET 0`
    : `SELECT row_to_json(x.*)::text AS j FROM (SELECT ${cells} FROM (${raw}) r) x OFFSET 0`;
  const row = cutting ? "j" : `CASE WHEN octet_length(j) <= ${rowBound(limit)} THEN j ELSE '' END`;
  const total = counted ? `(SELECT count(*) FROM ${source.from}${whereSql(where)})::text` : "NULL";
  return {
    text: `SELECT string_agg(${row}, ${SPLIT}), ` +
      `${separate ? `string_agg(k, ${SPLIT})` : "NULL"}, ${total} FROM (${rows}) p`,
    limit: bounds.rows,
    cell: bounds.cell,
    keyLabels: separate ? null : order.map(({ field }) => labels.get(field.sql)!),
  };
}
