/** The tools that change rows: over the writer's grants, journalled, once under a key. */
import type { Tool } from "../tool.ts";
import { deleteRow } from "./delete_row.ts";
import { deleteRows } from "./delete_rows.ts";
import { insertRows } from "./insert_rows.ts";
import { updateRow } from "./update_row.ts";
import { updateRows } from "./update_rows.ts";
import { upsertRows } from "./upsert_rows.ts";
import { writeTool } from "./write_tool.ts";

export type { Write, WriteRequest } from "./write.ts";

/** Every tool that writes rows, in the order in which a model should read them. */
export const WRITE_TOOLS: readonly Tool[] = [
  writeTool(insertRows),
  writeTool(updateRow),
  writeTool(deleteRow),
  writeTool(upsertRows),
  writeTool(updateRows),
  writeTool(deleteRows),
];
