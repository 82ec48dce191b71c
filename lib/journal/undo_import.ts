import type { ChangeId } from "../ids.ts";
import { isConnectionLost, sqlState, type Tx, violatedConstraint } from "../postgres/mod.ts";
import { createKept, insertImport, keptSchema, keptTable } from "./import_store.ts";
import { type Refusal, refusalOf } from "./refusals.ts";
import {
  addForeignKeys,
  addReferences,
  applyAccessTo,
  asOneImport,
  copyAdded,
  countAdded,
  countUnchanged,
  deleteCopied,
  dropReferences,
  type ImportEntry,
  insertKept,
  isRefusal,
  lockTarget,
  moveTable,
  selectImport,
  selectImportShape,
  selectReferences,
  sparePointedTo,
} from "./undo_import_store.ts";

/** An import that was to be undone, with what became of it. */
export interface UndoneImport {
  readonly entry: string;
  readonly table: string;
  readonly fileName: string;
  readonly ingestId: string;
  /** Rows taken away, and rows put back. */
  readonly removed: number;
  readonly restored: number;
  /** Rows of it that are left as they are. */
  readonly refused: number;
  /** Why those are, or all of it is; null: all of it is undone. */
  readonly refusal: Refusal | null;
  /** Whether a table goes, or comes back. */
  readonly wholeTable: boolean;
}

/** Under which change an import is undone, by whom, and which place of it this is. */
export interface ImportUndo {
  readonly change: ChangeId;
  readonly by: Readonly<Record<string, string | null>>;
  readonly place: number;
}

/** Ends an attempt that is kept in no part. */
class Refused extends Error {
  constructor(readonly refusal: Refusal, readonly rows: number) {
    super(refusal);
  }
}

type Done = Pick<UndoneImport, "removed" | "restored" | "refused" | "refusal">;

const refuse = (refusal: Refusal, entry: ImportEntry): never => {
  throw new Refused(refusal, entry.added + entry.removed);
};

/** Takes a table away that an import made: as a whole, while nothing of it was changed. */
async function takeTable(tx: Tx, entry: ImportEntry, undo: ImportUndo): Promise<Done> {
  const { table } = entry;
  const shape = await selectImportShape(tx, "public", table) ?? refuse("table_gone", entry);
  await lockTarget(tx, table, true);
  const others = (await selectReferences(tx, "public", table, false)).filter(({ self }) => !self);
  if (others.length) refuse("pointed_to", entry);
  const { all, same } = await countUnchanged(tx, shape, entry);
  if (all !== entry.added || same !== all) refuse("row_changed", entry);
  const own = (await selectReferences(tx, "public", table, true)).filter(({ self }) => !self);
  // Kept aside, it must not keep rows of other tables from going.
  await dropReferences(tx, own);
  const kept = keptSchema(undo.change);
  await createKept(tx, kept);
  await moveTable(tx, "public", table, kept);
  await insertImport(tx, {
    ...noteOf(entry, undo),
    added: 0,
    removed: all,
    wholeTable: true,
    foreignKeys: own.map(({ definition }) => definition),
    kept,
    undoes: entry.entry,
    rowsIn: null,
  });
  return { removed: all, restored: 0, refused: 0, refusal: null };
}

/** Puts a table back that an undo took away. */
async function bringTable(tx: Tx, entry: ImportEntry, undo: ImportUndo): Promise<Done> {
  const { table } = entry;
  if (await selectImportShape(tx, "public", table)) refuse("name_taken", entry);
  await moveTable(tx, entry.kept!, table, "public");
  const child = `public.${quoted(table)}`;
  await addForeignKeys(tx, child, entry.foreignKeys);
  await applyAccessTo(tx, table);
  await insertImport(tx, {
    ...noteOf(entry, undo),
    added: entry.removed,
    removed: 0,
    wholeTable: true,
    kept: null,
    undoes: entry.entry,
    rowsIn: child,
  });
  return { removed: 0, restored: entry.removed, refused: 0, refusal: null };
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

const noteOf = (entry: ImportEntry, { change, by, place }: ImportUndo) => ({
  change,
  by,
  place,
  ingestId: entry.ingestId,
  fileName: entry.fileName,
  sha256: entry.sha256,
  table: entry.table,
  mode: "undo" as const,
});

/** What an import did to a table's rows, the other way round: set by set, however many there are. */
async function turnRows(tx: Tx, entry: ImportEntry, undo: ImportUndo): Promise<Done> {
  const { table } = entry;
  const shape = await selectImportShape(tx, "public", table) ?? refuse("table_gone", entry);
  if (!shape.key.length) refuse("not_distinct", entry);
  await lockTarget(tx, table, false);
  const references = await selectReferences(tx, "public", table, false);
  const kept = keptSchema(undo.change);
  await createKept(tx, kept);
  // Where rows come back in their place, others may refer to them: judged when all of it is done.
  const swapped = entry.removed > 0
    ? references.filter(({ self, validated }) => !self && validated)
    : [];
  await dropReferences(tx, swapped);
  let [removed, restored, left] = [0, 0, 0];
  let why: Refusal | null = null;
  if (entry.added > 0) {
    const going = keptTable(kept, "rows", undo.place);
    removed = await copyAdded(tx, shape, entry, going);
    left = entry.added - removed;
    if (left > 0) {
      why = await countAdded(tx, shape, entry) > removed ? "row_changed" : "row_gone";
      // Half of the former rows beside half of the new ones would be neither table.
      if (entry.removed > 0 || removed === 0) refuse(why, entry);
    }
    if (entry.removed === 0) {
      const spared = await sparePointedTo(tx, shape, going, references);
      if (spared > 0) why ??= "pointed_to";
      [removed, left] = [removed - spared, left + spared];
      if (removed === 0) refuse(why!, entry);
    }
    await deleteCopied(tx, shape, table, going);
  }
  if (entry.removed > 0) {
    const from = keptTable(entry.kept!, "rows", entry.place);
    restored = await insertKept(tx, shape, table, from, keptTable(kept, "keys", undo.place));
  }
  await addReferences(tx, swapped);
  await insertImport(tx, {
    ...noteOf(entry, undo),
    added: restored,
    removed,
    wholeTable: false,
    kept,
    // What is left of it can be undone still.
    undoes: left === 0 ? entry.entry : null,
    rowsIn: restored > 0 ? `public.${quoted(table)}` : null,
  });
  return { removed, restored, refused: left, refusal: why };
}

/** What Postgres has against it; throws on what is nothing about these rows. */
function refusalBy(error: unknown, entry: ImportEntry): Refused {
  const state = sqlState(error);
  if (isConnectionLost(error) || !state || !isRefusal(error)) throw error;
  if (state === "23503") {
    return new Refused(entry.removed > 0 ? "pointed_to" : "points_nowhere", entry.added);
  }
  const isKey = violatedConstraint(error)?.endsWith("_pkey") === true;
  const refusal = refusalOf(state, "delete", isKey) ?? "columns_changed";
  return new Refused(refusal, entry.added + entry.removed);
}

/**
 * Undoes what one import did to one table, in the transaction: rows that stand as it left them go, rows
 * that it replaced come back, a table that it made is taken away. What it does is kept as an entry of the
 * same kind, which can be undone in turn.
 *
 * @param own Whether an agent asks: an import is undone by people.
 * @param writable The tables that whoever asks may change; null: all.
 */
export async function undoImport(
  tx: Tx,
  id: string,
  undo: ImportUndo,
  own: boolean,
  writable: readonly string[] | null,
): Promise<UndoneImport> {
  const entry = await selectImport(tx, id);
  const { table, fileName, ingestId, wholeTable } = entry;
  const answer = (done: Done): UndoneImport => (
    { entry: id, table, fileName, ingestId, wholeTable, ...done }
  );
  const refused = (refusal: Refusal, rows: number) =>
    answer({ removed: 0, restored: 0, refused: rows, refusal });
  const rows = entry.added + entry.removed;
  if (own || (writable && !writable.includes(table))) return refused("not_yours", rows);
  if (entry.expired || (entry.kept === null && !entry.wholeTable)) return refused("too_late", rows);
  if (!entry.intact) return refused("not_distinct", rows);
  const work = !entry.wholeTable ? turnRows : entry.added > 0 ? takeTable : bringTable;
  try {
    return answer(await asOneImport(tx, (part) => work(part, entry, undo)));
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    const fault = error instanceof Refused ? error : refusalBy(error, entry);
    return refused(fault.refusal, fault.rows);
  }
}
