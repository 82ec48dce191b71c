import { AppError } from "../../errors.ts";
import type { ValueKind } from "../manifest/shape.ts";
import { quoted } from "../names.ts";
import { type Field, isComparable, isMoment, isNumber, isOrderable } from "./field.ts";
import { type Source, unknownColumn } from "./source.ts";
import { wrongValue } from "./value.ts";

/** The functions of an aggregate. */
export const FUNCTIONS = ["count", "count_distinct", "sum", "avg", "min", "max"] as const;
/** The widths of a date bucket. */
export const BUCKETS = ["minute", "hour", "day", "week", "month", "quarter", "year"] as const;

/** A group as a caller gives it: a column, or a column in date buckets. */
export type GroupArg = string | {
  readonly column: string;
  readonly bucket?: typeof BUCKETS[number] | undefined;
  readonly as?: string | undefined;
};

/** An aggregate as a caller gives it. */
export interface AggregateArg {
  readonly fn: typeof FUNCTIONS[number];
  readonly column?: string | undefined;
  /** A second column: each row's product of the two is what is aggregated. */
  readonly times?: string | undefined;
  readonly as?: string | undefined;
}

const fault = (text: string) => new AppError("INVALID_ARGUMENTS", text);

const typed = (kind: ValueKind, type: string, cast: string) => ({ kind, type, cast });
const COUNT = typed("integer", "bigint", "pg_catalog.int8");
const NUMERIC = typed("numeric", "numeric", "pg_catalog.numeric");
const FLOAT = typed("float", "double precision", "pg_catalog.float8");

const typeOf = ({ kind, type, cast }: Field) => typed(kind, type, cast);

function groupField(source: Source, arg: GroupArg): Field {
  const { column, bucket, as } = typeof arg === "string" ? { column: arg } as const : arg;
  const field = source.field(column);
  if (!isComparable(field)) throw wrongValue(field, "rows cannot be grouped by it");
  if (!bucket) return { ...field, label: as ?? column };
  if (!isMoment(field)) throw wrongValue(field, "date buckets need a date or a time stamp");
  if (field.kind === "date" && (bucket === "hour" || bucket === "minute")) {
    throw wrongValue(field, `it has no ${bucket}s`);
  }
  const label = as ?? `${column}_${bucket}`;
  // date_trunc would take a date for a time stamp with a zone.
  const sql = field.kind === "date"
    ? `date_trunc('${bucket}', ${field.sql}::timestamp)::date`
    : `date_trunc('${bucket}', ${field.sql})`;
  return { ...field, label, sql };
}

function operand(source: Source, arg: AggregateArg): Field {
  if (arg.column === undefined) throw fault(`aggregates: ${arg.fn} needs a column`);
  const field = source.field(arg.column);
  if (arg.times === undefined) return field;
  const factor = source.field(arg.times);
  for (const one of [field, factor]) {
    if (!isNumber(one)) throw wrongValue(one, "a product needs two numbers");
  }
  // As numeric, which neither overflows nor rounds; a float stays one.
  const float = field.kind === "float" || factor.kind === "float";
  const type = float ? FLOAT : NUMERIC;
  return {
    ...type,
    label: `${arg.column}_${arg.times}`,
    sql: `(${field.sql}::${type.cast} * ${factor.sql}::${type.cast})`,
    nullable: field.nullable || factor.nullable,
  };
}

function aggregateField(source: Source, arg: AggregateArg): Field {
  if (arg.fn === "count" && arg.column === undefined) {
    if (arg.times !== undefined) throw fault("aggregates: `times` needs a column");
    return { ...COUNT, label: arg.as ?? "count", sql: "count(*)", nullable: false };
  }
  const field = operand(source, arg);
  const label = arg.as ?? `${arg.fn}_${field.label.replaceAll(".", "_")}`;
  switch (arg.fn) {
    case "count":
      return { ...COUNT, label, sql: `count(${field.sql})`, nullable: false };
    case "count_distinct":
      if (!isComparable(field)) throw wrongValue(field, "its values cannot be told apart");
      return { ...COUNT, label, sql: `count(DISTINCT ${field.sql})`, nullable: false };
    case "sum":
    case "avg": {
      if (!isNumber(field)) throw wrongValue(field, `${arg.fn} needs a number`);
      const float = field.kind === "float";
      // Postgres sums integers into types that hold them; float4 alone would be summed as itself.
      const sql = float ? `${field.sql}::${FLOAT.cast}` : field.sql;
      return {
        ...(float ? FLOAT : NUMERIC),
        label,
        sql: `${arg.fn}(${sql})`,
        nullable: true,
      };
    }
    case "min":
    case "max":
      if (!isOrderable(field) || field.kind === "boolean" || field.kind === "uuid") {
        throw wrongValue(field, `${arg.fn} needs numbers, texts or times`);
      }
      return { ...typeOf(field), label, sql: `${arg.fn}(${field.sql})`, nullable: true };
  }
}

/**
 * The groups of a source's rows as a source of their own, whose fields are the groups and aggregates: so
 * conditions on it are HAVING, and it is ordered and paged like any other.
 *
 * @param where Conditions on the rows that are grouped.
 */
export function groupedSource(
  source: Source,
  where: readonly string[],
  groups: readonly GroupArg[],
  aggregates: readonly AggregateArg[],
): Source {
  const groupFields = groups.map((arg) => groupField(source, arg));
  const inner = [...groupFields, ...aggregates.map((arg) => aggregateField(source, arg))];
  const fields = new Map<string, Field>();
  for (const field of inner) {
    if (fields.has(field.label)) {
      throw fault(`two results are named ${quoted(field.label)}; name one with "as"`);
    }
    fields.set(field.label, { ...field, sql: `g.g${fields.size}` });
  }
  const select = inner.map((field, i) => `${field.sql} AS g${i}`).join(", ");
  const condition = where.length ? ` WHERE ${where.join(" AND ")}` : "";
  const by = groupFields.length
    ? ` GROUP BY ${groupFields.map((_, i) => String(i + 1)).join(", ")}`
    : "";
  const all = [...fields.values()];
  return {
    from: `(SELECT ${select} FROM ${source.from}${condition}${by}) g`,
    label: "the results",
    fields: all,
    key: all.slice(0, groupFields.length),
    field(name) {
      const field = fields.get(name);
      if (!field) {
        throw unknownColumn(name, "the results", fields.keys());
      }
      return field;
    },
  };
}
