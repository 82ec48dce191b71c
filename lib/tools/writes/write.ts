import type { z } from "zod";
import type { ChangeId } from "../../ids.ts";
import type { Ability } from "../../principal.ts";
import type { Table } from "../manifest/compile.ts";
import type { TextRow } from "../../postgres/mod.ts";
import { CELL, type EffectShape, plainWriteSql, writeSql } from "../sql/write.ts";
import { Params, type Statement } from "../sql/statement.ts";
import { type Outcome, readCounted, readPlain } from "./outcome.ts";

/** A write that was parsed against the manifest, ready to be run. */
export interface Write {
  readonly table: Table;
  readonly shape: EffectShape;
  /** Rows to answer; the rest is counted. Of a write that is not judged, all. */
  readonly shown: number;
  /** Builds the statement up to RETURNING. */
  dml(params: Params): string;
  /**
   * Judges what was done.
   *
   * @throws AppError where it may not stay so.
   */
  check(outcome: Outcome): void;
  /** Whether `check` can refuse rows that were changed: then a transaction has to wait for it. */
  readonly judged: boolean;
}

/** The statement of a write, with how its answer is read. */
export interface WriteStatement extends Statement {
  readonly read: (rows: readonly TextRow[]) => Outcome;
}

/** How much of the rows a write answers: what it answers by itself, the first as they were, too, or all. */
export type Told = "own" | "before" | "whole";

/** The statement of a write that carries `context` into the journal. */
export function writeStatement(write: Write, context: string, much: Told): WriteStatement {
  const params = new Params();
  const said = params.bind(context);
  const { table, shape, shown, judged } = write;
  const dml = write.dml(params);
  const before = much !== "own";
  const whole = much === "whole";
  const told = before
    ? { ...shape, rows: true, before: true, ...(whole ? { cell: wholeCell(table) } : {}) }
    : shape;
  const plain = !before && !judged;
  const answered = whole ? WHOLE_ROWS : before ? Math.min(shown, PREVIEWED) : shown;
  return {
    // Half as dear where nothing has to be counted.
    text: plain
      ? plainWriteSql(table, told, dml, said)
      : writeSql(table, told, dml, said, answered, whole ? WHOLE_SIZE : null),
    values: params.values,
    unchecked: params.unchecked,
    read: plain ? readPlain : readCounted,
  };
}

/** Rows that are kept of a write for whoever reviews it: all that one call may change. */
const WHOLE_ROWS = 10_000;

/** Characters of them; rows beyond that are counted. */
const WHOLE_SIZE = 4_000_000;

/** Bytes up to which a cell is kept to its end, so that no row takes all the room. */
const wholeCell = (table: Table) =>
  Math.max(CELL, Math.floor(1_000_000 / Math.max(1, table.columns.size)));

/** Rows that a dry run shows. */
export const PREVIEWED = 50;

/** What is asked of any write besides its own arguments. */
export interface WriteRequest {
  readonly tool: string;
  readonly change: ChangeId;
  readonly dryRun: boolean;
  /** The caller's key, under which a repeated call writes once. */
  readonly key: string | undefined;
  /** The tool's arguments without those of this request. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What makes a tool a write. */
export interface WriteToolText<Schema extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly ability: Ability;
  /** A second ability that it needs. */
  readonly also?: Ability;
  /** Whether it can take something away; adding rows cannot. */
  readonly destructive: boolean;
  readonly args: Schema;
  /**
   * Parses the arguments against the table.
   *
   * @throws AppError INVALID_ARGUMENTS, UNKNOWN_COLUMN.
   */
  prepare(table: Table, args: z.infer<Schema>): Write;
}
