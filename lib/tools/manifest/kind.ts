import type { ValueKind } from "./shape.ts";

const KINDS: ReadonlyMap<string, ValueKind> = new Map<string, ValueKind>([
  ["int2", "integer"],
  ["int4", "integer"],
  ["int8", "bigint"],
  ["numeric", "numeric"],
  ["float4", "float"],
  ["float8", "float"],
  ["bool", "boolean"],
  ["text", "text"],
  ["varchar", "text"],
  ["bpchar", "text"],
  ["name", "text"],
  ["uuid", "uuid"],
  ["date", "date"],
  ["timestamp", "timestamp"],
  ["timestamptz", "timestamptz"],
  ["time", "time"],
  ["interval", "interval"],
  ["json", "json"],
  ["jsonb", "jsonb"],
]);

/** The kind of a type's values, by the name of the type or of a domain's base type. */
export function valueKind(schema: string, name: string, typtype: string): ValueKind {
  if (typtype === "e") return "enum";
  // An extension's type; its operators are those of text.
  if (name === "citext") return "text";
  return schema === "pg_catalog" ? KINDS.get(name) ?? "other" : "other";
}
