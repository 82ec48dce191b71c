import { z } from "zod";
import type { Table } from "../manifest/compile.ts";
import { rowKey } from "../row_key.ts";
import { deleteSql } from "../sql/write.ts";
import { refusedOperation } from "./refused.ts";
import { ifUnchanged, notFound, oneRow } from "./update_row.ts";
import type { WriteToolText } from "./write.ts";

/** Throws unless rows of the table can be deleted. */
export function requireDelete(table: Table): void {
  if (table.deletable) return;
  throw refusedOperation(table, "delete");
}

const args = z.strictObject({ key: rowKey, if_unchanged: ifUnchanged });

/** One row, taken away. */
export const deleteRow: WriteToolText<typeof args> = {
  name: "delete_row",
  title: "Delete a row",
  description: "Delete one row, found by its primary key or another unique key.",
  ability: "rows:delete",
  destructive: true,
  args,
  prepare(table, { key, if_unchanged: version }) {
    requireDelete(table);
    return {
      table,
      shape: { operation: "delete", set: [], rows: false, before: false },
      shown: 1,
      dml: (params) => deleteSql(table, oneRow(params, table, key, version)),
      check({ count }) {
        if (count === 0) throw notFound(table, version);
      },
      judged: false,
    };
  },
};
