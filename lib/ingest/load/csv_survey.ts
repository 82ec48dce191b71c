import type { DetectedDelimited, Dialect } from "../detect/mod.ts";
import { ColumnSketch } from "../infer/mod.ts";
import { QuoteFault, readCsv } from "./csv_reader.ts";
import { CleanScan } from "./csv_scan.ts";

/** What the whole of a delimited file says. */
export interface CsvSurvey {
  readonly dialect: Dialect;
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

/**
 * Reads a delimited file whole and infers every column's type: by a scan where every row is beyond
 * doubt, else by the parser. Where quotes do not pair up, they are taken as characters.
 */
export async function surveyCsv(shape: DetectedDelimited, hooks: SurveyHooks): Promise<CsvSurvey> {
  const clean = await scanClean(shape, hooks);
  if (clean) return clean;
  const { dialect } = shape;
  const literal = { ...dialect, quote: "" };
  if (dialect.quote === "") return (await parseWhole(shape, dialect, hooks)).survey;
  try {
    const { survey, swallowed } = await parseWhole(shape, dialect, hooks);
    if (swallowed === 0) return survey;
    // A stray quote may have made one bad row of many good ones.
    const other = await parseWhole(shape, literal, hooks);
    return other.survey.rejected < swallowed ? other.survey : survey;
  } catch (error) {
    if (!(error instanceof QuoteFault)) throw error;
    return (await parseWhole(shape, literal, hooks)).survey;
  }
}

const sketchesFor = (shape: DetectedDelimited) => shape.headers.map(() => new ColumnSketch());

async function scanClean(
  shape: DetectedDelimited,
  hooks: SurveyHooks,
): Promise<CsvSurvey | undefined> {
  const { dialect } = shape;
  if (!CleanScan.takes(dialect)) return undefined;
  const sketches = sketchesFor(shape);
  const scan = new CleanScan(dialect, sketches, shape.header);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const chunk of hooks.chunks()) {
    if (!scan.write(decoder.decode(chunk, { stream: true }))) return undefined;
    hooks.progress?.(sketches, scan.rows, 0);
  }
  if (!scan.end()) return undefined;
  // Postgres before 18 takes this line for the end of the data; no type but text has it.
  const endMark = sketches.length === 1 && sketches[0]!.isText;
  return { dialect, sketches, rows: scan.rows, rejected: 0, blankLines: 0, clean: !endMark };
}

async function parseWhole(
  shape: DetectedDelimited,
  dialect: Dialect,
  hooks: SurveyHooks,
): Promise<{ survey: CsvSurvey; swallowed: number }> {
  const width = shape.headers.length;
  const sketches = sketchesFor(shape);
  let rows = 0;
  let rejected = 0;
  let swallowed = 0;
  let nulSeen = false;
  let skip = shape.header ? 1 : 0;
  async function* watched() {
    for await (const chunk of hooks.chunks()) {
      nulSeen ||= chunk.includes(NUL);
      yield chunk;
    }
  }
  const { blankLines } = await readCsv(watched(), dialect, {}, {
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
    },
    pause: () => hooks.progress?.(sketches, rows, rejected),
  });
  return { survey: { dialect, sketches, rows, rejected, blankLines, clean: false }, swallowed };
}
