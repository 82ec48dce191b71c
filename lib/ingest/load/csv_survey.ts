import type { DetectedDelimited } from "../detect/mod.ts";
import { ColumnSketch } from "../infer/mod.ts";
import { QuoteFault } from "./csv_reader.ts";
import { type CsvReading, readRows } from "./csv_rows.ts";
import { CleanScan } from "./csv_scan.ts";

/** What the whole of a delimited file says. */
export interface CsvSurvey {
  /** How its rows are read. */
  readonly reading: CsvReading;
  readonly sketches: readonly ColumnSketch[];
  readonly rows: number;
  readonly rejected: number;
  readonly blankLines: number;
  /** Whether every row is beyond doubt, so that Postgres can read the file's own bytes. */
  readonly clean: boolean;
}

/** Follows a survey. */
export interface SurveyHooks {
  /** Opens the file's text anew. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Told after each chunk. */
  progress?(sketches: readonly ColumnSketch[], rows: number, rejected: number): void;
}

/**
 * Reads a delimited file whole and infers every column's type: by a scan where every row is beyond
 * doubt, else by the parser. Where quotes do not pair up, they are taken as characters.
 */
export async function surveyCsv(shape: DetectedDelimited, hooks: SurveyHooks): Promise<CsvSurvey> {
  const clean = await scanClean(shape, hooks);
  if (clean) return clean;
  const { dialect } = shape;
  const paired: CsvReading = {
    dialect,
    header: shape.header,
    width: shape.headers.length,
    wrapper: "",
  };
  if (dialect.quote === "") return (await parseWhole(paired, hooks)).survey;
  const literal = { ...paired, dialect: { ...dialect, quote: "" }, wrapper: dialect.quote };
  try {
    const { survey, swallowed } = await parseWhole(paired, hooks);
    if (swallowed === 0) return survey;
    // A stray quote may have made one bad row of many good ones.
    const other = await parseWhole(literal, hooks);
    return other.survey.rejected < swallowed ? other.survey : survey;
  } catch (error) {
    if (!(error instanceof QuoteFault)) throw error;
    return (await parseWhole(literal, hooks)).survey;
  }
}

const sketchesFor = (width: number) => Array.from({ length: width }, () => new ColumnSketch());

async function scanClean(
  shape: DetectedDelimited,
  hooks: SurveyHooks,
): Promise<CsvSurvey | undefined> {
  const { dialect, header } = shape;
  if (!CleanScan.takes(dialect)) return undefined;
  const sketches = sketchesFor(shape.headers.length);
  const scan = new CleanScan(dialect, sketches, header);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const chunk of hooks.chunks()) {
    if (!scan.write(decoder.decode(chunk, { stream: true }))) return undefined;
    hooks.progress?.(sketches, scan.rows, 0);
  }
  if (!scan.end()) return undefined;
  // Postgres before 18 takes this line for the end of the data; no type but text has it.
  const endMark = sketches.length === 1 && sketches[0]!.isText;
  return {
    reading: { dialect, header, width: sketches.length, wrapper: "" },
    sketches,
    rows: scan.rows,
    rejected: 0,
    blankLines: 0,
    clean: !endMark,
  };
}

async function parseWhole(
  reading: CsvReading,
  hooks: SurveyHooks,
): Promise<{ survey: CsvSurvey; swallowed: number }> {
  const sketches = sketchesFor(reading.width);
  let rows = 0;
  let rejected = 0;
  let swallowed = 0;
  const { blankLines } = await readRows(hooks.chunks(), reading, {
    good(fields) {
      rows++;
      for (let column = 0; column < fields.length; column++) {
        const text = fields[column]!;
        if (text !== "") sketches[column]!.addText(text);
      }
    },
    bad(_line, _reason, _raw, lines) {
      rejected++;
      if (lines > 1) swallowed += lines;
    },
    pause: () => hooks.progress?.(sketches, rows, rejected),
  });
  return { survey: { reading, sketches, rows, rejected, blankLines, clean: false }, swallowed };
}
