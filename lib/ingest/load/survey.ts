import { AppError } from "../../errors.ts";
import type { DetectedDelimited } from "../detect/mod.ts";
import { tableNameOf } from "../infer/mod.ts";
import { utf8Chunks } from "./bytes.ts";
import { csvSource } from "./csv_source.ts";
import type { CsvSurvey, SurveyHooks } from "./csv_survey.ts";
import { type Draft, draftColumns } from "./draft.ts";
import type { Source } from "./source.ts";
import type { LoadInput } from "./types.ts";

/** Hears how far a reading is. */
export type Told = (bytes: number, rows: number) => void;

/** The name of the table that a delimited file becomes. */
export const tableNameFor = (input: Pick<LoadInput, "fileName" | "options">) =>
  tableNameOf(input.options.table ?? input.fileName);

/** How a delimited file is surveyed: its text, followed by `told`. */
export function surveyHooks(
  input: Pick<LoadInput, "open">,
  shape: DetectedDelimited,
  told: Told,
  signal: AbortSignal,
): SurveyHooks {
  let bytes = 0;
  return {
    chunks: () =>
      utf8Chunks({ open: () => input.open(), signal }, shape, {
        probe: shape.encoding === "utf-8",
        told: (read) => bytes = read,
      }),
    progress: (_sketches, rows) => told(bytes, rows),
  };
}

/** Makes a draft and a source of what a survey found. Throws EMPTY_FILE and UNREADABLE_FILE. */
export function surveyedSource(
  input: LoadInput,
  shape: DetectedDelimited,
  survey: CsvSurvey,
): Source {
  const { rows, rejected } = survey;
  if (rows === 0 && rejected === 0) throw new AppError("EMPTY_FILE");
  if (rows === 0) {
    const width = shape.headers.length;
    throw new AppError(
      "UNREADABLE_FILE",
      `None of the ${rejected} rows has ${width} sound fields.`,
    );
  }
  const columns = draftColumns(shape.headers, survey.sketches, rows);
  const draft: Draft = {
    name: tableNameFor(input),
    columns,
    rows,
    rejected,
  };
  return csvSource(shape, survey, draft, (told) => utf8Chunks(input, shape, { told }));
}
