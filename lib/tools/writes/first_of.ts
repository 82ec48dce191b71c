import { CUT } from "../sql/cells.ts";
import { CELL } from "../sql/write.ts";
import type { Effect, Outcome } from "./outcome.ts";
import { PREVIEWED, type Write } from "./write.ts";

// Typed here, since the compiler's library does not know them yet (ECMA-262, JSON.parse source text access).
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

const encoder = new TextEncoder();

/** Numbers are written as they were, so that none loses a digit. */
const keepNumbers: Reviver = (_, value, { source }) =>
  typeof value === "number" && source !== undefined ? rawJson(source) : value;

/** A value as the structured answers of tools have it: a long one cut, and how long it is. */
export function cutValue(value: unknown): unknown {
  const text = typeof value === "string"
    ? value
    : typeof value === "object" && value !== null
    ? JSON.stringify(value)
    : "";
  // No character has more than three bytes a unit.
  if (text.length * 3 <= CELL) return value;
  const bytes = encoder.encode(text).length;
  if (bytes <= CELL) return value;
  return `${Array.from(text.slice(0, CELL * 2)).slice(0, CELL).join("")}${CUT}${bytes}]`;
}

function cutRow(json: string): string {
  if (json.length <= CELL / 3) return json;
  const row = JSON.parse(json, keepNumbers as (key: string, value: unknown) => unknown);
  return JSON.stringify(
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cutValue(value)])),
  );
}

const cutEffect = (effect: Effect): Effect => ({
  ...effect,
  key: cutRow(effect.key),
  row: effect.row && cutRow(effect.row),
  before: effect.before && cutRow(effect.before),
});

/** Of a write whose rows are all known, what a dry run would have told. */
export function firstOf({ shown }: Write, outcome: Outcome): Outcome {
  const first = outcome.effects.slice(0, Math.min(shown, PREVIEWED));
  return { ...outcome, effects: first.map(cutEffect) };
}
