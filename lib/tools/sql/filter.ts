import { AppError } from "../../errors.ts";
import { hint, quoted } from "../names.ts";
import { type Field, isComparable, isOrderable } from "./field.ts";
import type { Params } from "./statement.ts";
import { plainText, valueText, wrongValue } from "./value.ts";

const MAX_DEPTH = 10;
const MAX_CONDITIONS = 100;
const MAX_VALUES = 1000;

const COMPARISONS = { eq: "=", ne: "<>", lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;
const SETS = { in: "= ANY", not_in: "<> ALL" } as const;
const PATTERNS = ["like", "ilike", "contains", "starts_with"] as const;

/** The operators of a condition. */
export const OPERATORS: readonly string[] = [
  ...Object.keys(COMPARISONS),
  ...Object.keys(SETS),
  "between",
  "is_null",
  ...PATTERNS,
];

const EXAMPLE = '{"column": "country", "op": "eq", "value": "Norway"}';
const SHAPE =
  `a filter is a condition such as ${EXAMPLE}, or {"and": […]}, {"or": […]}, {"not": {…}}`;

const fault = (text: string) => new AppError("INVALID_ARGUMENTS", `filter: ${text}`);

function patternOperand(field: Field, op: typeof PATTERNS[number], value: unknown): string {
  if (field.kind !== "text") {
    throw wrongValue(field, `${op} works on text columns; use eq, between, lt or gt`);
  }
  if (typeof value !== "string") throw wrongValue(field, `${op} needs a text`);
  const text = plainText(field.label, value);
  if (op === "contains" || op === "starts_with") {
    const literal = text.replace(/[\\%_]/g, "\\$&");
    return op === "contains" ? `%${literal}%` : `${literal}%`;
  }
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) {
    throw wrongValue(field, `a ${op} pattern must not end with a lone backslash`);
  }
  return text;
}

/** A Postgres array literal of texts. */
function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}

function valuesOf(field: Field, op: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw wrongValue(field, `${op} needs a list of values`);
  if (value.length > MAX_VALUES) {
    throw wrongValue(field, `${op} takes at most ${MAX_VALUES} values`);
  }
  return value.map((one) => valueText(field, one));
}

function requireOrder(field: Field, op: string): void {
  if (!isOrderable(field)) throw wrongValue(field, `${op} needs values with an order`);
}

function condition(params: Params, field: Field, op: string, value: unknown): string {
  const bind = (one: unknown) => params.bindAs(valueText(field, one), field);
  if (op === "is_null") {
    if (value !== undefined && typeof value !== "boolean") {
      throw wrongValue(field, "is_null takes true or false");
    }
    return `${field.sql} IS ${value === false ? "NOT " : ""}NULL`;
  }
  if (PATTERNS.includes(op as never)) {
    const pattern = patternOperand(field, op as typeof PATTERNS[number], value);
    return `${field.sql} ${op === "like" ? "LIKE" : "ILIKE"} ${params.bind(pattern)}`;
  }
  if (!isComparable(field)) throw wrongValue(field, "only is_null works on it");
  if (Object.hasOwn(COMPARISONS, op)) {
    if (op !== "eq" && op !== "ne") requireOrder(field, op);
    return `${field.sql} ${COMPARISONS[op as keyof typeof COMPARISONS]} ${bind(value)}`;
  }
  if (Object.hasOwn(SETS, op)) {
    const list = arrayLiteral(valuesOf(field, op, value));
    const bound = params.bindAs(list, { ...field, cast: `${field.cast}[]` });
    return `${field.sql} ${SETS[op as keyof typeof SETS]} (${bound})`;
  }
  requireOrder(field, op);
  const bounds = valuesOf(field, op, value);
  if (bounds.length !== 2) throw wrongValue(field, "between needs a list of two values");
  const [low, high] = bounds.map((bound) => params.bindAs(bound, field));
  return `${field.sql} BETWEEN ${low} AND ${high}`;
}

function plainObject(node: unknown): Record<string, unknown> {
  if (node === null || typeof node !== "object" || Array.isArray(node)) throw fault(SHAPE);
  return node as Record<string, unknown>;
}

/**
 * Makes a WHERE clause of a filter. It is walked by hand, and not by a schema, so that depth is bounded
 * before anything recurses and a message can name column, type and operator.
 *
 * @throws AppError INVALID_ARGUMENTS or UNKNOWN_COLUMN, worded for a model.
 */
export function filterSql(
  params: Params,
  filter: unknown,
  resolve: (name: string) => Field,
): string {
  let conditions = 0;

  function walk(node: unknown, depth: number): string {
    if (depth > MAX_DEPTH) throw fault(`it nests at most ${MAX_DEPTH} levels deep`);
    const object = plainObject(node);
    const keys = Object.keys(object);
    const [only] = keys;
    if (keys.length === 1 && (only === "and" || only === "or")) {
      const parts = object[only];
      if (!Array.isArray(parts) || !parts.length) throw fault(`${only} needs a list of filters`);
      return `(${
        parts.map((part) => walk(part, depth + 1)).join(only === "and" ? " AND " : " OR ")
      })`;
    }
    if (keys.length === 1 && only === "not") return `(NOT ${walk(object[only], depth + 1)})`;
    const { column, op, value } = object;
    const extra = keys.find((key) => key !== "column" && key !== "op" && key !== "value");
    if (extra !== undefined) throw fault(`${quoted(extra)} does not belong there; ${SHAPE}`);
    if (typeof column !== "string" || typeof op !== "string") throw fault(SHAPE);
    if (!OPERATORS.includes(op)) {
      throw fault(`no operator ${quoted(op)}; ${hint(op, OPERATORS, "operators")}`);
    }
    if (++conditions > MAX_CONDITIONS) throw fault(`it has at most ${MAX_CONDITIONS} conditions`);
    return condition(params, resolve(column), op, value);
  }

  return walk(filter, 1);
}
