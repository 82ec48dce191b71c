/** A number as it was written: JavaScript's own would lose digits. */
export class Numeral {
  constructor(readonly text: string) {}
}

// A key and its colon, or what opens and closes objects and lists, or a string that is a value.
const TOKENS = /"(?:[^"\\]|\\.)*"\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g;

/**
 * Whether an object in a JSON text names one key twice, in whatever spelling: of two values, each reader
 * would take another.
 */
function repeatsKey(text: string): boolean {
  const open: (Set<string> | null)[] = [];
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (token.endsWith(":")) {
      const key: string = JSON.parse(token.slice(0, -1));
      const known = open.at(-1);
      if (known?.has(key)) return true;
      known?.add(key);
    }
  }
  return false;
}

/** Told of a JSON text with an object that names one key twice. */
export class RepeatedKey extends SyntaxError {}

/** Parses JSON and keeps numbers as they are written; throws a SyntaxError, or RepeatedKey. */
export function parseExactly(text: string): unknown {
  const value = JSON.parse(
    text,
    // The third argument is of ECMAScript's JSON.parse source text access, which the types leave out.
    ((_key: string, value: unknown, context: { readonly source?: string }) =>
      typeof value === "number" ? new Numeral(context.source!) : value) as (
        key: string,
        value: unknown,
      ) => unknown,
  );
  if (repeatsKey(text)) throw new RepeatedKey("a key stands twice in one object");
  return value;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Postgres's order of a jsonb object's keys: shorter ones first, and bytewise among equals. */
function compareKeys([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  const [left, right] = [bytes(a), bytes(b)];
  if (left.length !== right.length) return left.length - right.length;
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at < 0 ? 0 : left[at]! - right[at]!;
}

/** Writes what `parseExactly` read as Postgres writes jsonb. */
export function jsonbText(value: unknown): string {
  if (value instanceof Numeral) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(compareKeys)
    .map(([key, member]) => `${JSON.stringify(key)}: ${jsonbText(member)}`);
  return `{${members.join(", ")}}`;
}
