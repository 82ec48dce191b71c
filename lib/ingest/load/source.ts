import type { Draft } from "./draft.ts";

/** A value as it goes into the database: its text, or null. */
export type Cell = string | null;

/** Hears of the rows of a file that was surveyed. */
export interface SourceListener {
  /** A row that fits the table with this index; cells in the order of its columns. */
  row(table: number, cells: Cell[], line: number): void;
  /** A row that is set aside. */
  fault(table: number, line: number, reason: string, raw: string): void;
  /** Called between chunks, so that what rows led to can be written away. */
  pause(): Promise<void>;
}

/** A file that was surveyed: what it holds, and a way to read its rows again. */
export interface Source {
  readonly drafts: readonly Draft[];
  readonly warnings: readonly string[];
  /** The quote that a delimited file was read with, empty for none; null for JSON. */
  readonly quote: string | null;
  /** The same file read into other columns: as many drafts, with as many columns each. */
  withDrafts(drafts: readonly Draft[]): Source;
  /** Reads all rows, from the beginning. `told` hears how many bytes of the file were read. */
  read(listener: SourceListener, told: (bytes: number) => void): Promise<void>;
}
