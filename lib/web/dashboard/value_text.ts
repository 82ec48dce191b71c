import { visibleParts } from "../../text/mod.ts";

/** What the two sides of one column mean for how either is written. */
export interface Sides {
  /** They differ and would read the same: each invisible character is marked. */
  readonly strict: boolean;
  /** They differ by their type alone, `1` and `"1"`: texts stand in quotes. */
  readonly quoted: boolean;
  /** Where they begin to differ, in UTF-16 units of the written values. */
  readonly differ: number;
}

/** A value as a text that keeps all of it: texts as they are, everything else as JSON. */
export function hideNothing(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

const SAME: Sides = { strict: false, quoted: false, differ: 0 };

const plain = (text: string) =>
  visibleParts(text, { strict: true, lines: "marked" })
    .map((part) => "text" in part ? part.text.replaceAll("\n", "") : "").join("").normalize("NFKC");

/** Compares the two sides of a column of one row. */
export function sidesOf(before: unknown, after: unknown, both: boolean): Sides {
  if (!both || before === after) return SAME;
  const [old, now] = [hideNothing(before), hideNothing(after)];
  if (old === now) return { strict: false, quoted: typeof before !== typeof after, differ: 0 };
  let differ = 0;
  while (old[differ] === now[differ]) differ++;
  return { strict: plain(old) === plain(now), quoted: false, differ };
}
