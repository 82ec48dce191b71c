import type { ToolAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import { cell, fence, textCell } from "./compact.ts";
import { isCut, isNested, parseRows } from "./row_json.ts";
import type { Field } from "./sql/field.ts";

/** Answers one row: a line for each of its columns. */
export function answerRow(
  call: Call,
  fields: readonly Field[],
  json: string,
  bound: number | null,
  version: string | null = null,
): ToolAnswer {
  const [row] = parseRows(json, isNested(fields));
  const cut = fields.some(({ label }) => isCut(row![label], bound));
  const structured = `{"row":${json}${version === null ? "" : `,"version":"${version}"`}${
    cut ? ',"values_cut":true' : ""
  }}`;
  if (call.scope.endpoint.settings.textFormat === "json") {
    return { structured, text: structured, isError: false };
  }
  const lines = fields.map(({ label, kind }) => `${textCell(label)}: ${cell(row![label], kind)}`);
  const note = (cut ? "Long values are cut.\n" : "") +
    (version === null ? "" : `version ${version}\n`);
  return { structured, text: note + fence(lines.join("\n")), isError: false };
}
