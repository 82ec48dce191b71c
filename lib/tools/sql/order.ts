import { AppError } from "../../errors.ts";
import { quoted } from "../names.ts";
import { type Field, isOrderable } from "./field.ts";
import type { Source } from "./source.ts";
import type { Params } from "./statement.ts";
import { wrongValue } from "./value.ts";

/** One term of an order as a caller gives it. */
export interface OrderArg {
  readonly column: string;
  readonly direction?: "asc" | "desc" | undefined;
  readonly nulls?: "first" | "last" | undefined;
}

/** One term of an order. */
export interface OrderTerm {
  readonly field: Field;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/**
 * The terms of an order, ended by the source's key where the terms alone would leave ties. As in
 * Postgres nulls count as largest, unless the caller says where they go.
 */
export function orderTerms(source: Source, order: readonly OrderArg[] | undefined): OrderTerm[] {
  const terms: OrderTerm[] = [];
  for (const { column, direction, nulls } of order ?? []) {
    const field = source.field(column);
    if (!isOrderable(field)) throw wrongValue(field, "rows cannot be ordered by it");
    if (terms.some((term) => term.field.sql === field.sql)) {
      throw new AppError("INVALID_ARGUMENTS", `order_by names ${quoted(column)} twice`);
    }
    const descending = direction === "desc";
    terms.push({ field, descending, nullsFirst: nulls ? nulls === "first" : descending });
  }
  for (const field of source.key ?? []) {
    if (terms.some((term) => term.field.sql === field.sql)) continue;
    // In the last term's direction, so that one index can serve the whole order.
    const descending = terms.at(-1)?.descending ?? false;
    terms.push({ field, descending, nullsFirst: descending });
  }
  return terms;
}

/** The ORDER BY clause; empty without terms. */
export function orderSql(terms: readonly OrderTerm[]): string {
  const parts = terms.map(({ field, descending, nullsFirst }) => {
    const direction = descending ? " DESC" : "";
    // Said only where it differs from what Postgres does, for an index serves no other order.
    const nulls = !field.nullable || nullsFirst === descending
      ? ""
      : nullsFirst
      ? " NULLS FIRST"
      : " NULLS LAST";
    return `${field.sql}${direction}${nulls}`;
  });
  return parts.length ? ` ORDER BY ${parts.join(", ")}` : "";
}

function beyond(params: Params, term: OrderTerm, value: string | null): string {
  const { field, descending, nullsFirst } = term;
  if (value === null) return nullsFirst ? `${field.sql} IS NOT NULL` : "FALSE";
  const after = `${field.sql} ${descending ? "<" : ">"} ${params.bindAs(value, field)}`;
  return field.nullable && !nullsFirst ? `(${after} OR ${field.sql} IS NULL)` : after;
}

function same(params: Params, { field }: OrderTerm, value: string | null): string {
  return value === null ? `${field.sql} IS NULL` : `${field.sql} = ${params.bindAs(value, field)}`;
}

/** The condition that a row comes after the one with these key values. */
export function afterSql(
  params: Params,
  terms: readonly OrderTerm[],
  values: readonly (string | null)[],
): string {
  const [first] = terms;
  const plain = terms.every((term) =>
    !term.field.nullable && term.descending === first!.descending
  );
  if (plain) {
    // A row comparison, which an index over the columns answers directly.
    const bound = terms.map((term, i) => params.bindAs(values[i]!, term.field));
    const left = terms.map((term) => term.field.sql).join(", ");
    return `(${left}) ${first!.descending ? "<" : ">"} (${bound.join(", ")})`;
  }
  const ways = terms.map((term, i) => {
    const equal = terms.slice(0, i).map((before, j) => same(params, before, values[j]!));
    return `(${[...equal, beyond(params, term, values[i]!)].join(" AND ")})`;
  });
  // Said twice over for a first column without nulls: an index can start there, which OR hides from it.
  const start = first!.field.nullable || ways.length === 1
    ? ""
    : `${first!.field.sql} ${first!.descending ? "<=" : ">="} ${
      params.bindAs(values[0]!, first!.field)
    } AND `;
  return `(${start}(${ways.join(" OR ")}))`;
}
