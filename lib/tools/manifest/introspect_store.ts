import { quoteIdent, type Sql, type Tx } from "../../postgres/mod.ts";
import { valueKind } from "./kind.ts";
import type { ManifestBody, ManifestTable } from "./shape.ts";

// A table of up to so many rows and bytes is counted; of larger ones the planner's estimate is told.
const COUNTED_ROWS = 200_000;
const COUNTED_BYTES = 128 * 1024 * 1024;

interface TableRow {
  name: string;
  comment: string | null;
  stored: boolean;
  estimate: number;
  bytes: number;
  /** Whether a policy hides some rows from the reader. */
  filtered: boolean;
  deletable: boolean;
  /** Whether no column needs a value that the writer may not give. */
  completable: boolean;
}

interface ColumnRow {
  table: string;
  name: string;
  type: string;
  cast: string;
  base: string;
  base_schema: string;
  typtype: string;
  nullable: boolean;
  comment: string | null;
  insertable: boolean;
  updatable: boolean;
  required: boolean;
}

interface IndexRow {
  table: string;
  name: string;
  is_primary: boolean;
  is_unique: boolean;
  /** Null in place of an expression. */
  columns: (string | null)[];
  /** What a GIN index over a tsvector of columns that the reader sees indexes. */
  vector: string | null;
}

interface ForeignKeyRow {
  table: string;
  columns: string[];
  target: string;
  references: string[];
}

function selectTables(tx: Tx, writer: string) {
  return tx<TableRow[]>`
    SELECT c.relname::text AS name, obj_description(c.oid, 'pg_class') AS comment,
      c.relkind IN ('r', 'p', 'm') AS stored, c.reltuples::float8 AS estimate,
      CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) ELSE 0 END::float8 AS bytes,
      c.relrowsecurity AS filtered, has_table_privilege(${writer}, c.oid, 'DELETE') AS deletable,
      NOT EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
          AND NOT a.atthasdef AND a.attidentity = ''
          AND NOT has_column_privilege(${writer}, c.oid, a.attnum, 'INSERT')
      ) AS completable
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT c.relispartition AND has_any_column_privilege(c.oid, 'SELECT')
    ORDER BY c.relname`;
}

function selectColumns(tx: Tx, writer: string) {
  return tx<ColumnRow[]>`
    SELECT c.relname::text AS table, a.attname::text AS name,
      format_type(a.atttypid, a.atttypmod) AS type,
      format('%I.%I', n.nspname, t.typname) AS cast,
      b.typname::text AS base, bn.nspname::text AS base_schema, b.typtype::text AS typtype,
      NOT a.attnotnull AS nullable, col_description(c.oid, a.attnum) AS comment,
      has_column_privilege(${writer}, c.oid, a.attnum, 'INSERT') AS insertable,
      has_column_privilege(${writer}, c.oid, a.attnum, 'UPDATE') AS updatable,
      a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
    JOIN pg_namespace bn ON bn.oid = b.typnamespace
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT c.relispartition AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY c.relname, a.attnum`;
}

function selectIndexes(tx: Tx) {
  return tx<IndexRow[]>`
    SELECT c.relname::text AS table, x.relname::text AS name, i.indisprimary AS is_primary,
      i.indisunique AND i.indimmediate AND i.indpred IS NULL AS is_unique,
      (
        SELECT json_agg(a.attname ORDER BY k.n)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0
        WHERE k.n <= i.indnkeyatts
      ) AS columns,
      CASE WHEN am.amname = 'gin' AND i.indnkeyatts = 1 AND i.indpred IS NULL
        AND EXISTS (
          SELECT FROM pg_opclass o WHERE o.oid = i.indclass[0] AND o.opcname = 'tsvector_ops'
        ) AND NOT EXISTS (
          SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0
            AND NOT has_column_privilege(c.oid, d.refobjsubid::int2, 'SELECT')
        ) THEN pg_get_indexdef(i.indexrelid, 1, true) END AS vector
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_am am ON am.oid = x.relam
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm')
      AND NOT c.relispartition AND i.indisvalid
    ORDER BY c.relname, NOT i.indisprimary, x.relname`;
}

function selectForeignKeys(tx: Tx) {
  return tx<ForeignKeyRow[]>`
    SELECT c.relname::text AS table, r.relname::text AS target,
      (
        SELECT json_agg(a.attname ORDER BY k.n)
        FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, n)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
      ) AS columns,
      (
        SELECT json_agg(a.attname ORDER BY k.n)
        FROM unnest(f.confkey) WITH ORDINALITY AS k (attnum, n)
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.attnum
      ) AS references
    FROM pg_constraint f
    JOIN pg_class c ON c.oid = f.conrelid
    JOIN pg_class r ON r.oid = f.confrelid
    WHERE f.contype = 'f' AND c.relnamespace = 'public'::regnamespace
      AND r.relnamespace = 'public'::regnamespace AND NOT c.relispartition
    ORDER BY c.relname, f.conname`;
}

async function countRows(
  tx: Tx,
  table: TableRow,
): Promise<Pick<ManifestTable, "rows" | "exact">> {
  // A view may cost anything to count.
  if (!table.stored) return { rows: null, exact: false };
  // reltuples is -1 before the first ANALYZE.
  if (table.estimate > COUNTED_ROWS || table.bytes > COUNTED_BYTES) {
    // The planner's estimate counts the rows that a policy hides.
    const known = table.estimate >= 0 && !table.filtered;
    return { rows: known ? table.estimate : null, exact: false };
  }
  const [row] = await tx.unsafe<{ n: number }[]>(
    `SELECT count(*)::float8 AS n FROM public.${quoteIdent(table.name)}`,
  );
  return { rows: row!.n, exact: true };
}

/**
 * Reads the schema as the connection's role sees it: tables and columns that it may SELECT, their keys,
 * indexes and counts; and what of them the role `writer` may change.
 */
export function introspect(sql: Sql, writer: string): Promise<ManifestBody> {
  // One snapshot, so that tables and keys belong together.
  return sql.begin("ISOLATION LEVEL REPEATABLE READ READ ONLY", (tx) => readSchema(tx, writer));
}

async function readSchema(tx: Tx, writer: string): Promise<ManifestBody> {
  const columns = Map.groupBy(await selectColumns(tx, writer), (row) => row.table);
  const indexes = Map.groupBy(await selectIndexes(tx), (row) => row.table);
  const foreignKeys = Map.groupBy(await selectForeignKeys(tx), (row) => row.table);
  const tables: ManifestTable[] = [];
  for (const row of await selectTables(tx, writer)) {
    const own = columns.get(row.name) ?? [];
    tables.push({
      name: row.name,
      comment: row.comment,
      stored: row.stored,
      ...await countRows(tx, row),
      columns: own.map((column) => ({
        name: column.name,
        type: column.type,
        cast: column.cast,
        kind: valueKind(column.base_schema, column.base, column.typtype),
        nullable: column.nullable,
        comment: column.comment,
        insertable: column.insertable && row.completable,
        updatable: column.updatable,
        required: column.required,
      })),
      deletable: row.deletable,
      ...keysOf(row.name, own, indexes.get(row.name) ?? []),
      foreignKeys: (foreignKeys.get(row.name) ?? [])
        .filter((key) => visible(columns, key))
        .map(({ columns, target, references }) => ({ columns, table: target, references })),
    });
  }
  return { tables };
}

/** Whether the reader sees every column of a foreign key, on both sides. */
function visible(columns: ReadonlyMap<string, ColumnRow[]>, key: ForeignKeyRow): boolean {
  const sees = (table: string, names: readonly string[]) =>
    names.every((name) => columns.get(table)?.some((column) => column.name === name));
  return sees(key.table, key.columns) && sees(key.target, key.references);
}

function keysOf(table: string, columns: readonly ColumnRow[], indexes: readonly IndexRow[]) {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const plain = indexes.flatMap((index) => {
    const names = index.columns.filter((name) => name !== null && byName.has(name)) as string[];
    return names.length === index.columns.length ? [{ ...index, columns: names }] : [];
  });
  const vectors = indexes.filter((index) => index.vector !== null);
  const vector = vectors.find((index) => index.name === `${table}_search_idx`) ?? vectors[0];
  const expression = vector?.vector;
  return {
    primaryKey: plain.find((index) => index.is_primary)?.columns ?? null,
    uniqueKeys: plain.filter((index) =>
      index.is_unique && !index.is_primary &&
      index.columns.every((name) => !byName.get(name)!.nullable)
    ).map((index) => index.columns),
    indexes: plain.map((index) => index.columns),
    search: expression
      ? { expression, config: /to_tsvector\('([a-z_]+)'/.exec(expression)?.[1] ?? "simple" }
      : null,
  };
}
