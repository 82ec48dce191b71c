import { nameOf, SIGNS } from "./code_points.ts";
import { belongs } from "./context.ts";

/** A piece of a text: as it is, or a mark that stands for characters which cannot be seen. */
export type TextPart =
  | { readonly text: string }
  | {
    /** What is shown: `U+202E`, `U+200B ×12`. */
    readonly mark: string;
    /** The same in words: `U+202E right-to-left override`. */
    readonly name: string;
  };

/** How a text is read. */
export interface VisibleOptions {
  /** Line feeds and tabs are part of it. `marked`: they stand, and are marked besides. */
  readonly lines?: boolean | "marked";
  /** Marks every invisible character, also those that letters and emoji around them call for. */
  readonly strict?: boolean;
}

// Cf alone would miss variation selectors and fillers, DI alone the annotations and the odd spaces. Blank
// though they are neither: U+2800, U+FFFC, U+1D159.
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{DI}\p{NChar}\u2800\ufffc\u{1d159}]|(?! )\p{Zs}/u;

/** Whether a text holds a character that cannot be seen, for whatever reason. */
export function hasUnseen(text: string): boolean {
  return UNSEEN.test(text);
}

// Signs that span the digits after them: format characters by category only (UAX #44).
const SPANNING = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u;

// The three flags that are made of tags (RGI emoji tag sequences): any other run of tags hides a text.
const TAG_FLAGS = ["gbeng", "gbsct", "gbwls"].map((region) =>
  "\u{1f3f4}" +
  Array.from(region, (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join("") +
  "\u{e007f}"
);

const FLAG = new RegExp(TAG_FLAGS.join("|"), "gu");

function markOf(character: string, count: number): TextPart {
  const code = character.codePointAt(0)!;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const times = count > 1 ? ` ×${count}` : "";
  return {
    mark: `${SIGNS[code] ?? number}${times}`,
    name: `${number} ${nameOf(character)}${times}`,
  };
}

/** Whether a character of a text is shown as it is. */
function isSeen(characters: readonly string[], at: number, options: VisibleOptions): boolean {
  const character = characters[at]!;
  if ((character === "\n" || character === "\t") && options.lines) return options.lines === true;
  if (!hasUnseen(character) || SPANNING.test(character)) return true;
  return !options.strict && belongs(characters, at);
}

/** Spaces at the ends of a text, which no eye finds. */
function isEdge(characters: readonly string[], at: number): boolean {
  if (characters[at] !== " ") return false;
  const spaces = (step: number) => {
    let i = at;
    while (characters[i] === " ") i += step;
    return characters[i] === undefined;
  };
  return spaces(1) || spaces(-1);
}

function partsOf(text: string, options: VisibleOptions): TextPart[] {
  const characters = Array.from(text);
  const isPlain = (at: number) =>
    isSeen(characters, at, options) && !(options.lines === "marked" && isEdge(characters, at));
  const parts: TextPart[] = [];
  let plain = "";
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (isPlain(i)) {
      plain += character;
      continue;
    }
    if (plain) parts.push({ text: plain });
    const ends = character === "\n";
    let count = 1;
    // A line's end is a mark of its own, for the next line follows it.
    while (!ends && characters[i + count] === character && !isPlain(i + count)) count++;
    i += count - 1;
    parts.push(markOf(character, count));
    plain = ends && options.lines ? "\n" : "";
  }
  return plain ? [...parts, { text: plain }] : parts;
}

/**
 * A text as somebody who decides by it must see it: characters that cannot be seen stand as marks. Letters
 * of any script stay as they are, and so do joiners and selectors without which an emoji or a word of a
 * joining script would read otherwise.
 */
export function visibleParts(text: string, options: VisibleOptions = {}): TextPart[] {
  if (options.lines !== "marked" && !hasUnseen(text)) return text ? [{ text }] : [];
  if (options.strict) return partsOf(text, options);
  const parts: TextPart[] = [];
  let at = 0;
  for (const flag of text.matchAll(FLAG)) {
    parts.push(...partsOf(text.slice(at, flag.index), options), { text: flag[0] });
    at = flag.index + flag[0].length;
  }
  return [...parts, ...partsOf(text.slice(at), options)];
}

/** As `visibleParts`, as one text: `pay[U+202E]fdp`. For mails, attributes, titles. */
export function visibleText(text: string, options: VisibleOptions = {}): string {
  return visibleParts(text, options).map((part) => "text" in part ? part.text : `[${part.mark}]`)
    .join("");
}
