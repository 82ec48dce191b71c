import type { Table } from "../manifest/compile.ts";
import type { ValueKind } from "../manifest/shape.ts";
import { quoted } from "../names.ts";
import type { Field } from "./field.ts";

/** SQL text with the values of its parameters, each bound as text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly string[];
  /** Names and types of what was bound without Postgres' own judgement of it. */
  readonly unchecked?: readonly string[];
  /** Whether it reads by key or a small page, so that it can share a connection with others. */
  readonly quick?: boolean;
}

// Kinds whose texts only Postgres can judge in full: offsets and years have bounds of their own.
const UNCHECKED: ReadonlySet<ValueKind> = new Set([
  "enum",
  "interval",
  "jsonb",
  "date",
  "timestamp",
  "timestamptz",
  "time",
  "other",
]);

/** Collects the values of one statement. */
export class Params {
  readonly values: string[] = [];
  readonly unchecked: string[] = [];

  /**
   * @param opaque Whether the planner is kept from looking at values. Then Postgres plans a prepared
   * statement once, and not for each call anew, which on a small table costs more than the query. On a
   * large one a plan that fits the value is worth it.
   */
  constructor(readonly opaque = false) {}

  /** The same values in a collection of their own. */
  copy(): Params {
    const copy = new Params(this.opaque);
    copy.values.push(...this.values);
    copy.unchecked.push(...this.unchecked);
    return copy;
  }

  #placeholder(value: string, cast: string): string {
    const placeholder = `$${this.values.push(value)}::text${cast}`;
    // The cast stands twice, since ANY would take a bare subquery for a list of rows.
    return this.opaque ? `(SELECT ${placeholder})${cast}` : placeholder;
  }

  /** Binds a value and answers its placeholder, of type text. */
  bind(value: string): string {
    return this.#placeholder(value, "");
  }

  /**
   * Binds a value in a field's type. It travels as text in every case, so that no driver rounds it and
   * the statement's text is the same whatever the value.
   */
  bindAs(value: string, field: Field): string {
    if (UNCHECKED.has(field.kind)) this.unchecked.push(`${quoted(field.label)} (${field.type})`);
    return this.#placeholder(value, field.cast === "pg_catalog.text" ? "" : `::${field.cast}`);
  }
}

// Below this a plan that does not fit the value costs some hundred milliseconds at worst.
const SMALL_ROWS = 250_000;

/** The parameters of a statement on one table. */
export function tableParams(table: Table): Params {
  return new Params(table.rows !== null && table.rows <= SMALL_ROWS);
}
