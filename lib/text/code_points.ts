// The names of the Unicode Character Database where people meet them; the rest by their kind.
const NAMES: Readonly<Record<number, string>> = {
  0x00: "null",
  0x08: "backspace",
  0x09: "tab",
  0x0a: "line feed",
  0x0d: "carriage return",
  0x1b: "escape",
  0x20: "space",
  0x7f: "delete",
  0x85: "next line",
  0xa0: "no-break space",
  0xad: "soft hyphen",
  0x34f: "combining grapheme joiner",
  0x61c: "Arabic letter mark",
  0x115f: "Hangul filler",
  0x1160: "Hangul filler",
  0x180e: "Mongolian vowel separator",
  0x200b: "zero-width space",
  0x200c: "zero-width non-joiner",
  0x200d: "zero-width joiner",
  0x200e: "left-to-right mark",
  0x200f: "right-to-left mark",
  0x2028: "line separator",
  0x2029: "paragraph separator",
  0x202a: "left-to-right embedding",
  0x202b: "right-to-left embedding",
  0x202c: "pop directional formatting",
  0x202d: "left-to-right override",
  0x202e: "right-to-left override",
  0x202f: "narrow no-break space",
  0x2060: "word joiner",
  0x2061: "function application",
  0x2062: "invisible times",
  0x2063: "invisible separator",
  0x2064: "invisible plus",
  0x2066: "left-to-right isolate",
  0x2067: "right-to-left isolate",
  0x2068: "first strong isolate",
  0x2069: "pop directional isolate",
  0x2800: "blank Braille pattern",
  0x3000: "ideographic space",
  0x3164: "Hangul filler",
  0xfeff: "zero-width no-break space",
  0xffa0: "Hangul filler",
  0xfffc: "object replacement character",
  0xe0001: "language tag",
  0xe007f: "cancel tag",
};

/** What an invisible character is called: `zero-width space`. */
export function nameOf(character: string): string {
  const code = character.codePointAt(0)!;
  const known = NAMES[code];
  if (known) return known;
  if (code >= 0xe0020 && code <= 0xe007e) return `tag “${String.fromCharCode(code - 0xe0000)}”`;
  if (code >= 0xfe00 && code <= 0xfe0f) return `variation selector ${code - 0xfe00 + 1}`;
  if (code >= 0xe0100 && code <= 0xe01ef) return `variation selector ${code - 0xe0100 + 17}`;
  if (/\p{Zs}/u.test(character)) return "space";
  if (/\p{Cs}/u.test(character)) return "half of a surrogate pair";
  if (/\p{Co}/u.test(character)) return "private use";
  if (/\p{Cc}/u.test(character)) return "control character";
  return "invisible character";
}

/** Characters of a text that people know by a sign. */
export const SIGNS: Readonly<Record<number, string>> = { 0x09: "⇥", 0x0a: "↵", 0x20: "␠" };
