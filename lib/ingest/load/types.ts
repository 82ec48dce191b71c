import type { Sql, Tx } from "../../postgres/mod.ts";
import type { Encoding, Format } from "../detect/mod.ts";
import type { ColumnType } from "../infer/mod.ts";

/** Where a load is. `read` infers over the whole file, `write` copies, `keys` finds keys and links. */
export type LoadPhase = "detect" | "read" | "write" | "keys";

/** How far a load is; bytes and rows count within the phase. */
export interface LoadProgress {
  readonly phase: LoadPhase;
  readonly bytesDone: number;
  /** 0 where the size is not known. */
  readonly bytesTotal: number;
  readonly rows: number;
}

/** What the person says about the file; what is left out is detected. */
export interface LoadOptions {
  /**
   * `append` adds to a table of the same shape, `replace` puts the file's rows in place of that table's;
   * `create` makes tables and refuses a taken name.
   */
  readonly mode: "create" | "append" | "replace";
  readonly format?: Format | undefined;
  readonly delimiter?: string | undefined;
  /** Empty: quotes are characters like any other. */
  readonly quote?: string | undefined;
  readonly encoding?: Encoding | undefined;
  readonly header?: boolean | undefined;
  /** The table's name, for a file that holds one; else it is named after the file. */
  readonly table?: string | undefined;
}

/** Who imports a file. */
export interface LoadAuthor {
  /**
   * Under whose grants and policies rows go into tables that are there: the owner's, for a person; the
   * writer's, for a token.
   */
  readonly access: "owner" | "writer";
  /** Who, as `changedBy` says, for the journal. */
  readonly by: Readonly<Record<string, unknown>>;
}

/** What a load needs. */
export interface LoadInput {
  /** The endpoint's database, as its owner. */
  readonly owner: Sql;
  /** Opens the stored file from its beginning; called several times. */
  open(): ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>;
  readonly fileName: string;
  /** Bytes of the file, for progress alone. */
  readonly size?: number | undefined;
  readonly options: LoadOptions;
  /** Names the load: the same id a second time loads nothing and answers the first report. */
  readonly ingestId: string;
  /** Whether tables that it makes wait to be opened; `unless_ruled`: where the endpoint has field rules. */
  readonly newTables: "open" | "wait" | "unless_ruled";
  readonly author: LoadAuthor;
  /** Of the file, in hexadecimal; null where it is not known. */
  readonly sha256: string | null;
  /**
   * Called with the report before the load is kept, in its transaction.
   *
   * @throws what keeps it from being kept.
   */
  onLoaded?(tx: Tx, report: LoadReport): Promise<void>;
  onProgress?(progress: LoadProgress): void;
  readonly signal: AbortSignal;
}

/** One column as it was loaded. */
export interface ColumnReport {
  readonly name: string;
  /** The header or JSON key; empty where there was none. */
  readonly original: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** A reference that the data holds. */
export interface ForeignKeyReport {
  readonly column: string;
  readonly references: { readonly table: string; readonly column: string };
}

/** One table as it was loaded. */
export interface TableReport {
  readonly name: string;
  readonly mode: "create" | "append" | "replace";
  /** Rows added. */
  readonly rows: number;
  /** Rows that those replaced; absent unless `replace`. */
  readonly removed?: number;
  /** Rows set aside in `bulkhead.rejects`. */
  readonly rejected: number;
  readonly columns: readonly ColumnReport[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKeyReport[];
  /** Present where it was made and no agent sees it until somebody opens it. */
  readonly waits?: true;
}

/** What a load would do. */
export interface LoadPreview {
  readonly report: LoadReport;
  /** The first rows that would go into the first table, as JSON texts. */
  readonly rows: readonly string[];
}

/** What a load found and did. */
export interface LoadReport {
  readonly format: Format;
  readonly encoding: Encoding;
  /** Of a delimited file; null for JSON. */
  readonly delimiter: string | null;
  readonly quote: string | null;
  readonly header: boolean | null;
  readonly tables: readonly TableReport[];
  readonly rejects: number;
  readonly warnings: readonly string[];
}
