import type { Dialect } from "../detect/mod.ts";
import { lineBreaks, readCsv } from "./csv_reader.ts";
import { isWellFormed } from "./csv_scan.ts";

/** How the rows of a delimited file are read. */
export interface CsvReading {
  readonly dialect: Dialect;
  readonly header: boolean;
  /** The number of columns. */
  readonly width: number;
  /**
   * The quote of a file whose quotes do not pair up (its dialect then has none): taken off where it
   * stands around a whole field, kept anywhere else.
   */
  readonly wrapper: string;
}

/** Hears of a file's rows: those that fit its columns, and those that do not, each with its line. */
export interface CsvRowListener {
  good(fields: string[], line: number): void;
  /** `lines` is how many lines the row takes up. */
  bad(line: number, reason: string, raw: string, lines: number): void;
  /** Called between chunks. */
  pause(): Promise<void> | void;
}

/** Reads a delimited file's rows and tells good from bad. Answers how many lines were empty. */
export function readRows(
  chunks: AsyncIterable<Uint8Array>,
  reading: CsvReading,
  listener: CsvRowListener,
): Promise<{ blankLines: number }> {
  const { dialect, wrapper } = reading;
  let skip = reading.header;
  return readCsv(chunks, dialect, {
    row(fields, { line, raw }) {
      if (skip) {
        skip = false;
        return;
      }
      const fault = faultOf(fields, raw, reading);
      if (fault) {
        const lines = lineBreaks(raw).breaks + 1;
        listener.bad(line, lines > 1 ? `${fault}, over ${lines} lines` : fault, raw, lines);
      } else {listener.good(
          wrapper === "" ? fields : fields.map((f) => unwrapped(f, wrapper)),
          line,
        );}
    },
    pause: () => listener.pause(),
  });
}

function faultOf(
  fields: readonly string[],
  raw: string,
  { dialect, width }: CsvReading,
): string | undefined {
  if (fields.length !== width) {
    const found = `${fields.length} field${fields.length === 1 ? "" : "s"}`;
    return `${found} where ${width === 1 ? "1 column is" : `${width} columns are`}`;
  }
  // Postgres' text cannot hold it.
  if (raw.includes("\0")) return "a NUL character";
  // A quote that is closed in the middle of another field has taken in the rows between.
  const { quote } = dialect;
  const spans = quote !== "" &&
    fields.some((field) => field.startsWith(quote) && /[\r\n]/.test(field));
  return spans && !isWellFormed(raw, dialect, width) ? "quotes that do not pair up" : undefined;
}

function unwrapped(field: string, quote: string): string {
  return field.length > 1 && field.startsWith(quote) && field.endsWith(quote)
    ? field.slice(1, -1).replaceAll(quote + quote, quote)
    : field;
}
