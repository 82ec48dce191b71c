import type { DetectedDelimited } from "../detect/mod.ts";
import { dateToIso } from "../infer/mod.ts";
import { readCsv } from "./csv_reader.ts";
import { type CsvSurvey, rowFault } from "./csv_survey.ts";
import type { Draft } from "./draft.ts";
import type { Cell, Source } from "./source.ts";

/** The rows of a surveyed delimited file. */
export function csvSource(
  shape: DetectedDelimited,
  survey: CsvSurvey,
  draft: Draft,
  chunks: (told: (bytes: number) => void) => AsyncIterable<Uint8Array>,
): Source {
  const width = shape.headers.length;
  const rewrites = draft.columns.map((column) => column.rewriteFrom);
  return {
    drafts: [draft],
    warnings: warningsOf(shape, survey),
    withDrafts: ([other]) => csvSource(shape, survey, other!, chunks),
    async read(listener, told) {
      let skip = shape.header ? 1 : 0;
      await readCsv(chunks(told), survey.dialect, { places: true }, {
        row(fields, place) {
          if (skip > 0) {
            skip--;
            return;
          }
          const fault = rowFault(fields, width, true);
          if (fault) listener.fault(0, place!.line, fault, place!.raw);
          else listener.row(0, cellsOf(fields, rewrites), place!.line);
        },
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
  if (survey.blankLines > 0) warnings.push(`${survey.blankLines} empty lines were passed over.`);
  if (survey.dialect.quote === "" && shape.dialect.quote !== "") {
    warnings.push("Quotes do not pair up in this file, so they were kept as they stand.");
  }
  return warnings;
}
