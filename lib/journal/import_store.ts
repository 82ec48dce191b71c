import type { ChangeId } from "../ids.ts";
import { quoteIdent, type Tx } from "../postgres/mod.ts";
import { type DecidedBy, markApplied } from "./queue_store.ts";

/** Days for which an import can be undone: as long as the endpoint's database keeps what that needs. */
export const IMPORT_UNDO_DAYS = 7;

/** Keeps whose name begins so, one for each import or undo of one. */
const KEPT_PREFIX = "bulkhead_kept_";

/** The schema in which one change keeps what undoing it needs. */
export const keptSchema = (change: string) => `${KEPT_PREFIX}${change.replaceAll("-", "")}`;

/** A table of such a schema, quoted. */
export const keptTable = (schema: string, kind: "keys" | "rows" | "file", place: number) =>
  `${quoteIdent(schema)}.${quoteIdent(`${kind}_${place}`)}`;

/** One table into which a file went, as the journal is to have it. */
export interface ImportedTable {
  readonly change: ChangeId;
  readonly ingestId: string;
  readonly fileName: string;
  /** Of the file, in hexadecimal; null where nobody told. */
  readonly sha256: string | null;
  readonly table: string;
  readonly mode: "create" | "append" | "replace" | "undo";
  /** Rows. */
  readonly added: number;
  readonly removed: number;
  /** Whether the table itself was made or taken away. */
  readonly wholeTable: boolean;
  readonly foreignKeys?: readonly string[];
  /** The schema that keeps what undoing needs; null where nothing is needed but the table. */
  readonly kept: string | null;
  readonly place: number;
  /** Who, as `changedBy` says. */
  readonly by: Readonly<Record<string, unknown>>;
  /** The entry that this one undoes. */
  readonly undoes?: string | null;
  /** Where the added rows stand in this transaction: a quoted table; null where none were added. */
  readonly rowsIn: string | null;
}

/**
 * Keeps in the journal that a file went into a table, as one entry. The audit log hears of it when the
 * import ends, so nothing goes to the outbox.
 */
export async function insertImport(tx: Tx, imported: ImportedTable): Promise<void> {
  const { change, table, mode, by, undoes = null, rowsIn } = imported;
  const [entry] = await tx<{ id: string; xid: string }[]>`
    INSERT INTO bulkhead.journal (change_id, op, table_name, undoes, context)
    VALUES (${change}, 'import', ${table}, ${undoes}::bigint, ${tx.json(by as never)})
    RETURNING id::text, xmin::text AS xid`;
  // A table that was made has rows of one transaction, which may be a part of this one.
  const [rows] = rowsIn === null
    ? []
    : imported.wholeTable
    ? await tx.unsafe<{ xid: string }[]>(`SELECT xmin::text AS xid FROM ${rowsIn} LIMIT 1`)
    : [{ xid: entry!.xid }];
  await tx`
    INSERT INTO bulkhead.import_entries (
      entry, ingest_id, file_name, sha256, mode, added, removed, whole_table, foreign_keys,
      rows_xid, own_xid, kept, place, expires_at
    ) VALUES (
      ${entry!.id}::bigint, ${imported.ingestId}, ${imported.fileName}, ${imported.sha256}, ${mode},
      ${imported.added}, ${imported.removed}, ${imported.wholeTable},
      ARRAY(SELECT jsonb_array_elements_text(${
    JSON.stringify(imported.foreignKeys ?? [])
  }::text::jsonb)),
      ${rows?.xid ?? null}::text::xid, ${
    entry!.xid
  }::text::xid, ${imported.kept}, ${imported.place},
      now() + make_interval(days => ${IMPORT_UNDO_DAYS})
    )`;
}

/** Makes the schema in which a change keeps what undoing it needs. */
export async function createKept(tx: Tx, schema: string): Promise<void> {
  await tx.unsafe(`CREATE SCHEMA IF NOT EXISTS ${quoteIdent(schema)}`);
}

/** Drops the schema of a change that kept nothing. */
export async function dropKept(tx: Tx, schema: string): Promise<void> {
  await tx.unsafe(`DROP SCHEMA ${quoteIdent(schema)} CASCADE`);
}

/** Drops what imports kept whose time for undoing is over. Answers whether anything is kept still. */
export async function dropExpiredKept(tx: Tx): Promise<boolean> {
  // After whoever imports or undoes one just now.
  await tx`LOCK TABLE bulkhead.loads IN SHARE ROW EXCLUSIVE MODE`;
  const expired = await tx<{ kept: string }[]>`
    SELECT DISTINCT kept FROM bulkhead.import_entries
    WHERE kept IS NOT NULL AND expires_at <= now()`;
  for (const { kept } of expired) {
    if (!kept.startsWith(KEPT_PREFIX)) continue;
    await tx.unsafe(`DROP SCHEMA IF EXISTS ${quoteIdent(kept)} CASCADE`);
    await tx`UPDATE bulkhead.import_entries SET kept = NULL WHERE kept = ${kept}`;
  }
  const [left] = await tx`SELECT FROM bulkhead.import_entries WHERE kept IS NOT NULL LIMIT 1`;
  return left !== undefined;
}

/**
 * Notes, at the end of an import that was approved, that its change is done: only while it still waits, with
 * the preview that was approved, and where it did just that.
 *
 * @returns `gone` where it does not wait any more, `moved` where it did something else than was shown.
 */
export async function applyImport(
  tx: Tx,
  change: ChangeId,
  shown: { readonly version: string | null; readonly inserted: number; readonly deleted: number },
  by: DecidedBy,
): Promise<"applied" | "moved" | "gone"> {
  const [row] = await tx<{ version: string; inserted: number; deleted: number }[]>`
    SELECT bulkhead.shown_version(table_name, preview) AS version,
      (preview ->> 'inserted')::float8 AS inserted, (preview ->> 'deleted')::float8 AS deleted
    FROM bulkhead.changes WHERE id = ${change} AND state = 'queued' FOR UPDATE`;
  if (!row) return "gone";
  if (shown.version !== null && shown.version !== row.version) return "moved";
  if (shown.inserted !== row.inserted || shown.deleted !== row.deleted) return "moved";
  await markApplied(tx, change, by);
  return "applied";
}
