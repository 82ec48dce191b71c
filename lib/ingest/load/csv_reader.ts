import { Buffer } from "node:buffer";
import { type CsvError, parse } from "csv-parse";
import { AppError } from "../../errors.ts";
import type { Dialect } from "../detect/mod.ts";
import { ROW_BYTES_AT_MOST, ROW_FIELDS_AT_MOST } from "./draft.ts";

/** Thrown where a quoted field has no end. */
export class QuoteFault extends Error {
  override readonly name = "QuoteFault";
}

/** Where a row stood, for reports. */
export interface RowPlace {
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** Its text. */
  readonly raw: string;
}

/** Hears of a file's rows. */
export interface RowListener {
  row(fields: string[], place: RowPlace): void;
  /** Called between chunks, so that what rows led to can be written away. */
  pause?(): Promise<void> | void;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const FIELDS_TOLD = ROW_FIELDS_AT_MOST.toLocaleString("en");

/**
 * Reads a delimited text row by row in constant memory; empty lines are left out. Answers how many
 * those were. Throws QuoteFault, and UNREADABLE_FILE for a row past the limit.
 */
export async function readCsv(
  chunks: AsyncIterable<Uint8Array>,
  dialect: Dialect,
  listener: RowListener,
): Promise<{ blankLines: number }> {
  const quote = dialect.quote === "" ? null : dialect.quote;
  const placeOf = placer();
  // Since the last row. The parser bounds a row's bytes, and not the fields that it makes of them.
  let delimiters = 0;
  let told = false;
  const parser = parse({
    delimiter: dialect.delimiter,
    quote,
    escape: quote,
    record_delimiter: [...dialect.newlines],
    // A quote inside an unquoted field is a character like any other.
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_BYTES_AT_MOST,
    raw: true,
    // Rows are taken here and not from the stream, which would queue each one as an object.
    on_record: (record: unknown, { lines }) => {
      const { record: fields, raw } = record as { record: string[]; raw: string };
      told = true;
      listener.row(fields, placeOf(fields, raw, lines));
      return undefined;
    },
  });
  let fault: unknown;
  let lastByte = 0;
  parser.on("error", (error) => fault = error);
  parser.resume();
  try {
    for await (const chunk of chunks) {
      const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      lastByte = chunk.at(-1) ?? lastByte;
      await new Promise<void>((resolve, reject) =>
        parser.write(view, (error) => error ? reject(error) : resolve())
      );
      delimiters = told ? 0 : delimiters + delimitersIn(chunk, dialect.delimiter);
      told = false;
      if (delimiters > ROW_FIELDS_AT_MOST) throw tooManyFields(quote !== null);
      await listener.pause?.();
    }
    await new Promise<void>((resolve) => {
      parser.once("close", resolve);
      parser.end();
    });
    if (fault) throw fault;
    await listener.pause?.();
  } catch (error) {
    parser.destroy();
    throw readable(error, quote !== null);
  }
  // The parser counts the end of a text that ends with a line break as one more empty line.
  const ended = lastByte === LINE_FEED || lastByte === CARRIAGE_RETURN;
  return { blankLines: Math.max(0, parser.info.empty_lines - (ended ? 1 : 0)) };
}

/** The bytes of a chunk that end as a delimiter does. */
function delimitersIn(chunk: Uint8Array, delimiter: string): number {
  const last = new TextEncoder().encode(delimiter).at(-1)!;
  let count = 0;
  for (let at = chunk.indexOf(last); at >= 0; at = chunk.indexOf(last, at + 1)) count++;
  return count;
}

/** Line breaks of a text, CR LF as one. By hand, since a match for each would fill the memory. */
export function lineBreaks(text: string): { breaks: number; doubled: number } {
  let breaks = 0;
  let doubled = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    breaks++;
    if (text.charCodeAt(at - 1) === CARRIAGE_RETURN) doubled++;
  }
  for (let at = text.indexOf("\r"); at >= 0; at = text.indexOf("\r", at + 1)) breaks++;
  return { breaks: breaks - doubled, doubled };
}

/** A row's text without the line breaks at its end. A pattern would try at each break amid the text. */
function withoutEnd(raw: string): string {
  let end = raw.length;
  while (end > 0 && (raw[end - 1] === "\n" || raw[end - 1] === "\r")) end--;
  return raw.slice(0, end);
}

/** The parser's count of lines is that of a row's end, with CR LF inside quotes counted as two. */
function placer(): (fields: string[], raw: string, lines: number) => RowPlace {
  let doubled = 0;
  return (fields, raw, lines) => {
    let inside = 0;
    const before = doubled;
    for (const field of fields) {
      const within = lineBreaks(field);
      inside += within.breaks + within.doubled;
      doubled += within.doubled;
    }
    return { line: lines - inside - before, raw: withoutEnd(raw) };
  };
}

/** What a row of so many fields ends a reading with; perhaps it is many rows behind a stray quote. */
function tooManyFields(quoted: boolean): Error {
  return quoted
    ? new QuoteFault("a quoted field has no end")
    : new AppError("UNREADABLE_FILE", `A row has more than ${FIELDS_TOLD} fields.`);
}

function readable(error: unknown, quoted: boolean): unknown {
  const code = (error as CsvError | null)?.code;
  if (code === "CSV_QUOTE_NOT_CLOSED") {
    return new QuoteFault("a quoted field has no end", { cause: error });
  }
  if (code !== "CSV_MAX_RECORD_SIZE") return error;
  // A quote that is never closed swallows rows until the limit.
  if (quoted) return new QuoteFault("a quoted field has no end", { cause: error });
  return new AppError("UNREADABLE_FILE", "A row is larger than 64 MB.", { cause: error });
}
