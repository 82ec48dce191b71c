import { parse } from "csv-parse/sync";

/** How a delimited file is written. */
export interface Dialect {
  readonly delimiter: string;
  /** The quote character; empty where quotes are characters like any other. */
  readonly quote: string;
  /** What ends a row. */
  readonly newlines: readonly string[];
}

const DELIMITERS = [",", "\t", ";", "|"];
const SAMPLE_ROWS = 1000;

/**
 * Reads the rows of a text's beginning, leniently. The last one is left out where the text was cut,
 * since it may be half a row.
 */
export function sampleRows(sample: string, dialect: Dialect, cut: boolean): string[][] {
  const rows: string[][] = [];
  try {
    parse(sample, {
      delimiter: dialect.delimiter,
      quote: dialect.quote === "" ? null : dialect.quote,
      escape: dialect.quote === "" ? null : dialect.quote,
      record_delimiter: [...dialect.newlines],
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      to: SAMPLE_ROWS,
      on_record: (row: string[]) => {
        rows.push(row);
        return undefined;
      },
    });
  } catch {
    // A quote that the cut left open; the rows before it are what was asked for.
  }
  if (cut && rows.length > 1 && rows.length < SAMPLE_ROWS) rows.pop();
  return rows;
}

/** The number of fields that most rows have, and the share of rows that have it. */
export function usualWidth(rows: readonly string[][]): { width: number; share: number } {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(row.length, (counts.get(row.length) ?? 0) + 1);
  let width = 0;
  let most = 0;
  for (const [fields, count] of counts) {
    if (count > most || (count === most && fields > width)) [width, most] = [fields, count];
  }
  return { width, share: rows.length === 0 ? 0 : most / rows.length };
}

/** What ends rows: line feeds (after carriage returns or not), or carriage returns alone. */
export function detectNewlines(sample: string): readonly string[] {
  return sample.includes("\r") && !sample.includes("\n") ? ["\r"] : ["\r\n", "\n"];
}

function detectQuote(sample: string, delimiter: string, newlines: readonly string[]): string {
  const rows = sampleRows(sample, { delimiter, quote: "", newlines }, true);
  let double = 0;
  let opened = 0;
  let closed = 0;
  for (const row of rows) {
    for (const field of row) {
      if (field.startsWith('"')) double++;
      if (field.startsWith("'")) opened++;
      if (field.endsWith("'")) closed++;
    }
  }
  return double === 0 && opened > 1 && opened === closed ? "'" : '"';
}

/**
 * Finds a file's delimiter and quote: of the usual delimiters the one that cuts the most rows into
 * equally many fields, and among equals the one that cuts more. `fixed` is what the caller knows.
 */
export function detectDialect(
  sample: string,
  fileName: string,
  fixed: { delimiter?: string | undefined; quote?: string | undefined } = {},
): Dialect {
  const newlines = detectNewlines(sample);
  const byName = /\.(?:tsv|tab)$/i.test(fileName) ? "\t" : ",";
  let best: { delimiter: string; score: number; width: number } = {
    delimiter: byName,
    score: 0,
    width: 1,
  };
  const candidates = fixed.delimiter === undefined ? DELIMITERS : [];
  for (const delimiter of candidates) {
    const quote = fixed.quote ?? detectQuote(sample, delimiter, newlines);
    const rows = sampleRows(sample, { delimiter, quote, newlines }, false);
    const { width, share } = usualWidth(rows);
    if (width < 2) continue;
    // The header has no decimals and no prose: what cuts it as the rest is the likelier delimiter.
    const agrees = rows[0]!.length === width ? 0.2 : 0;
    const score = share + agrees + (delimiter === byName ? 0.001 : 0);
    if (score > best.score || (score === best.score && width > best.width)) {
      best = { delimiter, score, width };
    }
  }
  const delimiter = fixed.delimiter ?? best.delimiter;
  return { delimiter, quote: fixed.quote ?? detectQuote(sample, delimiter, newlines), newlines };
}
