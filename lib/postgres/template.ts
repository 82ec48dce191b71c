import { Buffer } from "node:buffer";

/** SQL text with numbered placeholders, and the texts of their values. */
export interface SqlText {
  readonly text: string;
  readonly values: readonly SentValue[];
}

/** A value as it is sent: text, or bytes for bytea. */
export type SentValue = string | Buffer | null;

/** An identifier, quoted where it stands in a template. */
export class Identifier {
  constructor(readonly name: string) {}
}

/** Values in parentheses, for `IN`. At least one. */
export class ValueList {
  constructor(readonly values: readonly string[]) {}
}

/** A value that is sent as jsonb. */
export class JsonParameter {
  constructor(readonly value: unknown) {}
}

/** A part of a statement, to stand in another template. */
export interface Fragment {
  readonly parts: TemplateStringsArray;
  readonly parameters: readonly Parameter[];
}

/** What may stand in a template: a value that is bound, or a part of the statement. */
export type Parameter =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | null
  | Identifier
  | ValueList
  | JsonParameter
  | Fragment;

/** Quotes an identifier for SQL text; a NUL byte, which no identifier holds, is refused. */
export function quoteIdent(name: string): string {
  if (name.includes("\0")) throw new Error("an identifier holds no NUL byte");
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text literal for the few statements that take no parameters (CREATE ROLE, COMMENT). */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) throw new Error("a literal holds no NUL byte");
  // E'' in every case: right whatever standard_conforming_strings says.
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** Writes a value as it is sent. */
export function sentValue(value: unknown): SentValue {
  if (value === null || typeof value === "string") return value;
  if (value === undefined) throw new TypeError("a parameter of a statement is undefined");
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length);
  if (value instanceof JsonParameter) return JSON.stringify(value.value);
  if (typeof value === "object") {
    throw new TypeError("an object is no parameter: say how it is sent");
  }
  return String(value);
}

/** The type of a parameter, where its JavaScript type says it; the server finds out the others. */
function castOf(value: Parameter): string {
  if (value instanceof Date) return "::timestamptz";
  if (value instanceof Uint8Array) return "::bytea";
  if (value instanceof JsonParameter) return "::jsonb";
  if (typeof value === "boolean") return "::boolean";
  if (typeof value === "bigint") return "::bigint";
  return "";
}

function isFragment(value: Parameter): value is Fragment {
  return typeof value === "object" && value !== null && "parts" in value;
}

/** Writes a template and what stands in it: values become placeholders, always. */
export function writeTemplate(fragment: Fragment): SqlText {
  const values: SentValue[] = [];
  const bind = (value: Parameter) => `$${values.push(sentValue(value))}${castOf(value)}`;
  const write = ({ parts, parameters }: Fragment): string => {
    let text = parts[0]!;
    for (let at = 0; at < parameters.length; at++) {
      const value = parameters[at]!;
      if (value instanceof Identifier) text += quoteIdent(value.name);
      else if (value instanceof ValueList) text += `(${value.values.map(bind).join(", ")})`;
      else if (isFragment(value)) text += write(value);
      else text += bind(value);
      text += parts[at + 1]!;
    }
    return text;
  };
  return { text: write(fragment), values };
}
