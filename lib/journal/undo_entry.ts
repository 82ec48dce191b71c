import { sqlState, type Tx, violatedConstraint } from "../postgres/mod.ts";
import { type Refusal, refusalOf } from "./refusals.ts";
import {
  attemptUndo,
  hasFollowers,
  hasRow,
  selectShape,
  type TableShape,
  type UndoableRow,
} from "./undo_store.ts";

/** What one undo has found out and made on its way. */
export interface UndoMemory {
  /** The tables that it has met; null where there is none such any more. */
  readonly shapes: Map<string, TableShape | null>;
  /** The statements that its connection has prepared. */
  readonly prepared: Set<string>;
  /** The tables that whoever asks may change; null: all. */
  readonly writable: readonly string[] | null;
}

async function shapeOf(
  tx: Tx,
  { shapes }: UndoMemory,
  table: string,
): Promise<TableShape | null> {
  let shape = shapes.get(table);
  if (shape === undefined) {
    shape = await selectShape(tx, table);
    shapes.set(table, shape);
  }
  return shape;
}

const sameNames = (some: readonly string[], others: readonly string[]) =>
  some.length === others.length && some.every((name) => others.includes(name));

/** What can be said before anything is tried; null where nothing speaks against it. */
function refusedByShape(shape: TableShape, entry: UndoableRow): Refusal | null {
  if (
    !sameNames(shape.key, entry.keyColumns) ||
    !entry.columns.every((column) => shape.columns.includes(column))
  ) return "columns_changed";
  if (entry.op !== "update") return null;
  const set = entry.changed.filter((column) => !shape.computed.includes(column));
  if (!set.length) return "not_distinct";
  return set.some((column) => shape.fixed.includes(column)) ? "columns_changed" : null;
}

/** What the field rules, as they are now, keep an agent from taking back. */
function refusedByRules(shape: TableShape, { op, changed, shown }: UndoableRow): Refusal | null {
  const may = { insert: shape.mayInsert, update: shape.mayUpdate, delete: shape.mayDelete }[op];
  const barred = [...shape.hidden, ...shape.readOnly];
  return shown && may && !changed.some((column) => barred.includes(column)) ? null : "not_yours";
}

function refusedByPostgres(shape: TableShape, entry: UndoableRow, error: unknown): Refusal {
  const state = sqlState(error);
  const isKey = violatedConstraint(error) === shape.keyConstraint;
  const refusal = state &&
    (state === "23503" && entry.op === "update"
      ? "points_nowhere"
      : refusalOf(state, entry.op, isKey));
  // A deadlock, a lost connection: nothing about this row.
  if (!refusal) throw error;
  return refusal;
}

/**
 * Takes one entry back in the transaction.
 *
 * @param context What the journal is to keep of it, as JSON.
 * @param own Whether an agent asks, whom the field rules bind.
 * @returns Why it was refused; null where it is done.
 */
export async function undoEntry(
  tx: Tx,
  memory: UndoMemory,
  entry: UndoableRow,
  context: string,
  own: boolean,
): Promise<Refusal | null> {
  const shape = await shapeOf(tx, memory, entry.table);
  if (!shape) return "table_gone";
  if (memory.writable && !memory.writable.includes(entry.table)) return "not_yours";
  const refused = (own ? refusedByRules(shape, entry) : null) ?? refusedByShape(shape, entry);
  if (refused) return refused;
  if (await hasFollowers(tx, shape, entry)) return "carries_others";
  const attempt = await attemptUndo(tx, shape, entry, context, memory.prepared);
  if (!attempt.ok) return refusedByPostgres(shape, entry, attempt.error);
  if (attempt.rows) return null;
  return await hasRow(tx, shape, entry) ? "row_changed" : "row_gone";
}
