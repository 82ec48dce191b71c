import assert from "node:assert/strict";
import fc from "fast-check";
import { ColumnSketch } from "../infer/mod.ts";
import { readCsv } from "./csv_reader.ts";
import { CleanScan } from "./csv_scan.ts";

const DIALECT = { delimiter: ",", quote: '"', newlines: ["\r\n", "\n"] };

/** Notes the texts that it is given. */
class Noting extends ColumnSketch {
  readonly texts: string[] = [];
  override addText(text: string): void {
    this.texts.push(text);
    super.addText(text);
  }
  override get isText(): boolean {
    return false;
  }
}

function scan(text: string, width: number, cuts: number) {
  const sketches = Array.from({ length: width }, () => new Noting());
  const scan = new CleanScan(DIALECT, sketches, false);
  let clean = true;
  for (let at = 0; clean && at < text.length; at += cuts) {
    clean = scan.write(text.slice(at, at + cuts));
  }
  return { clean: clean && scan.end(), rows: scan.rows, texts: sketches.map((each) => each.texts) };
}

async function parse(text: string) {
  const rows: string[][] = [];
  await readCsv(ReadableStream.from([new TextEncoder().encode(text)]), DIALECT, {
    row: (fields) => void rows.push(fields),
  });
  return rows;
}

const CLEAN: readonly string[] = [
  "a,b\n1,2\n",
  "a,b\n1,2",
  "a,b\r\n1,2\r\n",
  'a,"b,""c""\nd"\n,""\n',
  '"a",b\n"",\n',
];

for (const text of CLEAN) {
  Deno.test(`CleanScan takes ${JSON.stringify(text)}, however it is cut`, async () => {
    const rows = await parse(text);
    for (const cuts of [1, 2, 3, 100]) {
      const seen = scan(text, 2, cuts);
      assert.ok(seen.clean);
      assert.equal(seen.rows, rows.length);
      assert.deepEqual(
        seen.texts,
        [0, 1].map((column) => rows.map((row) => row[column]!).filter((field) => field !== "")),
      );
    }
  });
}

const DOUBTFUL: readonly string[] = [
  "a,b\n1\n",
  "a,b\n1,2,3\n",
  "a,b\n\n1,2\n",
  "a,b\n1,2\n\n",
  'a,b\n1,2"\n',
  'a,b\n1,"2"x\n',
  'a,b\n1, "2"\n',
  'a,b\n1,"2\n',
  "a,b\r1,2\r",
  "a,b\n1,2\r3\n",
  "a,b\n1,\0\n",
];

for (const text of DOUBTFUL) {
  Deno.test(`CleanScan doubts ${JSON.stringify(text)}, however it is cut`, () => {
    for (const cuts of [1, 2, 3, 100]) assert.equal(scan(text, 2, cuts).clean, false);
  });
}

Deno.test("CleanScan sees what csv-parse sees in every text that it takes", async () => {
  const piece = fc.constantFrom("a", "1", ",", ",", '"', '""', "\n", "\n", "\r\n", "\r", " ", "é");
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 7 }),
      async (text, width, cuts) => {
        const seen = scan(text, width, cuts);
        if (!seen.clean) return;
        taken++;
        const rows = await parse(text);
        assert.equal(seen.rows, rows.length);
        for (const row of rows) assert.equal(row.length, width);
        const columns = Array.from(
          { length: width },
          (_, column) => rows.map((row) => row[column]!).filter((field) => field !== ""),
        );
        assert.deepEqual(seen.texts, columns);
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(taken > 200, `only ${taken} texts were taken`);
});

Deno.test("CleanScan gives up on a row without end instead of reading it again and again", () => {
  const scan = new CleanScan(DIALECT, [new ColumnSketch()], false);
  let parts = 0;
  while (scan.write(`"${"x".repeat(65_535)}`)) parts++;
  assert.ok(parts < 20);
});
