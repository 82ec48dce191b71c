import { quoteLiteral } from "../../postgres/mod.ts";
import type { Column, Table } from "../manifest/compile.ts";
import { cellsSql } from "./cells.ts";
import { columnField } from "./field.ts";
import { ALIAS } from "./source.ts";
import type { Params } from "./statement.ts";

/** The aliases of a changed row as it was and as it is (RETURNING WITH, Postgres 18). */
const OLD = "o";
const NEW = "n";

/** Bytes past which a cell of a row that a write answers is cut. */
export const CELL = 2_000;

/** What a write does to the rows that it answers. */
export type Operation = "insert" | "update" | "delete" | "upsert";

/** How much a write tells of the rows that it changed. */
export interface EffectShape {
  readonly operation: Operation;
  /** The columns that may differ afterwards. */
  readonly set: readonly Column[];
  /** Whether rows are told in full, and not by their keys alone. */
  readonly rows: boolean;
  /** Whether rows are told as they were, too. */
  readonly before: boolean;
  /** Bytes past which a cell is cut, where that is not `CELL`. */
  readonly cell?: number;
}

/** A value for a new row: text in its column's type, null, or the column's default. */
export type NewValue = string | null | undefined;

const visible = (table: Table) => [...table.columns.values()];

/**
 * A digest of a row's visible columns: the row version. By content, since Postgres' own row versions
 * tell how busy the other databases of the cluster are.
 */
export function versionSql(table: Table, alias: string): string {
  const row = visible(table).map((column) => `${alias}.${column.ident}`).join(", ");
  return `left(encode(sha256(convert_to(ROW(${row})::text, 'UTF8')), 'hex'), 16)`;
}

function json(columns: readonly Column[], alias: string, bound: number | null): string {
  const fields = columns.map((column) => columnField(column, alias));
  const cells = cellsSql(fields, fields.map((field) => field.sql), bound);
  return `(SELECT row_to_json(x.*)::text FROM (SELECT ${cells}) x)`;
}

/** The names of the columns that differ, as JSON; compared as text, which every type has. */
function changedSql(set: readonly Column[]): string {
  const names = set.map((column) =>
    `CASE WHEN ${OLD}.${column.ident}::text IS DISTINCT FROM ${NEW}.${column.ident}::text ` +
    `THEN ${quoteLiteral(column.name)} END`
  );
  return `array_to_json(array_remove(ARRAY[${names.join(", ")}]::text[], NULL))::text`;
}

/**
 * The expressions that tell of one changed row, over the aliases of what it was and is: operation, key,
 * version, row, changed columns, row before, version before. The same for a write as for its journal entries.
 */
function effectSql(
  table: Table,
  { operation, set, rows, before, cell = CELL }: EffectShape,
): string[] {
  const key = table.key ?? [];
  const is = operation === "delete" ? OLD : NEW;
  const keyColumn = key[0] ?? visible(table)[0]!;
  const op = operation === "upsert"
    ? `CASE WHEN ${OLD}.${keyColumn.ident} IS NULL THEN 'insert' ELSE 'update' END`
    : `'${operation}'`;
  const none = "NULL::text";
  const updates = operation === "update" || operation === "upsert";
  return [
    `${op} AS op`,
    `${key.length ? json(key, is, cell) : "'{}'"} AS key`,
    `${operation === "delete" ? none : versionSql(table, NEW)} AS version`,
    `${rows ? json(visible(table), is, cell) : none} AS "row"`,
    `${updates ? changedSql(set) : none} AS changed`,
    `${before && operation !== "insert" ? json(visible(table), OLD, cell) : none} AS before`,
    ...(before ? [`${operation === "insert" ? none : versionSql(table, OLD)} AS was`] : []),
  ];
}

/** What a statement answers first of how many rows it changed: in all, and inserts of an upsert. */
const COUNTS = "(count(*) OVER ())::text AS counted, " +
  "(count(*) FILTER (WHERE op = 'insert') OVER ())::text AS of_them_inserted, " +
  "(count(*) FILTER (WHERE changed = '[]') OVER ())::text AS of_them_unchanged";

/** Where each row stands, and how many characters it and those before it take. */
const SPENT = "row_number() OVER () AS place, " +
  'sum(length(key) + coalesce(length("row"), 0) + coalesce(length(before), 0)) ' +
  "OVER (ROWS UNBOUNDED PRECEDING) AS spent";

const TOLD = 'op, key, version, "row", changed, before';

/** The version before, and a digest of the versions of all rows before: also of those that are not told. */
const TOLD_BEFORE = ", was, (SELECT encode(sha256(convert_to(" +
  "coalesce(string_agg(was, '' ORDER BY was), ''), 'UTF8')), 'hex') FROM changed)";

/**
 * The statement that changes rows and answers each of them. What is answered is computed before the
 * trigger that keeps the journal runs, at the statement's end: so it finds there who changes.
 *
 * @param dml Everything up to RETURNING.
 * @param context The setting `bulkhead.change`, bound.
 */
export function plainWriteSql(
  table: Table,
  shape: EffectShape,
  dml: string,
  context: string,
): string {
  return `${dml} RETURNING WITH (OLD AS ${OLD}, NEW AS ${NEW}) ` +
    `set_config('bulkhead.change', ${context}, true), ${effectSql(table, shape).join(", ")}`;
}

/**
 * The statement that changes rows, counts them, and answers the first of them. The trigger that keeps the
 * journal runs after all of it, and so finds what was said.
 *
 * @param dml Everything up to RETURNING.
 * @param context The setting `bulkhead.change`, bound.
 * @param shown Changed rows to answer; the rest is counted.
 * @param size Characters of rows past which fewer are answered; the first is always.
 */
export function writeSql(
  table: Table,
  shape: EffectShape,
  dml: string,
  context: string,
  shown: number,
  size: number | null = null,
): string {
  const told = `${TOLD}${shape.before ? TOLD_BEFORE : ""}`;
  return `WITH context AS MATERIALIZED (SELECT set_config('bulkhead.change', ${context}, true)), ` +
    `changed AS (${dml} RETURNING WITH (OLD AS ${OLD}, NEW AS ${NEW}) ` +
    `${effectSql(table, shape).join(", ")}) ` +
    (size === null
      ? `SELECT ${COUNTS}, ${told} FROM context, changed LIMIT ${shown}`
      : `SELECT counted, of_them_inserted, of_them_unchanged, ${told} ` +
        `FROM context, (SELECT *, ${COUNTS}, ${SPENT} FROM changed) c ` +
        `WHERE c.spent <= ${size} OR c.place = 1 LIMIT ${shown}`);
}

/**
 * The statement that tells of a change again, from its journal entries. The owner reads them, so what may
 * not be seen is taken out by the database, whatever the manifest at hand says; entries of other tables
 * are of rows that followed by a foreign key.
 */
export function replaySql(
  table: Table,
  shape: EffectShape,
  change: string,
  shown: number,
): string {
  const image = (column: string, alias: string) =>
    `jsonb_populate_record(NULL::${table.ident}, ` +
    `bulkhead.visible_image(j.table_name, j.${column})) AS ${alias}`;
  // The operation is the entry's, since an update of an upsert has a row before, too.
  return `WITH changed AS (SELECT ${effectSql(table, shape).join(", ")}, j.id ` +
    `FROM bulkhead.journal j, ${image("before", OLD)}, ${image("after", NEW)} ` +
    `WHERE j.change_id = ${change}::uuid AND j.undoes IS NULL ` +
    `AND j.table_name = ${quoteLiteral(table.name)} ` +
    `AND bulkhead.visible_image(j.table_name, coalesce(j.after, j.before)) IS NOT NULL) ` +
    `SELECT ${COUNTS}, ${TOLD} FROM changed ORDER BY id LIMIT ${shown}`;
}

function valueSql(params: Params, column: Column, value: NewValue): string {
  if (value === undefined) return "DEFAULT";
  return value === null ? "NULL" : params.bindAs(value, columnField(column, ALIAS));
}

/** INSERT of rows: one value a column and row. */
export function insertSql(
  params: Params,
  table: Table,
  columns: readonly Column[],
  rows: readonly (readonly NewValue[])[],
): string {
  const into = `INSERT INTO ${table.ident} AS ${ALIAS}`;
  // A row of defaults alone has no other form, and there is no list of them.
  if (!columns.length) return `${into} DEFAULT VALUES`;
  const values = rows.map((row) =>
    `(${row.map((value, i) => valueSql(params, columns[i]!, value)).join(", ")})`
  );
  return `${into} (${columns.map((column) => column.ident).join(", ")}) VALUES ${
    values.join(", ")
  }`;
}

/** INSERT that updates `set` of a row which has those key columns' values already. */
export function upsertSql(
  params: Params,
  table: Table,
  columns: readonly Column[],
  rows: readonly (readonly NewValue[])[],
  key: readonly Column[],
  set: readonly Column[],
): string {
  const assigned = set.map((column) => `${column.ident} = EXCLUDED.${column.ident}`).join(", ");
  return `${insertSql(params, table, columns, rows)} ON CONFLICT (${
    key.map((column) => column.ident).join(", ")
  }) DO UPDATE SET ${assigned}`;
}

/** UPDATE of the rows that a condition finds. */
export function updateSql(
  params: Params,
  table: Table,
  values: readonly (readonly [Column, string | null])[],
  where: string,
): string {
  const set = values.map(([column, value]) =>
    `${column.ident} = ${valueSql(params, column, value)}`
  );
  return `UPDATE ${table.ident} AS ${ALIAS} SET ${set.join(", ")} WHERE ${where}`;
}

/** DELETE of the rows that a condition finds. */
export function deleteSql(table: Table, where: string): string {
  return `DELETE FROM ${table.ident} AS ${ALIAS} WHERE ${where}`;
}
