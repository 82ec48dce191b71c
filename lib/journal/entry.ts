import type { ChangeId } from "../ids.ts";

/** What was done to a row. */
export type RowOp = "insert" | "update" | "delete";

/** Who changed it and by what, as the journal was told. */
export interface ChangedBy {
  readonly kind: string;
  readonly user: string | null;
  readonly token: string | null;
  readonly grant: string | null;
  /** The token's, app's or person's name at the time. */
  readonly label: string | null;
  readonly tool: string | null;
  readonly request: string | null;
  readonly network: string | null;
}

/**
 * Columns and values of a row as JSON knows them. Whole numbers of up to 15 digits are numbers; every
 * other number is the text of its digits, of which a JavaScript number could lose some.
 */
export type Image = Readonly<Record<string, unknown>>;

/** One changed row, as far as it may be shown now. */
export interface JournalEntry {
  readonly id: string;
  readonly at: Date;
  readonly changeId: ChangeId;
  readonly op: RowOp;
  readonly table: string;
  /** The primary key, without hidden columns. */
  readonly key: Image;
  /** Null for an insert. */
  readonly before: Image | null;
  /** Null for a delete. */
  readonly after: Image | null;
  /** The entry that this one took back. */
  readonly undoes: string | null;
  /** The entry that took this one back and still holds. */
  readonly undoneBy: { readonly entry: string; readonly changeId: ChangeId } | null;
}

/** How many rows of a table a change inserted, updated or deleted. */
export interface ChangedRows {
  readonly table: string;
  readonly op: RowOp;
  readonly rows: number;
}

/** One change: what one call of a tool, or one undo, did. */
export interface ChangeSummary {
  readonly changeId: ChangeId;
  /** Its last entry: where a page goes on. */
  readonly head: string;
  readonly at: Date;
  readonly by: ChangedBy;
  readonly tables: readonly ChangedRows[];
  /** The file that was imported, of an import and of an undo of one; null of every other change. */
  readonly file: {
    readonly fileName: string;
    /** Hexadecimal; null where nobody told. */
    readonly sha256: string | null;
    readonly mode: "create" | "append" | "replace" | "undo";
  } | null;
  /** Changed rows in all. */
  readonly rows: number;
  /** Of those, the ones that were taken back and are so still. */
  readonly undone: number;
  /** Of those, the ones that took back an earlier entry. */
  readonly undoing: number;
}

/** A file whose import waits, or was decided on. */
export interface ImportedFile {
  readonly fileName: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly mode: "append" | "replace";
  /** Rows that will not go in. */
  readonly rejects: number;
  readonly tables: readonly {
    readonly name: string;
    readonly rows: number;
    readonly removed: number;
    readonly rejected: number;
  }[];
}

// Typed here, since the compiler's library does not know it yet (ECMA-262, JSON.parse source text access).
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

const SHORT_INTEGER = /^-?\d{1,15}$/;

const keepDigits: Reviver = (_key, value, { source }) =>
  typeof value === "number" && source !== undefined && !SHORT_INTEGER.test(source) ? source : value;

/** Parses an image's JSON text. */
export function parseImage(text: string): Image {
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as Image;
}

/** The columns in which two images differ, in the order of the later one. */
export function changedColumns(before: Image, after: Image): string[] {
  return Object.keys(after).filter((column) =>
    JSON.stringify(before[column]) !== JSON.stringify(after[column])
  );
}
