import type { ChangeId } from "../../ids.ts";
import type { ToolAnswer } from "../answer.ts";
import type { Call } from "../call.ts";
import { cell, fence, textCell } from "../compact.ts";
import type { Table } from "../manifest/compile.ts";
import { quoted } from "../names.ts";
import { parseRows, type Row } from "../row_json.ts";
import type { JsonSchema } from "../tool.ts";
import type { Effect, Outcome } from "./outcome.ts";

/** Rows that the text for the model tells; the structured answer tells more. */
const TOLD_LINES = 50;

/** How a write ended. */
export type WriteState = "applied" | "dry_run" | "queued" | "rejected";

/** What every write answers. Short, since it stands in the list once for each tool. */
export const WRITE_OUTPUT: JsonSchema = {
  type: "object",
  properties: {
    change: { type: "string" },
    state: { enum: ["applied", "dry_run", "queued", "rejected"] },
    inserted: { type: "integer" },
    updated: { type: "integer" },
    deleted: { type: "integer" },
    unchanged: { type: "integer" },
    rows: {
      type: "array",
      items: { type: "object" },
      description: "Each with op, key, version; some with row, changed, before",
    },
    rows_cut: { type: "boolean" },
  },
  required: ["change", "state", "rows"],
};

/** Counts by what became of the rows. */
export function countsOf(write: { operation: string }, outcome: Outcome) {
  const { count, inserted, unchanged } = outcome;
  const { operation } = write;
  const only = (name: string) => operation === name ? count - unchanged : 0;
  return {
    inserted: operation === "upsert" ? inserted : only("insert"),
    updated: operation === "upsert" ? count - inserted - unchanged : only("update"),
    deleted: only("delete"),
    unchanged,
  };
}

const isNested = (table: Table) =>
  [...table.columns.values()].some(({ kind }) => kind === "json" || kind === "jsonb");

const parseOne = (table: Table, json: string): Row => parseRows(json, isNested(table))[0]!;

function structuredEffect(effect: Effect): string {
  const parts = [`"op":"${effect.op}"`, `"key":${effect.key}`];
  if (effect.version !== null) parts.push(`"version":"${effect.version}"`);
  if (effect.row !== null) parts.push(`"row":${effect.row}`);
  if (effect.changed !== null) parts.push(`"changed":${JSON.stringify(effect.changed)}`);
  if (effect.before !== null) parts.push(`"before":${effect.before}`);
  return `{${parts.join(",")}}`;
}

function effectLine(table: Table, effect: Effect): string {
  const value = (row: Row, name: string) => cell(row[name], table.columns.get(name)!.kind);
  const pairs = (row: Row, names: Iterable<string>) =>
    [...names].map((name) => `${textCell(name)}=${value(row, name)}`).join("|");
  const key = parseOne(table, effect.key);
  let line = `${effect.op} ${pairs(key, Object.keys(key))}`;
  if (effect.version !== null) line += ` version=${effect.version}`;
  if (effect.row === null) return line;
  const row = parseOne(table, effect.row);
  if (effect.changed === null) return `${line}: ${pairs(row, table.columns.keys())}`;
  if (!effect.changed.length) return `${line}: unchanged`;
  if (effect.before === null) return `${line}: ${pairs(row, effect.changed)}`;
  const before = parseOne(table, effect.before);
  const diffs = effect.changed.map((name) =>
    `${textCell(name)}: ${value(before, name) || "null"} → ${value(row, name) || "null"}`
  );
  return `${line}: ${diffs.join("; ")}`;
}

const FIRST_WORDS: Readonly<Record<WriteState, string>> = {
  applied: "Done",
  dry_run: "Nothing was changed; this would happen",
  queued: "Queued for a person to approve; nothing was changed yet",
  rejected: "A person rejected this change; nothing was changed",
};

function headline(
  state: WriteState,
  change: ChangeId,
  table: Table,
  counts: ReturnType<typeof countsOf>,
): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`);
  const advice = state === "applied"
    ? ` Change ${change}; undo_change takes it back.`
    : state === "queued"
    ? ` Follow it with get_change ${change}.`
    : "";
  return `${FIRST_WORDS[state]}: in ${quoted(table.name)} ${told.join(", ") || "no row"}.${advice}`;
}

/** Answers what a write did, or would do. */
export function answerWrite(
  call: Call,
  table: Table,
  operation: string,
  state: WriteState,
  change: ChangeId,
  outcome: Outcome,
): ToolAnswer {
  const counts = countsOf({ operation }, outcome);
  const { effects, count } = outcome;
  const structured = `{"change":"${change}","state":"${state}",${
    JSON.stringify(counts).slice(1, -1)
  },"rows":[${effects.map(structuredEffect).join(",")}]${
    count > effects.length ? ',"rows_cut":true' : ""
  }}`;
  if (call.scope.endpoint.settings.textFormat === "json") {
    return { structured, text: structured, isError: false };
  }
  const lines = effects.slice(0, TOLD_LINES).map((effect) => effectLine(table, effect));
  const cut = count > lines.length ? `\nand ${count - lines.length} more` : "";
  const text = headline(state, change, table, counts) +
    (lines.length ? `\n${fence(lines.join("\n") + cut)}` : "");
  return { structured, text, isError: false };
}
