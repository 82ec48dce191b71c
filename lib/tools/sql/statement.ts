import type { ValueKind } from "../manifest/shape.ts";
import { quoted } from "../names.ts";
import type { Field } from "./field.ts";

/** SQL text with the values of its parameters, each bound as text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly string[];
  /** Names and types of what was bound without Postgres' own judgement of it. */
  readonly unchecked?: readonly string[];
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

  /** The same values in a collection of their own. */
  copy(): Params {
    const copy = new Params();
    copy.values.push(...this.values);
    copy.unchecked.push(...this.unchecked);
    return copy;
  }

  /** Binds a value and answers its placeholder, of type text. */
  bind(value: string): string {
    return `$${this.values.push(value)}::text`;
  }

  /**
   * Binds a value in a field's type. It travels as text in every case, so that no driver rounds it and
   * the statement's text is the same whatever the value.
   */
  bindAs(value: string, field: Field): string {
    const placeholder = this.bind(value);
    if (UNCHECKED.has(field.kind)) this.unchecked.push(`${quoted(field.label)} (${field.type})`);
    return field.cast === "pg_catalog.text" ? placeholder : `${placeholder}::${field.cast}`;
  }
}
