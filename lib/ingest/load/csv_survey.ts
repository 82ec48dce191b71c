import { AppError } from "../../errors.ts";
import type { DetectedDelimited, Dialect } from "../detect/mod.ts";
import { ColumnSketch } from "../infer/mod.ts";
import { QuoteFault, type Quoting, readCsv } from "./csv_reader.ts";

/** What the whole of a delimited file says. */
export interface CsvSurvey {
  readonly dialect: Dialect;
  readonly quoting: Quoting;
  readonly sketches: readonly ColumnSketch[];
  readonly rows: number;
  readonly rejected: number;
  readonly blankLines: number;
  /** Whether Postgres' own CSV reader sees the same rows in the file's bytes. */
  readonly clean: boolean;
}

/** Follows a survey. */
export interface SurveyHooks {
  /** Opens the file's text anew. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Told after each chunk. */
  progress?(sketches: readonly ColumnSketch[], rows: number, rejected: number): void;
}

const NUL = 0;

/** Why a row is set aside; undefined for a good one. */
export function rowFault(
  fields: readonly string[],
  width: number,
  nulSeen: boolean,
): string | undefined {
  if (fields.length !== width) {
    const s = width === 1 ? "" : "s";
    return `${fields.length} field${fields.length === 1 ? "" : "s"} where ${width} column${s} are`;
  }
  // Postgres' text cannot hold it.
  if (nulSeen && fields.some((field) => field.includes("\0"))) return "a NUL character";
  return undefined;
}

interface Attempt {
  readonly dialect: Dialect;
  readonly quoting: Quoting;
}

/**
 * Reads a delimited file whole and infers every column's type. Quotes that do not pair up are taken
 * more and more literally: first inside fields, then everywhere.
 */
export async function surveyCsv(shape: DetectedDelimited, hooks: SurveyHooks): Promise<CsvSurvey> {
  const { dialect } = shape;
  const literal: Attempt = { dialect: { ...dialect, quote: "" }, quoting: "lenient" };
  const attempts: readonly Attempt[] = dialect.quote === ""
    ? [literal]
    : [{ dialect, quoting: "strict" }, { dialect, quoting: "lenient" }, literal];
  for (const attempt of attempts) {
    try {
      const { survey, swallowed } = await surveyOnce(shape, attempt, hooks);
      if (swallowed === 0 || attempt === literal) return survey;
      // A stray quote may have made one bad row of many good ones.
      const other = await surveyOnce(shape, literal, hooks);
      return other.survey.rejected < swallowed ? other.survey : survey;
    } catch (error) {
      if (!(error instanceof QuoteFault)) throw error;
    }
  }
  throw new AppError("UNREADABLE_FILE", "The quotes in the file do not pair up.");
}

async function surveyOnce(
  shape: DetectedDelimited,
  attempt: Attempt,
  hooks: SurveyHooks,
): Promise<{ survey: CsvSurvey; swallowed: number }> {
  const width = shape.headers.length;
  const sketches = Array.from({ length: width }, () => new ColumnSketch());
  let rows = 0;
  let rejected = 0;
  let swallowed = 0;
  let nulSeen = false;
  let endMark = false;
  let skip = shape.header ? 1 : 0;
  async function* watched() {
    for await (const chunk of hooks.chunks()) {
      nulSeen ||= chunk.includes(NUL);
      yield chunk;
    }
  }
  const { blankLines } = await readCsv(watched(), attempt.dialect, attempt, {
    row(fields) {
      if (skip > 0) {
        skip--;
        return;
      }
      if (rowFault(fields, width, nulSeen)) {
        rejected++;
        const lines = fields.reduce((sum, field) => sum + field.split("\n").length - 1, 0);
        if (lines > 0) swallowed += lines + 1;
        return;
      }
      rows++;
      for (let column = 0; column < width; column++) {
        const text = fields[column]!;
        if (text !== "") sketches[column]!.addText(text);
      }
      // Postgres before 18 takes this line for the end of the data.
      if (width === 1 && fields[0] === "\\.") endMark = true;
    },
    pause: () => hooks.progress?.(sketches, rows, rejected),
  });
  const clean = attempt.quoting === "strict" && rejected === 0 && blankLines === 0 && !endMark;
  const survey = { ...attempt, sketches, rows, rejected, blankLines, clean };
  return { survey, swallowed };
}
