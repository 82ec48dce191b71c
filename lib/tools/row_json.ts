import type { Field } from "./sql/field.ts";

/** A row as its JSON object. */
export type Row = Record<string, unknown>;

const encoder = new TextEncoder();

/** Whether a cell was cut: only then does it have more bytes than the bound, if there was one. */
export function isCut(value: unknown, bound: number | null): boolean {
  return bound !== null && typeof value === "string" && value.length * 3 > bound &&
    encoder.encode(value).length > bound;
}

/** Whether values of the fields can be JSON documents themselves. */
export const isNested = (fields: readonly Field[]) =>
  fields.some(({ kind }) => kind === "json" || kind === "jsonb");

// Typed here, since the compiler's library does not know them yet (ECMA-262, JSON.parse source text access).
const { rawJSON } = JSON as unknown as { rawJSON(source: string): unknown };
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

const keepDigits: Reviver = (_key, value, { source }) =>
  typeof value === "number" && source !== undefined && String(value) !== source
    ? rawJSON(source)
    : value;

/** Parses rows; where they are nested, numbers keep every digit for the next JSON.stringify. */
export function parseRows(text: string, nested: boolean): Row[] {
  const json = `[${text}]`;
  if (!nested || !/\d{16}/.test(text)) return JSON.parse(json) as Row[];
  return JSON.parse(json, keepDigits as (key: string, value: unknown) => unknown) as Row[];
}
