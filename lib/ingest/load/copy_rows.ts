import { type CopyIn, copyIn, quoteIdent, type Tx } from "../../postgres/mod.ts";
import type { Draft } from "./draft.ts";
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
 * Sends lines to one COPY after another on the same connection: a line for another statement ends the
 * COPY under way. Lines are gathered between flushes, so a caller that is called back can add freely.
 */
class CopyLines {
  readonly #encoder = new TextEncoder();
  #waiting: { statement: string; text: string }[] = [];
  #size = 0;
  #open: { statement: string; copy: CopyIn } | undefined;

  constructor(readonly tx: Tx) {}

  add(statement: string, line: string): void {
    const last = this.#waiting.at(-1);
    if (last?.statement === statement) last.text += line;
    else this.#waiting.push({ statement, text: line });
    this.#size += line.length;
  }

  async flush(force = false): Promise<void> {
    if (this.#size < FLUSH_AT && !force) return;
    const batches = this.#waiting;
    [this.#waiting, this.#size] = [[], 0];
    for (const { statement, text } of batches) {
      if (this.#open?.statement !== statement) {
        await this.#open?.copy.end();
        this.#open = undefined;
        this.#open = { statement, copy: await copyIn(this.tx, statement) };
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

async function copyLines(
  tx: Tx,
  run: (lines: CopyLines) => Promise<void>,
): Promise<void> {
  const lines = new CopyLines(tx);
  try {
    await run(lines);
    await lines.end();
  } catch (error) {
    await lines.abort();
    throw error;
  }
}

/**
 * Copies a source's good rows. `statements` has one COPY for each of its tables; with `withLine` the
 * row's line goes in as a last column.
 */
export function copyGoodRows(
  tx: Tx,
  source: Source,
  statements: readonly string[],
  options: { withLine: boolean; told: (bytes: number, rows: number) => void },
): Promise<void> {
  let rows = 0;
  return copyLines(tx, (lines) =>
    source.read({
      row(table, cells, line) {
        rows++;
        if (options.withLine) cells.push(String(line));
        lines.add(statements[table]!, csvLine(cells));
      },
      fault() {},
      pause: () => lines.flush(),
    }, (bytes) => options.told(bytes, rows)));
}

/** Copies a source's rows that do not fit into `bulkhead.rejects`. */
export function copyRejects(
  tx: Tx,
  source: Source,
  load: { readonly ingestId: string; readonly fileName: string },
): Promise<void> {
  const columns = ["ingest_id", "file_name", "table_name", "line", "reason", "raw"];
  const statement = `COPY bulkhead.rejects (${columns.map(quoteIdent).join(", ")}) ` +
    "FROM STDIN (FORMAT csv)";
  return copyLines(tx, (lines) =>
    source.read({
      row() {},
      fault(table, line, reason, raw) {
        const kept = raw.slice(0, RAW_CHARACTERS).replaceAll("\0", "\u2400").toWellFormed();
        const name = tableNameAt(source.drafts, table);
        lines.add(
          statement,
          csvLine([load.ingestId, load.fileName, name, String(line), reason, kept]),
        );
      },
      pause: () => lines.flush(),
    }, () => {}));
}

const tableNameAt = (drafts: readonly Draft[], index: number) => drafts[index]!.name;
