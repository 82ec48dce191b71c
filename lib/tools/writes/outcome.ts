import type { TextRow } from "../../postgres/mod.ts";

/** One changed row, as a write or the journal tells of it; texts are JSON. */
export interface Effect {
  readonly op: "insert" | "update" | "delete";
  readonly key: string;
  /** Null for a row that is gone. */
  readonly version: string | null;
  /** The row as it is, or as it was where it was deleted; null where only keys are told. */
  readonly row: string | null;
  /** Names of the columns that differ; null for inserts and deletes. */
  readonly changed: readonly string[] | null;
  readonly before: string | null;
  /** The row version before; null for an insert, and where rows before are not told. */
  readonly was: string | null;
}

/** What a write did. */
export interface Outcome {
  /** Rows that it found or made. */
  readonly count: number;
  readonly inserted: number;
  /** Rows that were found and hold what they held before. */
  readonly unchanged: number;
  /** A digest of all the rows before; null where rows before are not told. */
  readonly was: string | null;
  /** The first of them. */
  readonly effects: readonly Effect[];
}

function readEffect(told: TextRow): Effect {
  const [op, key, version, row, changed, before, was] = told;
  return {
    op: op as Effect["op"],
    key: key!,
    version: version!,
    row: row!,
    changed: changed ? JSON.parse(changed) as string[] : null,
    before: before!,
    was: was ?? null,
  };
}

/** Reads the answer of a write that tells each row. */
export function readPlain(rows: readonly TextRow[]): Outcome {
  const effects = rows.map(([, ...told]) => readEffect(told));
  return {
    count: effects.length,
    inserted: effects.filter(({ op }) => op === "insert").length,
    unchanged: effects.filter(({ changed }) => changed?.length === 0).length,
    was: null,
    effects,
  };
}

/** Reads the answer of a write that counts its rows and tells the first of them. */
export function readCounted(rows: readonly TextRow[]): Outcome {
  const [first] = rows;
  return {
    count: Number(first?.[0] ?? 0),
    inserted: Number(first?.[1] ?? 0),
    unchanged: Number(first?.[2] ?? 0),
    was: first?.[10] ?? null,
    effects: rows.map(([, , , ...told]) => readEffect(told)),
  };
}
