import type { Sql } from "../../postgres/mod.ts";
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
  /** `append` adds to a table of the same shape; `create` makes tables and refuses a taken name. */
  readonly mode: "create" | "append";
  readonly format?: Format | undefined;
  readonly delimiter?: string | undefined;
  /** Empty: quotes are characters like any other. */
  readonly quote?: string | undefined;
  readonly encoding?: Encoding | undefined;
  readonly header?: boolean | undefined;
  /** The table's name, for a file that holds one; else it is named after the file. */
  readonly table?: string | undefined;
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
  readonly mode: "create" | "append";
  /** Rows added. */
  readonly rows: number;
  /** Rows set aside in `bulkhead.rejects`. */
  readonly rejected: number;
  readonly columns: readonly ColumnReport[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKeyReport[];
  /** Present where it was made and no agent sees it until somebody opens it. */
  readonly waits?: true;
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
