import { AppError } from "../../errors.ts";
import { quoted } from "../names.ts";
import { unknownColumn } from "../sql/source.ts";
import type { RuledTable, TableRules } from "./shape.ts";

const list = (names: readonly string[]) => names.map(quoted).join(", ");

/**
 * Checks what rules say of a table's columns.
 *
 * @throws AppError UNKNOWN_COLUMN, INVALID_ARGUMENTS.
 */
export function checkRules(table: RuledTable, rules: TableRules): void {
  const known = new Set(table.columns.map(({ name }) => name));
  const hidden = new Set(rules.hidden);
  for (const name of [...rules.hidden, ...rules.readOnly]) {
    if (!known.has(name)) throw unknownColumn(name, quoted(table.name), known);
  }
  const key = table.primaryKey.filter((name) => hidden.has(name));
  // Read, a table without its key is like one that has none. Written, no agent could say which row it means.
  if (key.length && (rules.insert || rules.update || rules.delete)) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `The primary key of ${quoted(table.name)} (${list(key)}) can be hidden only where rows may ` +
        "not be added, changed or deleted: nobody could say which row is meant.",
    );
  }
  for (const column of table.columns) {
    const shown = column.from.filter((name) => hidden.has(name));
    if (shown.length && !hidden.has(column.name)) {
      throw new AppError(
        "INVALID_ARGUMENTS",
        `${quoted(column.name)} is computed from ${list(shown)} and would show it; hide it too.`,
      );
    }
  }
}
