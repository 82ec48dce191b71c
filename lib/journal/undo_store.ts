import type { ChangeId } from "../ids.ts";
import { isConnectionLost, quoteIdent, type Tx } from "../postgres/mod.ts";
import { entrySql, type Reached } from "./changes_store.ts";
import type { RowOp } from "./entry.ts";

/** Which entries are meant to be taken back. */
export interface EntrySelection {
  readonly entry?: string;
  readonly change?: ChangeId;
  /** A connection, a token, or the acts of a person themselves; with `since`. */
  readonly grant?: string;
  readonly token?: string;
  readonly person?: string;
  readonly since?: Date;
  /** Only what this one did, as `actorKey` names them. */
  readonly actor?: string;
  /** Only of these tables; null: of all. */
  readonly reached?: Reached;
}

/** An entry as undoing needs it; its images stay in the database. */
export interface Undoable {
  readonly id: string;
  readonly op: RowOp | "import";
  readonly table: string;
  readonly undoes: string | null;
  readonly keyColumns: readonly string[];
  /** The image's columns. */
  readonly columns: readonly string[];
  /** Those that an update changed. */
  readonly changed: readonly string[];
  /** Whether it is taken back now. */
  readonly undone: boolean;
  /** Whether it may be shown. */
  readonly shown: boolean;
}

/** An entry of one row. */
export type UndoableRow = Undoable & { readonly op: RowOp };

/** Whether an entry is of one row, and not of an import. */
export const isOfRow = (entry: Undoable): entry is UndoableRow => entry.op !== "import";

/** Reads up to `limit` entries below `below`, the latest first. */
export async function selectUndoable(
  tx: Tx,
  selection: EntrySelection,
  below: string | null,
  limit: number,
): Promise<Undoable[]> {
  const { entry = null, change = null, grant = null, token = null } = selection;
  const { person = null, actor = null } = selection;
  const since = selection.since?.toISOString() ?? null;
  return [
    ...await tx<Undoable[]>`
      SELECT e.id::text, e.op, e.table_name AS "table", e.undoes::text,
        ARRAY_TO_JSON(ARRAY(SELECT jsonb_object_keys(e.key))) AS "keyColumns",
        ARRAY_TO_JSON(ARRAY(SELECT jsonb_object_keys(coalesce(e.after, e.before)))) AS columns,
        ARRAY_TO_JSON(ARRAY(
          SELECT a.key FROM jsonb_each(e.after) a
          WHERE e.op = 'update' AND (e.before -> a.key)::text IS DISTINCT FROM a.value::text
        )) AS changed,
        ${entrySql.takenBackBy(tx)} IS NOT NULL AS undone,
        ${entrySql.isShown(tx)} AS shown
      FROM bulkhead.journal e
      WHERE e.op <> 'rules' AND ${entrySql.isReached(tx, selection.reached ?? null, "e")}
        AND (${below}::bigint IS NULL OR e.id < ${below}::bigint)
        AND (${entry}::bigint IS NULL OR e.id = ${entry}::bigint)
        AND (${change}::uuid IS NULL OR e.change_id = ${change}::uuid)
        AND (${grant}::text IS NULL OR e.context ->> 'grant' = ${grant})
        AND (${token}::text IS NULL OR e.context ->> 'token' = ${token})
        AND (${person}::text IS NULL OR (
          e.context ->> 'user' = ${person}
          AND e.context ->> 'token' IS NULL AND e.context ->> 'grant' IS NULL
        ))
        AND (${since}::timestamptz IS NULL OR e.at >= ${since}::timestamptz)
        AND (${actor}::text IS NULL OR coalesce(
          e.context ->> 'grant', e.context ->> 'token', e.context ->> 'user', e.context ->> 'kind'
        ) = ${actor})
      ORDER BY e.id DESC LIMIT ${limit}`,
  ];
}

/** Lets one undo at a time work on the database, under checks that are made at once. */
export async function beginUndo(tx: Tx): Promise<void> {
  await tx`SET LOCAL statement_timeout = '60s'`;
  await tx`SELECT FROM bulkhead.access FOR UPDATE`;
  await tx`SET CONSTRAINTS ALL IMMEDIATE`;
  // Where a load had been said on this very connection, nothing would be kept of what follows.
  await tx`SELECT set_config('bulkhead.loading', 'off', true)`;
}

/** A foreign key by which other rows follow a change of this table's. */
interface Following {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly to: readonly string[];
  readonly onDelete: boolean;
  readonly onUpdate: boolean;
}

/** A table as it is now, with what the field rules say of it. */
export interface TableShape {
  readonly table: string;
  readonly columns: readonly string[];
  /** Columns that are computed, which nobody sets and no comparison needs. */
  readonly computed: readonly string[];
  /** Columns that an update cannot set. */
  readonly fixed: readonly string[];
  readonly key: readonly string[];
  readonly keyConstraint: string;
  readonly following: readonly Following[];
  readonly hidden: readonly string[];
  readonly readOnly: readonly string[];
  readonly mayInsert: boolean;
  readonly mayUpdate: boolean;
  readonly mayDelete: boolean;
}

/** Reads a table's shape; null where there is no such table, or none whose changes are kept. */
export async function selectShape(tx: Tx, table: string): Promise<TableShape | null> {
  const [row] = await tx<TableShape[]>`
    SELECT c.relname AS "table",
      (SELECT jsonb_agg(a.attname) FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
      (SELECT coalesce(jsonb_agg(a.attname), '[]') FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         AND a.attgenerated <> '') AS computed,
      (SELECT coalesce(jsonb_agg(a.attname), '[]') FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         AND a.attidentity = 'a') AS fixed,
      (SELECT jsonb_agg(a.attname) FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)) AS key,
      (SELECT k.conname FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype = 'p')
        AS "keyConstraint",
      (SELECT coalesce(jsonb_agg(jsonb_build_object(
         'schema', n.nspname, 'table', f.relname,
         'columns', (SELECT jsonb_agg(a.attname ORDER BY p.place)
           FROM unnest(k.conkey) WITH ORDINALITY AS p(number, place)
           JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number),
         'to', (SELECT jsonb_agg(a.attname ORDER BY p.place)
           FROM unnest(k.confkey) WITH ORDINALITY AS p(number, place)
           JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number),
         'onDelete', k.confdeltype IN ('c', 'n', 'd'), 'onUpdate', k.confupdtype IN ('c', 'n', 'd')
       )), '[]')
       FROM pg_constraint k
       JOIN pg_class f ON f.oid = k.conrelid
       JOIN pg_namespace n ON n.oid = f.relnamespace
       WHERE k.confrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
         AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))) AS following,
      coalesce(to_jsonb(r.hidden), '[]') AS hidden,
      coalesce(to_jsonb(r.read_only), '[]') AS "readOnly",
      coalesce(r.may_insert, true) AS "mayInsert",
      coalesce(r.may_update, true) AS "mayUpdate",
      coalesce(r.may_delete, true) AS "mayDelete"
    FROM pg_class c
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    LEFT JOIN bulkhead.rules r ON r.table_name = c.relname
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ${table}
      AND EXISTS (
        SELECT FROM pg_trigger g
        WHERE g.tgrelid = c.oid AND g.tgname = 'bulkhead_journal' AND g.tgenabled <> 'D'
      )`;
  return row ?? null;
}

const tableOf = ({ table }: TableShape) => `public.${quoteIdent(table)}`;

const listOf = (columns: readonly string[], write: (ident: string) => string, between: string) =>
  columns.map((column) => write(quoteIdent(column))).join(between);

/** The entry `$1` as `j`, with its key as a row `k`, which the row `t` has. */
const entryOf = (shape: TableShape) =>
  `bulkhead.journal AS j CROSS JOIN LATERAL ` +
  `jsonb_populate_record(NULL::${tableOf(shape)}, j.key) AS k`;

const keysMeet = ({ key }: TableShape) =>
  listOf(key, (column) => `t.${column} = k.${column}`, " AND ");

// Said for the transaction alone: on a connection that was lost and made anew, nothing is written.
const IS_SAID = "current_setting('bulkhead.change', true) <> ''";

// Both as text: as JSON, 1.5 and 1.50 are equal.
const IS_UNCHANGED = `(to_jsonb(t.*) - ARRAY(
    SELECT n.name FROM jsonb_array_elements_text($2::text::jsonb) AS n(name) WHERE NOT j.after ? n.name
  ) - ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))::text
  = (j.after - ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))::text`;

/** Nothing stands in the columns that were added since. */
const ADDED_ARE_EMPTY = `NOT EXISTS (
    SELECT FROM jsonb_each(to_jsonb(t.*)) AS x
    WHERE NOT j.after ? x.key AND x.value <> 'null'
      AND NOT $3::text::jsonb ? x.key
  )`;

/** The statement that takes an entry back; `$1` is the entry, `$2` the table's columns, `$3` the computed. */
export function undoStatement(shape: TableShape, { op, columns, changed }: UndoableRow): string {
  const table = tableOf(shape);
  const entry = entryOf(shape);
  switch (op) {
    case "insert":
      return `DELETE FROM ${table} AS t USING ${entry}
        WHERE j.id = $1::bigint AND ${IS_SAID} AND ${keysMeet(shape)} AND ${IS_UNCHANGED}
          AND ${ADDED_ARE_EMPTY}`;
    case "update": {
      const set = changed.filter((name) => !shape.computed.includes(name));
      return `UPDATE ${table} AS t SET ${listOf(set, (column) => `${column} = b.${column}`, ", ")}
        FROM ${entry}
        CROSS JOIN LATERAL jsonb_populate_record(NULL::${table}, j.before) AS b
        WHERE j.id = $1::bigint AND ${IS_SAID} AND ${keysMeet(shape)} AND ${IS_UNCHANGED}`;
    }
    case "delete": {
      const set = columns.filter((name) => !shape.computed.includes(name));
      return `INSERT INTO ${table} (${listOf(set, String, ", ")}) OVERRIDING SYSTEM VALUE
        SELECT ${listOf(set, (column) => `b.${column}`, ", ")}
        FROM bulkhead.journal AS j
        CROSS JOIN LATERAL jsonb_populate_record(NULL::${table}, j.before) AS b
        WHERE j.id = $1::bigint AND ${IS_SAID} AND $2::text IS NOT NULL AND $3::text IS NOT NULL`;
    }
  }
}

/** What became of the attempt: rows that it changed, or what it was refused by. */
export type Attempt =
  | { readonly ok: true; readonly rows: number }
  | { readonly ok: false; readonly error: unknown };

// Statements that one undo prepares on its connection: entries mostly change the same columns.
const MAX_PREPARED = 200;

function admit(prepared: Set<string>, text: string): boolean {
  if (prepared.size < MAX_PREPARED) prepared.add(text);
  return prepared.has(text);
}

/**
 * Takes an entry back inside a savepoint, in one go with saying by whom: a refusal leaves nothing.
 *
 * @param context What the journal is to keep of it, as JSON.
 * @param prepared The statements that this undo has prepared.
 */
export async function attemptUndo(
  tx: Tx,
  shape: TableShape,
  entry: UndoableRow,
  context: string,
  prepared: Set<string>,
): Promise<Attempt> {
  const text = undoStatement(shape, entry);
  const values = [entry.id, JSON.stringify(shape.columns), JSON.stringify(shape.computed)];
  try {
    const done = await tx.savepoint(async (part) => {
      await part`SELECT set_config('bulkhead.change', ${context}, true)`;
      return await part.unsafe(text, values, { prepare: admit(prepared, text) });
    });
    return { ok: true, rows: done.count };
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    return { ok: false, error };
  }
}

/** Whether there is a row with the entry's key. */
export async function hasRow(tx: Tx, shape: TableShape, entry: Undoable): Promise<boolean> {
  const rows = await tx.unsafe(
    `SELECT FROM ${tableOf(shape)} AS t CROSS JOIN ${entryOf(shape)}
     WHERE j.id = $1::bigint AND ${keysMeet(shape)}`,
    [entry.id],
  );
  return rows.length > 0;
}

/**
 * Whether other rows would follow, by a foreign key that says so. Locks the row first, so that none
 * comes to refer to it meanwhile.
 */
export async function hasFollowers(
  tx: Tx,
  shape: TableShape,
  entry: UndoableRow,
): Promise<boolean> {
  const keys = shape.following.filter(({ onDelete, onUpdate, to }) =>
    entry.op === "insert"
      ? onDelete
      : entry.op === "update" && onUpdate && to.some((column) => entry.changed.includes(column))
  );
  if (!keys.length) return false;
  await tx.unsafe(
    `SELECT FROM ${tableOf(shape)} AS t CROSS JOIN ${entryOf(shape)}
     WHERE j.id = $1::bigint AND ${keysMeet(shape)} FOR UPDATE OF t`,
    [entry.id],
  );
  for (const { schema, table, columns, to } of keys) {
    const meets = columns.map((column, place) =>
      `f.${quoteIdent(column)} = t.${quoteIdent(to[place]!)}`
    );
    const rows = await tx.unsafe(
      `SELECT FROM ${quoteIdent(schema)}.${quoteIdent(table)} AS f
       CROSS JOIN ${tableOf(shape)} AS t CROSS JOIN ${entryOf(shape)}
       WHERE j.id = $1::bigint AND ${keysMeet(shape)} AND ${meets.join(" AND ")} LIMIT 1`,
      [entry.id],
    );
    if (rows.length) return true;
  }
  return false;
}
