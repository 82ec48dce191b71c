import { AppError } from "../../errors.ts";
import { quoted } from "../names.ts";
import type { Field } from "./field.ts";

const MAX_TEXT = 10_000;
const MAX_NESTING = 50;
const INTEGER = /^[+-]?\d{1,40}$/;
const NUMBER = /^[+-]?(?:\d{1,500}(?:\.\d{0,500})?|\.\d{1,500})(?:[eE][+-]?\d{1,4})?$/;
const NOT_FINITE = /^(?:NaN|[+-]?Infinity)$/;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const DATE = /^(\d{4,6})-(\d\d)-(\d\d)( BC)?$/;
const TIME = /^([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d|60)(?:\.\d{1,9})?)?$/;
const MOMENT = /^(\d{4,6}-\d\d-\d\d)(?:[T ]([\d:.]+?)(?: ?(Z|[+-]\d\d(?::?\d\d){0,2}))?)?( BC)?$/;
const ENDLESS = /^-?infinity$/;

const RANGES: ReadonlyMap<string, bigint> = new Map([
  ["pg_catalog.int2", 2n ** 15n],
  ["pg_catalog.int4", 2n ** 31n],
  ["pg_catalog.int8", 2n ** 63n],
]);

/** The error for a value that a field cannot have. */
export function wrongValue(field: Field, needs: string): AppError {
  return new AppError("INVALID_ARGUMENTS", `${quoted(field.label)} is ${field.type}: ${needs}`);
}

/** Characters of a text that is to be stored, and not compared. */
export const STORED_TEXT = 500_000;

/** Checks a text that is to be bound; throws for what Postgres cannot hold or nobody would compare. */
export function plainText(label: string, value: string, longest = MAX_TEXT): string {
  if (value.includes("\0")) {
    throw new AppError("INVALID_ARGUMENTS", `${quoted(label)}: a text holds no NUL character`);
  }
  if (value.length > longest) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `${quoted(label)}: a value has at most ${longest} characters`,
    );
  }
  return value;
}

/** Whether a value nests no deeper than that; looked at before anything recurses without a bound. */
function nests(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== "object") return true;
  return levels > 0 && Object.values(value).every((part) => nests(part, levels - 1));
}

function integerText(field: Field, value: unknown): string {
  const needs = 'send an integer, such as 42 or "42"';
  if (typeof value === "number") {
    if (!Number.isInteger(value)) throw wrongValue(field, needs);
    if (!Number.isSafeInteger(value)) {
      throw wrongValue(field, "send so large an integer in quotes, so that no digit is lost");
    }
  } else if (typeof value !== "string" || !INTEGER.test(value)) {
    throw wrongValue(field, needs);
  }
  const range = RANGES.get(field.cast);
  const number = BigInt(typeof value === "string" ? value.replace(/^\+/, "") : value as number);
  if (range && (number >= range || number < -range)) {
    throw wrongValue(field, `send an integer from ${-range} to ${range - 1n}`);
  }
  return String(number);
}

function numberText(field: Field, value: unknown): string {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "string" && (NUMBER.test(value) || NOT_FINITE.test(value))) return value;
  throw wrongValue(field, 'send a number, such as 9.99 or "9.99"');
}

function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  if (match[4]) return day <= 31;
  const date = new Date(0);
  // setUTCFullYear, since the constructor takes years below 100 for 19xx.
  date.setUTCFullYear(year, month, 0);
  return day <= date.getUTCDate();
}

function momentText(field: Field, value: unknown, zoned: boolean): string {
  const example = zoned ? "2026-01-31T12:00:00Z" : "2026-01-31T12:00:00";
  const needs = `send an ISO 8601 time, such as "${example}" or "2026-01-31"`;
  if (typeof value !== "string") throw wrongValue(field, needs);
  if (ENDLESS.test(value)) return value;
  const match = MOMENT.exec(value);
  if (!match || !isDate(match[1]!) || (match[2] !== undefined && !TIME.test(match[2]))) {
    throw wrongValue(field, needs);
  }
  // Postgres would drop the offset without a word.
  if (!zoned && match[3] !== undefined && match[3] !== "Z") {
    throw wrongValue(field, `it has no time zone, so leave the offset out: "${example}"`);
  }
  return value;
}

/**
 * The text under which a value is bound for a field, checked against the field's type first, so that
 * the message can name both. What only Postgres can judge comes back as a data exception.
 *
 * @param longest Characters of a text; more where it is to be stored.
 */
export function valueText(field: Field, value: unknown, longest = MAX_TEXT): string {
  if (value === null || value === undefined) {
    throw wrongValue(field, "a null equals nothing; use the operator is_null");
  }
  switch (field.kind) {
    case "integer":
    case "bigint":
      return integerText(field, value);
    case "numeric":
    case "float":
      return numberText(field, value);
    case "boolean":
      if (typeof value === "boolean") return String(value);
      if (value === "true" || value === "false") return value;
      throw wrongValue(field, "send true or false");
    case "uuid":
      if (typeof value === "string" && UUID.test(value)) return value;
      throw wrongValue(field, 'send a UUID, such as "018f3c1e-0000-7000-8000-000000000000"');
    case "date":
      if (typeof value === "string" && (isDate(value) || ENDLESS.test(value))) return value;
      throw wrongValue(field, 'send a date, such as "2026-01-31"');
    case "timestamp":
      return momentText(field, value, false);
    case "timestamptz":
      return momentText(field, value, true);
    case "time":
      if (typeof value === "string" && TIME.test(value)) return value;
      throw wrongValue(field, 'send a time of day, such as "12:30:00"');
    case "json":
    case "jsonb":
      if (nests(value, MAX_NESTING)) return plainText(field.label, JSON.stringify(value), longest);
      throw wrongValue(field, `a value nests at most ${MAX_NESTING} levels deep`);
    case "text":
    case "enum":
    case "interval":
    case "other":
      if (typeof value === "string") return plainText(field.label, value, longest);
      throw wrongValue(field, "send a text in quotes");
  }
}
