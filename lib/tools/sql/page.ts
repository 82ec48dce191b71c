import { boundsFor, cellsSql } from "./cells.ts";
import type { Field } from "./field.ts";
import { afterSql, orderSql, type OrderTerm } from "./order.ts";
import type { Source } from "./source.ts";
import type { Params, Statement } from "./statement.ts";

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
  /** Bytes past which a cell was cut. */
  readonly cell: number;
  /** Where each order term's value stands: a field's label, or null where keys come separately. */
  readonly keyLabels: readonly string[] | null;
}

/** What parts rows and keys in the answer: a control character, which JSON never holds unescaped. */
export const SEPARATOR = "\x1e";

const SPLIT = String.raw`E'\x1e'`;

/** Characters of a key's value past which a page offers no cursor. */
export const KEY_LENGTH = 1_000;

// Kinds whose JSON form is exactly the text that was compared, whole.
const SELF_KEYED = new Set(["integer", "bigint", "numeric", "boolean", "uuid", "date", "timestamp"]
  .concat("timestamptz", "time", "enum"));

const whereSql = (conditions: readonly string[]) =>
  conditions.length ? ` WHERE ${conditions.join(" AND ")}` : "";

/**
 * Builds the one statement that answers a page: Postgres sorts and cuts raw rows inside and makes JSON
 * only of those that are left, each row's text apart from the next by a separator. Columns of the
 * answer: the rows; the keys, where the rows themselves do not hold them; the total, where asked for.
 */
export function pageStatement(query: PageQuery): PageStatement {
  const { source, params, fields, order } = query;
  const bounds = boundsFor(fields, query.limit);
  const conditions = query.after
    ? [...query.where, afterSql(params, order, query.after)]
    : query.where;
  const labels = new Map(fields.map((field) => [field.sql, field]));
  const separate = order.some(({ field }) => !SELF_KEYED.has(field.kind) || !labels.has(field.sql));

  const inner = fields.map((field, i) => `${field.sql} AS c${i}`);
  if (separate) inner.push(...order.map(({ field }, i) => `${field.sql} AS k${i}`));
  const raw = `SELECT ${inner.join(", ")} FROM ${source.from}${whereSql(conditions)}${
    orderSql(order)
  } LIMIT ${bounds.rows + 1}`;
  const cells = cellsSql(fields, fields.map((_, i) => `r.c${i}`), bounds.cell);
  const total = query.total
    ? `, (SELECT count(*) FROM ${source.from}${whereSql(query.where)})::text`
    : "";
  const text = separate
    ? `SELECT string_agg((SELECT row_to_json(x.*) FROM (SELECT ${cells}) x)::text, ${SPLIT}), ` +
      `string_agg(json_build_array(${
        order.map((_, i) => `left(r.k${i}::text, ${KEY_LENGTH + 1})`).join(", ")
      })::text, ${SPLIT})${total} FROM (${raw}) r`
    : `SELECT string_agg(row_to_json(x.*)::text, ${SPLIT}), NULL::text${total} ` +
      `FROM (SELECT ${cells} FROM (${raw}) r) x`;
  return {
    text,
    values: params.values,
    unchecked: params.unchecked,
    limit: bounds.rows,
    cell: bounds.cell,
    keyLabels: separate ? null : order.map(({ field }) => labels.get(field.sql)!.label),
  };
}
