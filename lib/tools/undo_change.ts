import { z } from "zod";
import { AppError } from "../errors.ts";
import type { ChangeId } from "../ids.ts";
import {
  isEntryId,
  REFUSALS,
  type UndoneRow,
  undoOwnChanges,
  type UndoResult,
  type UndoTarget,
} from "../journal/mod.ts";
import { ROW_WRITES } from "../principal.ts";
import type { ToolAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import { cell, fence, textCell } from "./compact.ts";
import { endpointTool } from "./tool.ts";

function targetOf(change: string | undefined, entry: string | undefined): UndoTarget {
  if ((change === undefined) === (entry === undefined)) {
    throw new AppError("INVALID_ARGUMENTS", "give either `change` or `entry`");
  }
  return change === undefined
    ? { kind: "entry", entry: entry! }
    : { kind: "change", change: change as ChangeId };
}

const shownRow = ({ entry, refusal }: UndoneRow) => ({
  entry: entry.id,
  op: entry.op,
  table: entry.table,
  key: entry.key,
  outcome: refusal ?? "restored",
});

function rowLine({ entry, refusal }: UndoneRow): string {
  const key = Object.entries(entry.key)
    .map(([column, value]) => `${textCell(column)}=${cell(value, "other")}`);
  return `${entry.op} in ${textCell(entry.table)} ${key.join("|")}: ` +
    (refusal ? `refused. ${REFUSALS[refusal]}` : "taken back");
}

function headline(result: UndoResult, dryRun: boolean): string {
  const { restored, refused, already, notShown, change } = result;
  const counts = [`${restored} taken back`];
  if (refused) counts.push(`${refused} refused`);
  if (already) counts.push(`${already} taken back before`);
  if (notShown) counts.push(`${notShown} of these not shown`);
  const first = dryRun
    ? "Nothing was changed; this would happen"
    : restored
    ? "Done"
    : "Nothing was changed";
  return `${first}: ${counts.join(", ")}.` +
    (change ? ` Change ${change}; undo_change brings it back.` : "");
}

function answer(call: Call, result: UndoResult, dryRun: boolean): ToolAnswer {
  const { restored, refused, already, notShown, change, rows, more } = result;
  const structured = JSON.stringify({
    state: dryRun ? "dry_run" : "applied",
    ...(change ? { change } : {}),
    restored,
    refused,
    already_undone: already,
    not_shown: notShown,
    rows: rows.map(shownRow),
    ...(more ? { rows_cut: true } : {}),
  });
  if (call.scope.endpoint.settings.textFormat === "json") {
    return { structured, text: structured, isError: false };
  }
  const lines = rows.map(rowLine);
  if (more) lines.push("and more");
  const text = headline(result, dryRun) + (lines.length ? `\n${fence(lines.join("\n"))}` : "");
  return { structured, text, isError: false };
}

/** Takes back what the caller itself has changed. */
export const undoChange = endpointTool({
  name: "undo_change",
  title: "Undo a change",
  description:
    "Take back a change that you made yourself: all of its rows, or one journal entry. A row that was " +
    "changed since is refused with the reason, the rest is done.",
  ability: "rows:update",
  anyOf: ROW_WRITES,
  writes: { destructive: true },
  args: z.strictObject({
    change: z.uuid({ error: "a change's id, as the write answered it" }).optional()
      .describe("As a write answered it"),
    entry: z.string().refine(isEntryId, "an entry's id is a whole number as text").optional(),
    dry_run: z.boolean().optional().describe("Shows what would be taken back, and changes nothing"),
  }),
  output: {
    type: "object",
    properties: {
      state: { enum: ["applied", "dry_run"] },
      change: { type: "string", description: "The change that this made" },
      restored: { type: "integer" },
      refused: { type: "integer" },
      already_undone: { type: "integer" },
      not_shown: { type: "integer" },
      rows: {
        type: "array",
        items: {
          type: "object",
          properties: {
            entry: { type: "string" },
            op: { enum: ["insert", "update", "delete"], description: "What was done before" },
            table: { type: "string" },
            key: { type: "object" },
            outcome: { type: "string", description: "restored, or why it was refused" },
          },
          required: ["entry", "op", "table", "key", "outcome"],
        },
      },
      rows_cut: { type: "boolean" },
    },
    required: ["state", "restored", "refused", "already_undone", "not_shown", "rows"],
  },
  async run(call, { change, entry, dry_run: preview = false }) {
    const { services, scope } = call;
    const result = await undoOwnChanges(services, scope, targetOf(change, entry), { preview });
    return answer(call, result, preview);
  },
});
