import type { ChangeId } from "../ids.ts";
import type { Tx } from "../postgres/mod.ts";
import type { RowOp } from "./entry.ts";

/** What a change would do, or did, in numbers. */
export interface ChangeCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** What a change would do, as it is kept while it waits, besides its rows. */
export interface StoredPreview extends ChangeCounts {
  /** Rows that it finds or makes. */
  readonly count: number;
  /** A digest of all of them as they were. */
  readonly was: string | null;
  /** Of those that are kept: how many, their characters, and a digest of them. */
  readonly kept: number;
  readonly size: number;
  readonly digest: string;
}

/** One row of a preview, as it is written. */
export interface StoredRow {
  readonly op: RowOp;
  readonly key: unknown;
  readonly before: unknown;
  readonly after: unknown;
  /** The row version before. */
  readonly was: string | null;
  /** Whether a value was cut. */
  readonly cut: boolean;
}

/** A preview ready to be kept, as JSON texts. */
export interface PreviewJson {
  /** A `StoredPreview`. */
  readonly head: string;
  /** An array of `StoredRow`. */
  readonly rows: string;
}

/** Which rows of a change are read. */
export interface RowWindow {
  /** The place after which it begins. */
  readonly after: number;
  readonly limit: number;
  /** Characters of rows past which it ends early. */
  readonly size: number;
  /** Whether a row that is larger than that by itself is read all the same. */
  readonly atLeastOne: boolean;
}

/** A window that holds no row: of a change whose rows are not asked for. */
export const NO_ROWS: RowWindow = { after: 0, limit: 0, size: 0, atLeastOne: false };

/** Keeps the rows of a preview. */
export async function insertRows(tx: Tx, change: ChangeId, { rows }: PreviewJson): Promise<void> {
  await tx`
    INSERT INTO bulkhead.change_rows (change_id, place, op, key, before, after, was, whole, size)
    SELECT ${change}, e.place, e.value ->> 'op', e.value -> 'key', nullif(e.value -> 'before', 'null'),
      nullif(e.value -> 'after', 'null'), e.value ->> 'was', e.value -> 'cut' = 'false',
      length(e.value::text)
    FROM jsonb_array_elements(${rows}::text::jsonb) WITH ORDINALITY AS e(value, place)`;
}

/** Forgets the rows of changes, and who has looked at them. */
export async function deleteRows(tx: Tx, changes: readonly ChangeId[]): Promise<void> {
  const ids = tx`(SELECT value::uuid FROM jsonb_array_elements_text(${tx.json([...changes])}))`;
  await tx`DELETE FROM bulkhead.change_rows WHERE change_id IN ${ids}`;
  await tx`DELETE FROM bulkhead.change_views WHERE change_id IN ${ids}`;
}

/** Keeps what a change that still waits would do now; false where it waits no more. */
export async function updatePreview(
  tx: Tx,
  change: ChangeId,
  preview: PreviewJson,
): Promise<boolean> {
  const rows = await tx`
    UPDATE bulkhead.changes SET preview = ${preview.head}::text::jsonb, note = NULL
    WHERE id = ${change} AND state = 'queued' RETURNING id`;
  if (!rows.length) return false;
  await deleteRows(tx, [change]);
  await insertRows(tx, change, preview);
  return true;
}
