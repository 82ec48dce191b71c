import { z } from "zod";
import { filter } from "../args.ts";
import { deleteSql } from "../sql/write.ts";
import { requireDelete } from "./delete_row.ts";
import { expectedCount, filteredRows, requireCount, TOLD_ROWS } from "./update_rows.ts";
import type { WriteToolText } from "./write.ts";

const args = z.strictObject({ filter, expected_count: expectedCount });

/** Every row that a filter finds, taken away. */
export const deleteRows: WriteToolText<typeof args> = {
  name: "delete_rows",
  title: "Delete rows by a filter",
  description: "Delete all rows that a filter finds, if they are as many as expected.",
  ability: "rows:delete",
  destructive: true,
  args,
  prepare(table, { filter, expected_count: expected }) {
    requireDelete(table);
    return {
      table,
      shape: { operation: "delete", set: [], rows: false, before: false },
      shown: TOLD_ROWS,
      dml: (params) => deleteSql(table, filteredRows(params, table, filter)),
      check: (outcome) => requireCount(outcome, expected),
      judged: true,
    };
  },
};
