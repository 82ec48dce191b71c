import type { DetectedDelimited } from "../detect/mod.ts";
import { dateToIso } from "../infer/mod.ts";
import { readRows } from "./csv_rows.ts";
import type { CsvSurvey } from "./csv_survey.ts";
import type { Draft } from "./draft.ts";
import type { Cell, Source } from "./source.ts";

/** The rows of a surveyed delimited file. */
export function csvSource(
  shape: DetectedDelimited,
  survey: CsvSurvey,
  draft: Draft,
  chunks: (told: (bytes: number) => void) => AsyncIterable<Uint8Array>,
): Source {
  const rewrites = draft.columns.map((column) => column.rewriteFrom);
  return {
    drafts: [draft],
    warnings: warningsOf(shape, survey),
    quote: survey.reading.dialect.quote,
    withDrafts: ([other]) => csvSource(shape, survey, other!, chunks),
    async read(listener, told) {
      await readRows(chunks(told), survey.reading, {
        good: (fields, line) => listener.row(0, cellsOf(fields, rewrites), line),
        bad: (line, reason, raw) => listener.fault(0, line, reason, raw),
        pause: () => listener.pause(),
      });
    },
  };
}

function cellsOf(fields: readonly string[], rewrites: readonly number[]): Cell[] {
  return fields.map((field, column) => {
    if (field === "") return null;
    const from = rewrites[column]!;
    return from === 0 ? field : dateToIso(field, from);
  });
}

function warningsOf(shape: DetectedDelimited, survey: CsvSurvey): string[] {
  const warnings = [...shape.warnings];
  const blank = survey.blankLines;
  if (blank === 1) warnings.push("1 empty line was passed over.");
  else if (blank > 1) warnings.push(`${blank} empty lines were passed over.`);
  if (survey.reading.wrapper !== "") {
    warnings.push("Quotes do not pair up in this file, so they were kept as they stand.");
  }
  return warnings;
}
