// Scripts in which a joiner or its absence changes how a word is written (UAX #31, section 2.3).
const JOINING = new RegExp(
  `[${
    [
      "Arabic Syriac Mandaic Nko Mongolian Phags_Pa Adlam Hanifi_Rohingya",
      "Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala",
      "Khmer Myanmar Tibetan Balinese Javanese Tai_Tham Chakma Grantha Newa",
    ].join(" ").split(" ").map((script) => `\\p{Script=${script}}`).join("")
  }]`,
  "u",
);

const LETTER = /[\p{L}\p{M}]/u;
const PICTURE = /\p{Extended_Pictographic}/u;
const MODIFIER = /\p{Emoji_Modifier}/u;

const joins = (character: string | undefined) =>
  character !== undefined && LETTER.test(character) && JOINING.test(character);

/** The character before a place that is neither a variation selector nor a tone of skin. */
function pictureBefore(characters: readonly string[], at: number): boolean {
  let i = at - 1;
  if (characters[i] === "\ufe0f") i--;
  if (characters[i] !== undefined && MODIFIER.test(characters[i]!)) i--;
  return characters[i] !== undefined && PICTURE.test(characters[i]!);
}

/** Whether what stands around an invisible character calls for it, so that its effect is what is seen. */
export function belongs(characters: readonly string[], at: number): boolean {
  const [before, after] = [characters[at - 1], characters[at + 1]];
  switch (characters[at]) {
    case "\u200c":
      return joins(before) && joins(after);
    case "\u200d":
      return joins(before) ||
        (pictureBefore(characters, at) && after !== undefined && PICTURE.test(after));
    case "\ufe0e":
    case "\ufe0f":
      return before !== undefined &&
        (PICTURE.test(before) || (/[0-9#*]/.test(before) && after === "\u20e3"));
    default:
      return false;
  }
}
