import { AppError } from "../../errors.ts";
import type { Draft, DraftColumn } from "./draft.ts";
import { offsetInComment } from "./tables.ts";
import type { TargetTable } from "./writer.ts";

/** How a file's columns go into a table that is there. */
export interface AppendPlan {
  /** The draft with the table's names and types in place of the file's own. */
  readonly draft: Draft;
  readonly target: TargetTable;
}

const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");

/**
 * Matches a file's columns to a table's, by name, or by place for a file without headers, and checks
 * that the table's types keep what the file says. A table is never changed to fit a file. `sparse` says
 * that a row need not have every column (JSON). Throws SHAPE_MISMATCH with everything that differs.
 */
export function planAppend(draft: Draft, target: TargetTable, sparse: boolean): AppendPlan {
  const { table, readOnly } = target;
  const own = table.columns.filter((column) => !column.identity);
  const byPlace = draft.columns.every((column) => column.original === "") &&
    draft.columns.length === own.length;
  const columns = byPlace
    ? draft.columns.map((column, index) => ({ ...column, name: own[index]!.name }))
    : draft.columns;
  const names = new Set(columns.map((column) => column.name));
  const missing = own.filter((column) =>
    !names.has(column.name) && !readOnly.has(column.name) && (!sparse || column.notNull)
  );
  const kept = columns.filter((column) => readOnly.has(column.name));
  const extra = columns.filter((column) => !own.some((known) => known.name === column.name));
  const faults: string[] = [];
  if (kept.length > 0) {
    faults.push(`${quoted(kept.map((column) => column.name))} may be read and not set`);
  }
  if (missing.length > 0) faults.push(`it lacks ${quoted(missing.map((column) => column.name))}`);
  if (extra.length > 0) {
    faults.push(`the table lacks ${quoted(extra.map((column) => column.name))}`);
  }
  const fitted = columns.map((column) => {
    const known = own.find((candidate) => candidate.name === column.name);
    if (!known) return column;
    const type = known.type;
    if (type === null || !column.sketch.fits(type)) {
      faults.push(
        `${quoted([column.name])} is ${type ?? "of a type that files cannot fill"} in ` +
          `the table and ${column.type} in the file`,
      );
      return column;
    }
    const offset = column.sketch.offset;
    if (type === "timestamptz" && offset && offset !== offsetInComment(known.comment)) {
      faults.push(`the times of ${quoted([column.name])} have another offset (${offset})`);
    }
    return { ...column, type, rewriteFrom: type === "date" ? column.rewriteFrom : 0 };
  });
  if (faults.length > 0) {
    throw new AppError(
      "SHAPE_MISMATCH",
      `The file does not fit ${JSON.stringify(table.name)}: ${faults.slice(0, 10).join("; ")}.`,
    );
  }
  return { draft: { ...draft, name: table.name, columns: fitted satisfies DraftColumn[] }, target };
}
