import type { Column } from "../manifest/compile.ts";
import type { ValueKind } from "../manifest/shape.ts";

/** Something with a value in each row: a column, a group's bucket, an aggregate. */
export interface Field {
  /** As the caller names it; its name in answers. */
  readonly label: string;
  /** The expression; made of quoted identifiers and our own text. */
  readonly sql: string;
  readonly kind: ValueKind;
  /** The type, for messages. */
  readonly type: string;
  /** The type, for casts. */
  readonly cast: string;
  readonly nullable: boolean;
}

/** The field of a table's column under an alias of the table. */
export function columnField(column: Column, alias: string, label = column.name): Field {
  return {
    label,
    sql: `${alias}.${column.ident}`,
    kind: column.kind,
    type: column.type,
    cast: column.cast,
    nullable: column.nullable,
  };
}

const NUMBERS: ReadonlySet<ValueKind> = new Set(["integer", "bigint", "numeric", "float"]);
const MOMENTS: ReadonlySet<ValueKind> = new Set(["date", "timestamp", "timestamptz"]);
const UNCOMPARED: ReadonlySet<ValueKind> = new Set(["json", "other"]);

/** Whether values can be added up. */
export const isNumber = (field: Field) => NUMBERS.has(field.kind);
/** Whether values fall into days, months, years. */
export const isMoment = (field: Field) => MOMENTS.has(field.kind);
/** Whether values are equal or not. */
export const isComparable = (field: Field) => !UNCOMPARED.has(field.kind);
/** Whether values come before or after each other in a way that means something. */
export const isOrderable = (field: Field) => isComparable(field) && field.kind !== "jsonb";
