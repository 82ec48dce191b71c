import { z } from "zod";
import { newId } from "../../ids.ts";
import { type TableTool, tableTool, type Tool } from "../tool.ts";
import { WRITE_OUTPUT } from "./answer.ts";
import { requireWritable } from "./refused.ts";
import { runWrite } from "./run_write.ts";
import type { WriteToolText } from "./write.ts";

/** What each write can be told besides what to write. */
const COMMON = {
  dry_run: z.boolean().optional().describe("Shows what would change, and changes nothing"),
  idempotency_key: z.string().regex(/^[\x21-\x7e]{1,200}$/, {
    error: "a key is 1 to 200 visible ASCII characters, without spaces",
  }).optional().describe("Calls with the same key are done once"),
};

/** The tools that write, by name, for what is done later than it was asked. */
export type WriteTools = ReadonlyMap<string, WriteToolText<z.ZodObject>>;

/** Makes the tool of a write. */
export function writeTool<Schema extends z.ZodObject>(text: WriteToolText<Schema>): Tool {
  const { name, title, description, ability, also, destructive, prepare } = text;
  const args = text.args.extend(COMMON) as unknown as z.ZodObject;
  const run: TableTool<Record<string, unknown>>["run"] = (call, table, given) => {
    const { dry_run: dryRun, idempotency_key: key, ...body } = given;
    requireWritable(call, table);
    const write = prepare(table, body as z.infer<Schema>);
    return runWrite(call, {
      tool: name,
      change: newId(call.services.clock.now()),
      dryRun: dryRun === true,
      key: key as string | undefined,
      body: { table: table.name, ...body },
    }, write);
  };
  return tableTool({
    name,
    title,
    description,
    ability,
    ...(also ? { also } : {}),
    writes: { destructive },
    args,
    output: WRITE_OUTPUT,
    run,
  });
}
