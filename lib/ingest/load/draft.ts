import { AppError } from "../../errors.ts";
import { columnNames, type ColumnSketch, type ColumnType } from "../infer/mod.ts";

/** Columns that a table may have: Postgres itself stops at 1,600, an agent sooner. */
const COLUMNS_AT_MOST = 1000;

/** Bytes that one row or one of its fields may have. */
export const ROW_BYTES_AT_MOST = 64 * 1024 * 1024;

/** Fields that one row may have before it is known to be a bad one. */
export const ROW_FIELDS_AT_MOST = 1_000_000;

/**
 * Tokens (values, names and punctuation) that one JSON element may have. Each becomes an object in
 * memory many times its size, and a whole element is written and judged in one go.
 */
export const ROW_TOKENS_AT_MOST = 1_000_000;

/** A column that is to be made or filled. */
export interface DraftColumn {
  readonly name: string;
  readonly original: string;
  readonly type: ColumnType;
  /** The date form its values are rewritten from; 0 where they go in as they are. */
  readonly rewriteFrom: number;
  readonly nullable: boolean;
  /** The offset with which the timestamps of a timestamptz column were written. */
  readonly offset: string | undefined;
  readonly sketch: ColumnSketch;
}

/** A table that is to be made or filled. */
export interface Draft {
  readonly name: string;
  readonly columns: readonly DraftColumn[];
  readonly rows: number;
  readonly rejected: number;
}

/** Refuses more columns than a table may have. */
export function checkWidth(width: number): void {
  if (width > COLUMNS_AT_MOST) {
    throw new AppError(
      "UNREADABLE_FILE",
      `The file has more than ${COLUMNS_AT_MOST.toLocaleString("en")} columns.`,
    );
  }
}

/** Makes columns of headers and what was seen below them. */
export function draftColumns(
  headers: readonly string[],
  sketches: readonly ColumnSketch[],
  rows: number,
): DraftColumn[] {
  return columnNames(headers).map(({ name, original }, index) => {
    const sketch = sketches[index]!;
    const { type, rewriteFrom } = sketch.infer();
    return {
      name,
      original,
      type,
      rewriteFrom,
      nullable: sketch.values < rows,
      offset: sketch.offset,
      sketch,
    };
  });
}
