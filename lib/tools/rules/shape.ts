import { z } from "zod";
import type { ValueKind } from "../manifest/shape.ts";

/** What the owner has restricted of one table, for agents. */
export const tableRules = z.object({
  /** Columns that are read nowhere: no answer, filter, order, error, journal view or export shows them. */
  hidden: z.array(z.string()),
  /** Columns that are read and never written. */
  readOnly: z.array(z.string()),
  /** Whether rows may be added, changed and deleted where the endpoint takes writes. */
  insert: z.boolean(),
  update: z.boolean(),
  delete: z.boolean(),
  /** The only rows that are there, in the tools' filter language; null: all. */
  rowFilter: z.record(z.string(), z.unknown()).nullable(),
});

/** What the owner has restricted of one table. */
export type TableRules = z.infer<typeof tableRules>;

/** The rules of a table that has none. */
export const OPEN_RULES: TableRules = {
  hidden: [],
  readOnly: [],
  insert: true,
  update: true,
  delete: true,
  rowFilter: null,
};

/** A column as the owner sees it. */
export interface RuledColumn {
  readonly name: string;
  readonly type: string;
  readonly cast: string;
  readonly kind: ValueKind;
  readonly nullable: boolean;
  readonly comment: string | null;
  /** Whether Postgres fills it in every case: nobody writes it, whatever the rules say. */
  readonly generated: boolean;
  /** Whether a new row needs a value here. */
  readonly required: boolean;
  /** The columns that it is computed from. */
  readonly from: readonly string[];
}

/** A table as the owner sees it, with its rules. */
export interface RuledTable {
  readonly name: string;
  readonly columns: readonly RuledColumn[];
  readonly primaryKey: readonly string[];
  readonly rules: TableRules;
}
