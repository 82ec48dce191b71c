import { z } from "zod";
import { AppError } from "../../errors.ts";
import { filter } from "../args.ts";
import type { Table } from "../manifest/compile.ts";
import { filterSql } from "../sql/filter.ts";
import { tableSource } from "../sql/source.ts";
import type { Params } from "../sql/statement.ts";
import { updateSql } from "../sql/write.ts";
import type { Outcome } from "./outcome.ts";
import { newValues, parseValues } from "./update_row.ts";
import type { WriteToolText } from "./write.ts";

/** Rows that one call may change, and so one call may take back. */
const MAX_ROWS = 10_000;

/** Rows that are told; the rest is counted. */
export const TOLD_ROWS = 20;

/** How many rows a caller means. */
export const expectedCount = z.int().min(1).max(MAX_ROWS)
  .describe(
    "Rows that the filter finds, as count_rows tells; nothing is changed if they are more or fewer",
  );

/** The condition that finds the rows of a filter. */
export function filteredRows(params: Params, table: Table, filter: unknown): string {
  return filterSql(params, filter, tableSource(table).field);
}

/** Throws unless as many rows were found as were meant. */
export function requireCount({ count }: Outcome, expected: number): void {
  if (count === expected) return;
  throw new AppError(
    "CONFLICT",
    `the filter finds ${count} row${count === 1 ? "" : "s"}, not ${expected}. Nothing was changed.`,
  );
}

const args = z.strictObject({ filter, values: newValues, expected_count: expectedCount });

/** New values of every row that a filter finds. */
export const updateRows: WriteToolText<typeof args> = {
  name: "update_rows",
  title: "Update rows by a filter",
  description: "Change columns of all rows that a filter finds, if they are as many as expected.",
  ability: "rows:update",
  destructive: true,
  args,
  prepare(table, { filter, values, expected_count: expected }) {
    const set = parseValues(table, values);
    return {
      table,
      shape: {
        operation: "update",
        set: set.map(([column]) => column),
        rows: false,
        before: false,
      },
      shown: TOLD_ROWS,
      dml: (params) => updateSql(params, table, set, filteredRows(params, table, filter)),
      check: (outcome) => requireCount(outcome, expected),
      judged: true,
    };
  },
};
