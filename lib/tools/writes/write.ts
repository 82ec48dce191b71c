import type { z } from "zod";
import type { ChangeId } from "../../ids.ts";
import type { Ability } from "../../principal.ts";
import type { Table } from "../manifest/compile.ts";
import type { TextRow } from "../call.ts";
import { type EffectShape, plainWriteSql, writeSql } from "../sql/write.ts";
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

/** The statement of a write that carries `context` into the journal. */
export function writeStatement(write: Write, context: string, before: boolean): WriteStatement {
  const params = new Params();
  const said = params.bind(context);
  const { table, shape, shown, judged } = write;
  const dml = write.dml(params);
  const told = before ? { ...shape, rows: true, before: true } : shape;
  const plain = !before && !judged;
  return {
    // Half as dear where nothing has to be counted.
    text: plain
      ? plainWriteSql(table, told, dml, said)
      : writeSql(table, told, dml, said, before ? Math.min(shown, PREVIEWED) : shown),
    values: params.values,
    unchecked: params.unchecked,
    read: plain ? readPlain : readCounted,
  };
}

/** Rows that a preview shows. */
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
