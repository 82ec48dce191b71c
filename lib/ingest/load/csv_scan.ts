import type { Dialect } from "../detect/mod.ts";
import { ColumnSketch } from "../infer/mod.ts";

/** Characters of one row past which the scan gives up: it would read them again with every chunk. */
const ROW_AT_MOST = 1 << 20;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/**
 * Looks through a delimited text for two things alone: whether every row of it is beyond doubt (RFC
 * 4180 to the letter, as many fields as columns, no empty line), and what types its columns may have. No value
 * that it sees is ever loaded: where it says yes, Postgres reads the file's own bytes; at the first
 * doubt it says no, and csv-parse reads the file from the start. It is here because csv-parse takes
 * longer over a clean file than Postgres takes to load it.
 */
export class CleanScan {
  readonly #quote: string;
  readonly #quoteCode: number;
  readonly #delimiterCode: number;
  readonly #sketches: readonly ColumnSketch[];
  #skip: boolean;
  #rest = "";
  #rows = 0;

  /** Whether a dialect's texts can be looked through. */
  static takes({ delimiter, quote, newlines }: Dialect): boolean {
    return delimiter.length === 1 && quote.length === 1 && newlines.includes("\n");
  }

  constructor(dialect: Dialect, sketches: readonly ColumnSketch[], header: boolean) {
    this.#quote = dialect.quote;
    this.#quoteCode = dialect.quote.charCodeAt(0);
    this.#delimiterCode = dialect.delimiter.charCodeAt(0);
    this.#sketches = sketches;
    this.#skip = header;
  }

  /** Rows so far, the header left out. */
  get rows(): number {
    return this.#rows;
  }

  /** Takes in the next part of the text. False at a doubt; the scan is then over. */
  write(part: string): boolean {
    if (part.includes("\0")) return false;
    const text = this.#rest === "" ? part : this.#rest + part;
    const end = this.#scan(text, false);
    if (end < 0) return false;
    this.#rest = text.slice(end);
    return this.#rest.length <= ROW_AT_MOST;
  }

  /** The text is over. False at a doubt. */
  end(): boolean {
    return this.#scan(this.#rest, true) >= 0;
  }

  /** Scans whole rows; answers where the first unfinished one begins, or -1 at a doubt. */
  #scan(text: string, last: boolean): number {
    const length = text.length;
    let start = 0;
    while (start < length) {
      const end = this.#row(text, start, last);
      if (end <= 0) return end < 0 ? -1 : start;
      start = end;
      if (this.#skip) this.#skip = false;
      else this.#rows++;
    }
    return start;
  }

  /** Scans one row; answers where the next begins, 0 where the row goes on past the text, -1 at a doubt. */
  #row(text: string, start: number, last: boolean): number {
    const length = text.length;
    const width = this.#sketches.length;
    let at = start;
    // A row is told of once it is whole: half of it may come again with the next part.
    const begins = this.#begins;
    const ends = this.#ends;
    for (let column = 0;; column++) {
      if (column === width) return -1;
      let code = at < length ? text.charCodeAt(at) : -1;
      if (code === this.#quoteCode) {
        begins[column] = at;
        at = this.#closingQuote(text, at + 1);
        if (at < 0) return last ? -1 : 0;
        at++;
        if (at === length && !last) return 0;
        ends[column] = at;
        code = at < length ? text.charCodeAt(at) : -1;
      } else {
        begins[column] = at;
        while (code !== this.#delimiterCode && code !== LINE_FEED && code !== CARRIAGE_RETURN) {
          if (code === this.#quoteCode) return -1;
          if (++at >= length) {
            if (!last) return 0;
            code = -1;
            break;
          }
          code = text.charCodeAt(at);
        }
        ends[column] = Math.min(at, length);
      }
      if (code === this.#delimiterCode) {
        at++;
        continue;
      }
      if (code === CARRIAGE_RETURN) {
        if (at + 1 === length && !last) return 0;
        if (text.charCodeAt(++at) !== LINE_FEED) return -1;
      } else if (code !== LINE_FEED && code !== -1) return -1;
      // An empty line is one empty field, and so is a row of the only column.
      if (column !== width - 1 || (width === 1 && ends[0] === begins[0])) return -1;
      if (!this.#skip) this.#tell(text);
      return at + 1;
    }
  }

  readonly #begins: number[] = [];
  readonly #ends: number[] = [];

  /** Where the quote is that closes a field; -1 where the text ends before it. */
  #closingQuote(text: string, from: number): number {
    let at = text.indexOf(this.#quote, from);
    while (at >= 0 && text.charCodeAt(at + 1) === this.#quoteCode) {
      at = text.indexOf(this.#quote, at + 2);
    }
    return at;
  }

  #tell(text: string): void {
    const sketches = this.#sketches;
    for (let column = 0; column < sketches.length; column++) {
      let begin = this.#begins[column]!;
      let end = this.#ends[column]!;
      const quoted = text.charCodeAt(begin) === this.#quoteCode;
      if (quoted) {
        begin++;
        end--;
      }
      if (end <= begin) continue;
      const sketch = sketches[column]!;
      if (sketch.isText) sketch.addUnread();
      else {
        const value = text.slice(begin, end);
        sketch.addText(quoted ? value.replaceAll(this.#quote + this.#quote, this.#quote) : value);
      }
    }
  }
}

/** Whether a text is one row to the letter of RFC 4180. */
export function isWellFormed(row: string, dialect: Dialect, width: number): boolean {
  const sketches = Array.from({ length: width }, () => new ColumnSketch());
  const scan = new CleanScan(dialect, sketches, false);
  return scan.write(row) && scan.end() && scan.rows === 1;
}
