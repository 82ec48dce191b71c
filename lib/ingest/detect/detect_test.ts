import assert from "node:assert/strict";
import { AppError } from "../../errors.ts";
import { detect, type DetectedDelimited, type KnownOfFile } from "./detect.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function delimited(text: string, fileName = "x.csv", known: KnownOfFile = {}): DetectedDelimited {
  const found = detect(bytes(text), false, fileName, known);
  assert.ok("dialect" in found, `${found.format} is not delimited`);
  return found;
}

const DIALECTS: readonly (readonly [string, string, string])[] = [
  ["a,b\n1,2\n", ",", '"'],
  ["a;b;c\n1,5;2,5;x\n3,5;1;y\n", ";", '"'],
  ["a\tb\n1,5\t2\n2,5\t3\n", "\t", '"'],
  ["a|b\r\n1|2\r\n", "|", '"'],
  ["name\nAnn\nBob\n", ",", '"'],
  ["'a','b'\n'x,1','y'\n", ",", "'"],
  ['note,n\n"one, two",1\n"it\'s, so",2\n', ",", '"'],
  ["title,year\n'Round Midnight,1986\nSpeed,1994\n", ",", '"'],
];

for (const [text, delimiter, quote] of DIALECTS) {
  Deno.test(`detect() finds ${JSON.stringify(delimiter)} and ${quote} in ${JSON.stringify(text)}`, () => {
    const { dialect } = delimited(text);
    assert.deepEqual([dialect.delimiter, dialect.quote], [delimiter, quote]);
  });
}

const HEADERS: readonly (readonly [string, boolean])[] = [
  ["id,name\n1,Ann\n2,Bob\n", true],
  ["1,Ann\n2,Bob\n", false],
  ["country,2019,2020\nDE,1,2\nFR,3,4\n", true],
  ["name,city\nAnn,Bern\nBob,Ulm\n", true],
  ["Ann,Bern\nBob,Ulm\nAnn,Bern\n", false],
  ["id,,\n1,a,b\n2,c,d\n", true],
  ["2020-01-01,5\n2020-01-02,6\n", false],
  ["id,name\n", true],
  ["1,2\n", false],
];

for (const [text, header] of HEADERS) {
  Deno.test(`detect() takes the first row of ${JSON.stringify(text)} as ${header ? "names" : "data"}`, () =>
    assert.equal(delimited(text).header, header));
}

Deno.test("detect() follows the rows where the header has more or fewer fields", () => {
  const wider = delimited("a,b,\n1,2\n3,4\n");
  assert.deepEqual(wider.headers, ["a", "b"]);
  assert.equal(wider.warnings.length, 1);
  assert.deepEqual(delimited("a,b\n1,2,3\n4,5,6\n").headers, ["a", "b", ""]);
});

Deno.test("detect() does what it is told instead of guessing", () => {
  const told = delimited("a,b\n1,2\n", "x.csv", { delimiter: "|", quote: "", header: false });
  assert.deepEqual(told.dialect.delimiter, "|");
  assert.equal(told.dialect.quote, "");
  assert.equal(told.header, false);
  assert.deepEqual(told.headers, [""]);
});

const FORMATS: readonly (readonly [string, string, string])[] = [
  ['[{"a":1}]', "x.json", "json"],
  ['[{"a":1}]', "upload", "json"],
  ["[bracketed],b\n[x],y\n", "x.csv", "csv"],
  ['{"a":[{"b":1}]}', "x.json", "json"],
  ['{"a":1}\n{"a":2}\n', "x.json", "ndjson"],
  ['{\n "a": [1]\n}', "upload", "json"],
  ['{"a":1}', "x.jsonl", "ndjson"],
  ["a\tb\n1\t2\n", "x.txt", "tsv"],
];

for (const [text, name, format] of FORMATS) {
  Deno.test(`detect() takes ${JSON.stringify(text)} in ${name} for ${format}`, () =>
    assert.equal(detect(bytes(text), false, name).format, format));
}

const ENCODINGS: readonly (readonly [string, number[], string])[] = [
  ["ASCII", [0x61, 0x0a, 0x62, 0x0a], "utf-8"],
  ["UTF-8", [0x61, 0x0a, 0xc3, 0xa9, 0x0a], "utf-8"],
  ["a UTF-8 mark", [0xef, 0xbb, 0xbf, 0x61, 0x0a, 0x62], "utf-8"],
  ["a byte 8C", [0x61, 0x0a, 0x8c, 0x0a], "windows-1252"],
  ["a UTF-16 mark, little end first", [0xff, 0xfe, 0x61, 0, 0x0a, 0, 0x62, 0], "utf-16le"],
  ["a UTF-16 mark, big end first", [0xfe, 0xff, 0, 0x61, 0, 0x0a, 0, 0x62], "utf-16be"],
];

for (const [what, head, encoding] of ENCODINGS) {
  Deno.test(`detect() reads ${what} as ${encoding}`, () =>
    assert.equal(detect(new Uint8Array(head), false, "x.csv").encoding, encoding));
}

Deno.test("detect() does not take a character that the head cuts off for another encoding", () => {
  const found = detect(new Uint8Array([0x61, 0x0a, 0xc3]), true, "x.csv");
  assert.equal(found.encoding, "utf-8");
});

Deno.test("detect() refuses what is no table", () => {
  for (const head of ["%PDF-1.7", "PK\x03\x04", "\x1f\x8b\x08", "PAR1"]) {
    const raw = Uint8Array.from(head, (char) => char.charCodeAt(0));
    assert.throws(
      () => detect(raw, false, "x.csv"),
      (error) => error instanceof AppError && error.code === "UNSUPPORTED_FORMAT",
    );
  }
});
