/** Why an entry is not taken back. Closed, and free of names: a column's or a row's may be hidden. */
export const REFUSALS = {
  already_undone: "It has been taken back already.",
  row_changed: "The row has been changed since.",
  row_gone: "The row is gone.",
  key_taken: "There is a row with this key again.",
  value_taken: "Another row now has a value that only one row may have.",
  points_nowhere: "A row that it refers to is gone.",
  pointed_to: "Other rows refer to it.",
  carries_others: "Other rows would be changed or deleted along with it.",
  rule_broken: "A rule of the table refuses the row as it was.",
  table_gone: "The table is gone, or was made anew.",
  name_taken: "There is a table of its name again.",
  columns_changed: "The table's columns have changed since.",
  not_distinct: "What changed cannot be told from the journal.",
  not_yours: "The field rules do not let you change this.",
  too_late: "What undoing it needs is kept for 7 days, which are over.",
} as const;

/** One reason. */
export type Refusal = keyof typeof REFUSALS;

/** Reasons that may be gone once other entries have been taken back. */
export const PASSING_REFUSALS: ReadonlySet<Refusal> = new Set([
  "row_changed",
  "row_gone",
  "key_taken",
  "value_taken",
  "points_nowhere",
  "pointed_to",
  "carries_others",
]);

/** SQLSTATEs that refuse one row; null stands for none of them. */
export function refusalOf(
  state: string,
  op: "insert" | "update" | "delete",
  isKey: boolean,
): Refusal | null {
  switch (state) {
    case "23505":
      return isKey && op === "delete" ? "key_taken" : "value_taken";
    case "23P01":
      return "value_taken";
    case "23503":
    case "23001":
      return op === "insert" ? "pointed_to" : op === "delete" ? "points_nowhere" : null;
    case "23502":
    case "23514":
    case "44000":
      return "rule_broken";
    case "42P01":
      return "table_gone";
    case "428C9":
    case "42703":
    case "42804":
    case "42846":
      return "columns_changed";
    default:
      return state.startsWith("22") ? "columns_changed" : null;
  }
}
