import { quoteIdent, sqlState, type Tx } from "../postgres/mod.ts";
import { keptTable } from "./import_store.ts";

/** An import's entry, as undoing needs it. */
export interface ImportEntry {
  readonly entry: string;
  readonly table: string;
  readonly ingestId: string;
  readonly fileName: string;
  readonly sha256: string | null;
  readonly mode: "create" | "append" | "replace" | "undo";
  readonly added: number;
  readonly removed: number;
  readonly wholeTable: boolean;
  readonly foreignKeys: readonly string[];
  readonly rowsXid: string | null;
  readonly kept: string | null;
  readonly place: number;
  /** Whether its time is over. */
  readonly expired: boolean;
  /** Whether the database still is the one in which it was made, and not one restored from a dump. */
  readonly intact: boolean;
}

/** Reads an import's entry. */
export async function selectImport(tx: Tx, entry: string): Promise<ImportEntry> {
  const [row] = await tx<ImportEntry[]>`
    SELECT i.entry::text, j.table_name AS "table", i.ingest_id AS "ingestId",
      i.file_name AS "fileName", i.sha256, i.mode, i.added::float8 AS added,
      i.removed::float8 AS removed, i.whole_table AS "wholeTable",
      to_jsonb(i.foreign_keys) AS "foreignKeys", i.rows_xid::text AS "rowsXid", i.kept, i.place,
      i.expires_at <= now() AS expired, j.xmin = i.own_xid AS intact
    FROM bulkhead.import_entries i JOIN bulkhead.journal j ON j.id = i.entry
    WHERE i.entry = ${entry}::bigint`;
  return row!;
}

/** A table's primary key and its columns that an insert may fill; null where there is no such table. */
export interface ImportShape {
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

/** Reads what undoing needs to know of a table; null where there is none of the name. */
export async function selectImportShape(
  tx: Tx,
  schema: string,
  table: string,
): Promise<ImportShape | null> {
  const [row] = await tx<ImportShape[]>`
    SELECT
      (SELECT coalesce(jsonb_agg(a.attname ORDER BY k.place), '[]')
       FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
       WHERE i.indrelid = c.oid AND i.indisprimary) AS key,
      (SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
        AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${schema} AND c.relname = ${table} AND c.relkind IN ('r', 'p')`;
  return row ?? null;
}

/**
 * Does something that is kept or undone as one: in a savepoint, and with time enough for large tables. What
 * fails leaves the transaction as it was before.
 */
export async function asOneImport<T>(tx: Tx, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    return await tx.savepoint(async (part) => {
      await part`
        SELECT set_config('statement_timeout', '10min', true), set_config('lock_timeout', '5s', true),
          -- Kept as one entry, and not row by row.
          set_config('bulkhead.loading', 'on', true)`;
      await part`LOCK TABLE bulkhead.loads IN SHARE ROW EXCLUSIVE MODE`;
      return await work(part);
    });
  } finally {
    await tx`
      SELECT set_config('statement_timeout', '60s', true), set_config('lock_timeout', '0', true),
        set_config('bulkhead.loading', 'off', true)`;
  }
}

const target = (table: string) => `public.${quoteIdent(table)}`;

/** Locks a table against other writers, or against everybody. */
export async function lockTarget(tx: Tx, table: string, whole: boolean): Promise<void> {
  const mode = whole ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE";
  await tx.unsafe(`LOCK TABLE ${target(table)} IN ${mode} MODE`);
}

/** A foreign key, with the statements that drop it and make it again. */
export interface Reference {
  readonly child: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly to: readonly string[];
  readonly self: boolean;
  /** Whether every row was checked: what was not stays, since making it again would not check either. */
  readonly validated: boolean;
  readonly definition: string;
}

/** Reads the foreign keys that refer to a table, or, `from`, that it has itself. */
export async function selectReferences(
  tx: Tx,
  schema: string,
  table: string,
  from: boolean,
): Promise<Reference[]> {
  return [
    ...await tx<Reference[]>`
      SELECT k.conrelid::regclass::text AS child, k.conname AS name,
        (SELECT jsonb_agg(a.attname ORDER BY p.place)
         FROM unnest(k.conkey) WITH ORDINALITY AS p(number, place)
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number) AS columns,
        (SELECT jsonb_agg(a.attname ORDER BY p.place)
         FROM unnest(k.confkey) WITH ORDINALITY AS p(number, place)
         JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number) AS to,
        k.conrelid = k.confrelid AS self, k.convalidated AS validated,
        pg_get_constraintdef(k.oid) AS definition
      FROM pg_constraint k JOIN pg_class c ON c.oid = CASE WHEN ${from} THEN k.conrelid ELSE k.confrelid END
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE k.contype = 'f' AND k.conparentid = 0 AND n.nspname = ${schema} AND c.relname = ${table}
      ORDER BY k.oid`,
  ];
}

/** Takes foreign keys away until they are made again, which checks every row. */
export async function dropReferences(tx: Tx, references: readonly Reference[]) {
  for (const { child, name } of references) {
    await tx.unsafe(`ALTER TABLE ${child} DROP CONSTRAINT ${quoteIdent(name)}`);
  }
}

/** Makes them again. */
export async function addReferences(tx: Tx, references: readonly Reference[]) {
  for (const { child, name, definition } of references) {
    await tx.unsafe(`ALTER TABLE ${child} ADD CONSTRAINT ${quoteIdent(name)} ${definition}`);
  }
}

/** Makes a table's own foreign keys again. */
export async function addForeignKeys(tx: Tx, table: string, definitions: readonly string[]) {
  for (const definition of definitions) await tx.unsafe(`ALTER TABLE ${table} ADD ${definition}`);
}

const meets = (key: readonly string[], one: string, other: string) =>
  key.map((name) => `${one}.${quoteIdent(name)} = ${other}.${quoteIdent(name)}`).join(" AND ");

/**
 * Whether the row `t` stands as an import left it: in the very version that it wrote, or, where the row was
 * changed and all of that undone, as the first change since found it.
 */
function unchanged({ key }: ImportShape): string {
  const keyOf = key.map((name) =>
    `'${name.replaceAll("'", "''")}', to_jsonb(t) -> '${name.replaceAll("'", "''")}'`
  ).join(", ");
  const touched = key.length === 0 ? "" : ` OR EXISTS (
    SELECT FROM touched x WHERE x.key = jsonb_build_object(${keyOf})
      AND x.op <> 'insert' AND x.before::text = to_jsonb(t)::text)`;
  return `(t.xmin = $1::text::xid${touched})`;
}

const TOUCHED = `touched AS MATERIALIZED (
    SELECT DISTINCT ON (j.key) j.key, j.op, j.before FROM bulkhead.journal j
    WHERE j.id > $2::bigint AND j.table_name = $3 AND j.key IS NOT NULL ORDER BY j.key, j.id)`;

/** Counts a table's rows, and those of them that stand as an import left them. */
export async function countUnchanged(
  tx: Tx,
  shape: ImportShape,
  entry: ImportEntry,
): Promise<{ all: number; same: number }> {
  const [row] = await tx.unsafe<{ all: number; same: number }[]>(
    `WITH ${TOUCHED}
     SELECT count(*)::float8 AS all, (count(*) FILTER (WHERE ${unchanged(shape)}))::float8 AS same
     FROM ${target(entry.table)} t`,
    [entry.rowsXid, entry.entry, entry.table],
  );
  return row!;
}

/** Copies the rows that an import added and that stand as it left them. Answers how many. */
export async function copyAdded(
  tx: Tx,
  shape: ImportShape,
  entry: ImportEntry,
  into: string,
): Promise<number> {
  const keys = keptTable(entry.kept!, "keys", entry.place);
  await tx.unsafe(`CREATE TABLE ${into} AS SELECT * FROM ${target(entry.table)} WITH NO DATA`);
  const copied = await tx.unsafe(
    `WITH ${TOUCHED}
     INSERT INTO ${into} SELECT t.* FROM ${target(entry.table)} t
     JOIN ${keys} k ON ${meets(shape.key, "t", "k")} WHERE ${unchanged(shape)}`,
    [entry.rowsXid, entry.entry, entry.table],
  );
  await tx.unsafe(`ANALYZE ${into}`);
  return copied.count;
}

/** Counts the rows of an import that are there still, changed or not. */
export async function countAdded(
  tx: Tx,
  shape: ImportShape,
  entry: ImportEntry,
): Promise<number> {
  const [row] = await tx.unsafe<{ n: number }[]>(
    `SELECT count(*)::float8 AS n FROM ${target(entry.table)} t
     JOIN ${keptTable(entry.kept!, "keys", entry.place)} k ON ${meets(shape.key, "t", "k")}`,
  );
  return row!.n;
}

/** Leaves out of copied rows those to which others refer. Answers how many those are. */
export async function sparePointedTo(
  tx: Tx,
  shape: ImportShape,
  from: string,
  references: readonly Reference[],
): Promise<number> {
  let spared = 0;
  for (let round = 1; round > 0;) {
    round = 0;
    for (const { child, columns, to, self } of references) {
      const points = columns.map((column, place) =>
        `c.${quoteIdent(column)} = r.${quoteIdent(to[place]!)}`
      ).join(" AND ");
      // Rows of the table itself that go as well keep nothing.
      const stays = self
        ? ` AND NOT EXISTS (SELECT FROM ${from} g WHERE ${meets(shape.key, "g", "c")})`
        : "";
      const gone = await tx.unsafe(
        `DELETE FROM ${from} r WHERE EXISTS (SELECT FROM ${child} c WHERE ${points}${stays})`,
      );
      round += gone.count;
    }
    spared += round;
  }
  return spared;
}

/** Deletes the rows of a table that were copied. */
export async function deleteCopied(
  tx: Tx,
  shape: ImportShape,
  table: string,
  from: string,
): Promise<void> {
  await tx.unsafe(
    `DELETE FROM ${target(table)} t USING ${from} r WHERE ${meets(shape.key, "t", "r")}`,
  );
}

/** Puts rows back into their table, and keeps their keys. Answers how many. */
export async function insertKept(
  tx: Tx,
  shape: ImportShape,
  table: string,
  from: string,
  keys: string,
): Promise<number> {
  const columns = shape.columns.map(quoteIdent).join(", ");
  const done = await tx.unsafe(
    `INSERT INTO ${
      target(table)
    } (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${from}`,
  );
  await tx.unsafe(
    `CREATE TABLE ${keys} AS SELECT ${shape.key.map(quoteIdent).join(", ")} FROM ${from}`,
  );
  return done.count;
}

/** Moves a table out of the data, or back, with its indexes and sequences. */
export async function moveTable(
  tx: Tx,
  from: string,
  table: string,
  to: string,
): Promise<void> {
  await tx.unsafe(
    `ALTER TABLE ${quoteIdent(from)}.${quoteIdent(table)} SET SCHEMA ${quoteIdent(to)}`,
  );
}

/** Gives a table that is back what access and field rules say of it now. */
export async function applyAccessTo(tx: Tx, table: string): Promise<void> {
  await tx`SELECT bulkhead.apply_access(${target(table)}::text::regclass)`;
}

/** Whether a fault is of the data or of its locks, and so refuses the undo of an import. */
export const isRefusal = (error: unknown) => /^(22|23|42)/.test(sqlState(error) ?? "");
