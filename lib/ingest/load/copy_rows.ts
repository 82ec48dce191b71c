import { type CopyIn, copyIn, quoteIdent, type Tx } from "../../postgres/mod.ts";
import type { Cell, Source } from "./source.ts";

/** Characters of a row set aside that are kept. */
const RAW_CHARACTERS = 2000;

/** Bytes gathered before they are sent. */
const FLUSH_AT = 64 * 1024;

/** One row as COPY's CSV. */
export function csvLine(cells: readonly Cell[]): string {
  let line = "";
  for (let index = 0; index < cells.length; index++) {
    const cell = cells[index]!;
    if (index > 0) line += ",";
    if (cell === null || cell === undefined) continue;
    line += cell.includes('"') ? `"${cell.replaceAll('"', '""')}"` : `"${cell}"`;
  }
  return `${line}\n`;
}

/**
 * Sends lines to several COPYs on one connection, where one ends before the next begins. Lines are
 * gathered between flushes, so that a caller that is called back can add freely and the COPYs seldom
 * change.
 */
class CopyLines {
  readonly #encoder = new TextEncoder();
  readonly #waiting = new Map<string, string>();
  #size = 0;
  #open: { statement: string; copy: CopyIn } | undefined;

  constructor(readonly tx: Tx) {}

  add(statement: string, line: string): void {
    this.#waiting.set(statement, (this.#waiting.get(statement) ?? "") + line);
    this.#size += line.length;
  }

  async flush(force = false): Promise<void> {
    if (this.#size < FLUSH_AT && !force) return;
    const batches = [...this.#waiting];
    this.#waiting.clear();
    this.#size = 0;
    // The one under way first, so that it goes on where it can.
    batches.sort(([a]) => a === this.#open?.statement ? -1 : 1);
    for (const [statement, text] of batches) {
      if (this.#open?.statement !== statement) {
        await this.#open?.copy.end();
        this.#open = undefined;
        this.#open = { statement, copy: copyIn(this.tx, statement) };
      }
      await this.#open.copy.write(this.#encoder.encode(text));
    }
  }

  async end(): Promise<void> {
    await this.flush(true);
    await this.#open?.copy.end();
    this.#open = undefined;
  }

  async abort(): Promise<void> {
    await this.#open?.copy.abort();
  }
}

const REJECT_COLUMNS = ["ingest_id", "file_name", "table_name", "line", "reason", "raw"];

const REJECTS = `COPY bulkhead.rejects (${REJECT_COLUMNS.map(quoteIdent).join(", ")}) ` +
  "FROM STDIN (FORMAT csv)";

/** How a source's rows are copied. */
export interface RowCopy {
  /** One COPY for each of the source's tables. */
  readonly statements: readonly string[];
  /** Whether a row's line goes in as a last column. */
  readonly withLine: boolean;
  /** Under which load rows are set aside. */
  readonly load: { readonly ingestId: string; readonly fileName: string };
  told(bytes: number, rows: number): void;
}

/** Copies a source's good rows into their tables, and the others into `bulkhead.rejects`. */
export async function copyRows(tx: Tx, source: Source, copy: RowCopy): Promise<void> {
  const { ingestId, fileName } = copy.load;
  const lines = new CopyLines(tx);
  let rows = 0;
  try {
    await source.read({
      row(table, cells, line) {
        rows++;
        if (copy.withLine) cells.push(String(line));
        lines.add(copy.statements[table]!, csvLine(cells));
      },
      fault(table, line, reason, raw) {
        const kept = raw.slice(0, RAW_CHARACTERS).replaceAll("\0", "\u2400").toWellFormed();
        const name = source.drafts[table]!.name;
        lines.add(REJECTS, csvLine([ingestId, fileName, name, String(line), reason, kept]));
      },
      pause: () => lines.flush(),
    }, (bytes) => copy.told(bytes, rows));
    await lines.end();
  } catch (error) {
    await lines.abort();
    throw error;
  }
}
