import type { z } from "zod";
import { AppError } from "../../errors.ts";
import { parseArgs } from "../args.ts";
import type { CompiledManifest } from "../manifest/compile.ts";
import { findTable } from "../names.ts";
import type { Tool } from "../tool.ts";
import { deleteRow } from "./delete_row.ts";
import { deleteRows } from "./delete_rows.ts";
import { insertRows } from "./insert_rows.ts";
import { updateRow } from "./update_row.ts";
import { updateRows } from "./update_rows.ts";
import { upsertRows } from "./upsert_rows.ts";
import type { Write, WriteToolText } from "./write.ts";
import { writeTool } from "./write_tool.ts";

/** Every write, in the order in which a model should read them. */
const WRITES = [insertRows, updateRow, deleteRow, upsertRows, updateRows, deleteRows]
  .map((write) => write as unknown as WriteToolText<z.ZodObject>);

/** The tools of the writes. */
export const WRITE_TOOLS: readonly Tool[] = WRITES.map(writeTool);

/**
 * Parses the arguments of a write that was asked for earlier, against the tables as they are now.
 *
 * @param body The arguments with the table, as `WriteRequest` holds them.
 * @throws AppError UNKNOWN_TOOL, UNKNOWN_TABLE, INVALID_ARGUMENTS where it cannot be done any more.
 */
export function prepareWrite(
  manifest: CompiledManifest,
  tool: string,
  body: Readonly<Record<string, unknown>>,
): Write {
  const write = WRITES.find(({ name }) => name === tool);
  if (!write) throw new AppError("UNKNOWN_TOOL");
  const { table, ...rest } = body;
  const args = parseArgs(write.args, Object.keys(write.args.shape), rest);
  return write.prepare(findTable(manifest, String(table)), args);
}
