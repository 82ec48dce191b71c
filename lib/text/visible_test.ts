import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanName, displayName } from "./names.ts";
import { domainHint, lookAlikeHint } from "./scripts.ts";
import { hasUnseen, visibleParts, visibleText } from "./visible.ts";

const MARKED: readonly (readonly [string, string])[] = [
  ["\0", "U+0000 null"],
  ["\x1b", "U+001B escape"],
  ["\x7f", "U+007F delete"],
  ["\x85", "U+0085 next line"],
  ["\xa0", "U+00A0 no-break space"],
  ["\xad", "U+00AD soft hyphen"],
  ["\u034f", "U+034F combining grapheme joiner"],
  ["\u061c", "U+061C Arabic letter mark"],
  ["\u1680", "U+1680 space"],
  ["\u180e", "U+180E Mongolian vowel separator"],
  ["\u2003", "U+2003 space"],
  ["\u200b", "U+200B zero-width space"],
  ["\u200d", "U+200D zero-width joiner"],
  ["\u200f", "U+200F right-to-left mark"],
  ["\u2028", "U+2028 line separator"],
  ["\u202e", "U+202E right-to-left override"],
  ["\u2060", "U+2060 word joiner"],
  ["\u2065", "U+2065 invisible character"],
  ["\u2066", "U+2066 left-to-right isolate"],
  ["\u2069", "U+2069 pop directional isolate"],
  ["\u2800", "U+2800 blank Braille pattern"],
  ["\u3000", "U+3000 ideographic space"],
  ["\u3164", "U+3164 Hangul filler"],
  ["\ud800", "U+D800 half of a surrogate pair"],
  ["\udfff", "U+DFFF half of a surrogate pair"],
  ["\ue000", "U+E000 private use"],
  ["\ufe0f", "U+FE0F variation selector 16"],
  ["\ufeff", "U+FEFF zero-width no-break space"],
  ["\ufff9", "U+FFF9 invisible character"],
  ["\uffff", "U+FFFF invisible character"],
  ["\u{1d173}", "U+1D173 invisible character"],
  ["\u{e0001}", "U+E0001 language tag"],
  ["\u{e0041}", "U+E0041 tag “A”"],
  ["\u{e0100}", "U+E0100 variation selector 17"],
];

Deno.test("visibleParts() marks each kind of character that cannot be seen", () => {
  for (const [character, name] of MARKED) {
    const parts = visibleParts(`a${character}b`);
    assert.deepEqual(parts.map((part) => "text" in part ? part.text : part.name), ["a", name, "b"]);
  }
  assert.equal(visibleText("pay\u202efdp.exe"), "pay[U+202E]fdp.exe");
  assert.equal(visibleText("a\u200b\u200b\u200bb"), "a[U+200B ×3]b");
});

Deno.test("visibleParts() leaves what people write as it is", () => {
  for (
    const text of [
      "Shop é, naïve, Größe",
      "שלום עולם",
      "مرحبا بالعالم",
      "می‌خواهم",
      "श्री क्‍ष",
      "👩‍👩‍👧‍👦 👩🏽‍🚀 ❤️ ☎︎ 1️⃣ 🇳🇴",
      "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
      "\u0601\u0661\u0662",
      "漢字とかな",
    ]
  ) assert.deepEqual(visibleParts(text), [{ text }], text);
});

Deno.test("joiners, selectors and tags are marked where nothing calls for them", () => {
  assert.equal(visibleText("ad\u200dmin"), "ad[U+200D]min");
  assert.equal(visibleText("ad\u200cmin"), "ad[U+200C]min");
  assert.equal(visibleText("1\ufe0f"), "1[U+FE0F]");
  assert.equal(visibleText("👩\u200d"), "👩[U+200D]");
  assert.equal(visibleText("🏴\u{e0068}\u{e0069}\u{e007f}"), "🏴[U+E0068][U+E0069][U+E007F]");
  assert.equal(visibleText("❤\ufe0f\ufe0f"), "❤\ufe0f[U+FE0F]");
  assert.equal(visibleText("می\u200cخ", { strict: true }), "می[U+200C]خ");
});

Deno.test("lines stand as they are, or with marks where ends of lines and texts matter", () => {
  assert.equal(visibleText("a\n\tb", { lines: true }), "a\n\tb");
  assert.equal(visibleText("a\n\tb"), "a[↵][⇥]b");
  assert.equal(visibleText(" a  b \n", { lines: "marked" }), "[␠]a  b [↵]\n");
  assert.equal(visibleText(" a  b  ", { lines: "marked" }), "[␠]a  b[␠ ×2]");
  assert.equal(visibleText("   ", { lines: "marked" }), "[␠ ×3]");
});

const wild = fc.string({ unit: "binary", maxLength: 60 });
const half = fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code));
const invisible = fc.constantFrom(...MARKED.map(([character]) => character));
const anyText = fc.array(fc.oneof(wild, half, invisible), { maxLength: 8 }).map((all) =>
  all.join("")
);

Deno.test("nothing invisible is left outside of marks, and no text is lost", () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom(undefined, true, "marked" as const), (text, lines) => {
      const parts = visibleParts(text, { strict: true, ...(lines ? { lines } : {}) });
      const plain = parts.map((part) => "text" in part ? part.text : "").join("");
      const kept = lines ? plain.replaceAll(/[\n\t]/g, "") : plain;
      for (const character of kept) {
        assert.ok(!hasUnseen(character) || /[\u0600-\u08ff\u{110bd}\u{110cd}]/u.test(character));
      }
      for (const character of text) {
        if (!hasUnseen(character) && character !== " ") assert.ok(plain.includes(character));
      }
      assert.ok(visibleText(text).isWellFormed());
    }),
  );
});

Deno.test("cleanName() leaves nothing to mark, and is done at once", () => {
  fc.assert(fc.property(anyText, (text) => {
    const name = cleanName(text);
    assert.equal(visibleText(name), name);
    assert.doesNotMatch(name, /^\s|\s$|\s\s|[\n\t]/);
    assert.equal(cleanName(name), name);
  }));
  assert.equal(displayName.parse("  Sh\0op\u202e\u2028 é 🚢\n"), "Shop é 🚢");
  assert.equal(displayName.parse("میخواهم می‌خواهم"), "میخواهم می‌خواهم");
  assert.equal(displayName.safeParse("\u200b \n").success, false);
  assert.equal(displayName.safeParse("a".repeat(201)).success, false);
});

Deno.test("lookAlikeHint() finds words in letters that are not what they look like", () => {
  assert.match(lookAlikeHint("Pay\u0440al")!, /mixes Latin and Cyrillic/);
  assert.match(lookAlikeHint("Night \u0440\u0430\u0443")!, /Cyrillic letters that look like Latin/);
  for (const name of ["Night Watch", "Ночная стража", "Δελτα", "שלום", "Acme Ночь", "東京 Tower"]) {
    assert.equal(lookAlikeHint(name), null, name);
  }
  assert.match(domainHint("xn--pple-43d.com:8443")!, /“аpple\.com”/);
  assert.equal(domainHint("apple.com"), null);
});
