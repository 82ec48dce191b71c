import type { ChangedBy, ChangedRows, ChangeSummary, RowOp } from "../../journal/mod.ts";
import { formatNumber } from "../components/pieces.tsx";

/** What was done to a row, and how it is marked. */
export const OP_TEXT: Readonly<
  Record<RowOp, { readonly done: string; readonly tone: "good" | "accent" | "danger" }>
> = {
  insert: { done: "Added", tone: "good" },
  update: { done: "Changed", tone: "accent" },
  delete: { done: "Deleted", tone: "danger" },
};

/** `2 rows added to item`, by table and kind. */
export function changedRowsText({ table, op, rows }: ChangedRows): string {
  const place = { insert: "to", update: "in", delete: "from" }[op];
  return `${formatNumber(rows, "row")} ${OP_TEXT[op].done.toLowerCase()} ${place} ${table}`;
}

/** `Imported orders.csv`; null for a change that is no import. */
export function importText({ file }: Pick<ChangeSummary, "file">): string | null {
  if (!file) return null;
  return `${file.mode === "undo" ? "Undid the import of" : "Imported"} ${file.fileName}`;
}

/** Whether a change still holds; null where there is nothing to say. */
export function changeState(
  { rows, undone, undoing }: Pick<ChangeSummary, "rows" | "undone" | "undoing">,
): { readonly text: string; readonly tone: "warn" | "accent" } | null {
  if (undone === rows) return { text: "Taken back", tone: "warn" };
  if (undone > 0) return { text: `${undone} of ${rows} taken back`, tone: "warn" };
  return undoing > 0 ? { text: "An undo", tone: "accent" } : null;
}

/** What kind of actor did it. */
export function actorText({ grant, token, kind }: ChangedBy): string {
  if (grant) return "App";
  if (token) return "Token";
  return kind === "system" ? "Bulkhead" : "Person";
}
