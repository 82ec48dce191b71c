import assert from "node:assert/strict";
import { ColumnSketch } from "./sketch.ts";

function typeOf(...values: string[]): string {
  const sketch = new ColumnSketch();
  for (const value of values) sketch.addText(value);
  const { type, rewriteFrom } = sketch.infer();
  return rewriteFrom === 0 ? type : `${type}, rewritten`;
}

const CASES: readonly (readonly [string, readonly string[]])[] = [
  ["integer", ["0", "-1", "2147483647", "-2147483648"]],
  ["bigint", ["1", "2147483648"]],
  ["bigint", ["-9223372036854775808", "9223372036854775807"]],
  ["numeric", ["9223372036854775808"]],
  ["numeric", [".097", "-.5", "1", "1.10"]],
  ["numeric", ["1e-05", "1.5E7", "0.0e+00", "2"]],
  // What a number would drop is part of what the text says.
  ["text", ["00501"]],
  ["text", ["-0"]],
  ["text", ["-0.0"]],
  ["text", ["+1"]],
  ["text", [" 1"]],
  ["text", ["1 "]],
  ["text", ["1,000"]],
  ["text", ["1_000"]],
  ["text", ["5."]],
  ["text", ["."]],
  ["text", ["-"]],
  ["text", ["0x1f"]],
  ["text", ["NaN"]],
  ["text", ["Infinity"]],
  // A code as spreadsheets mangle it, and a number past what a float holds.
  ["text", ["12E5"]],
  ["text", ["1e400"]],
  ["text", ["1.5e5000"]],
  ["text", ["9".repeat(1001)]],
  ["boolean", ["true", "false"]],
  ["boolean", ["TRUE", "FALSE"]],
  ["text", ["true", "FALSE"]],
  ["text", ["t", "f"]],
  ["text", ["yes", "no"]],
  ["text", ["true", "1"]],
  ["uuid", ["6F9619FF-8B86-D011-B42D-00CF4FC964FF"]],
  ["text", ["{6F9619FF-8B86-D011-B42D-00CF4FC964FF}"]],
  ["date", ["2024-02-29", "0001-01-01", "9999-12-31"]],
  ["date", ["2001/01/31"]],
  ["text", ["2023-02-29"]],
  ["text", ["0000-01-01"]],
  ["text", ["2024-1-5"]],
  ["date, rewritten", ["Jun 12 1998", "12-Jun-1998", "June 12, 1998"]],
  // 03/04 may be either; one day past 12 says which, for the whole column.
  ["text", ["03/04/2020", "05/06/2021"]],
  ["date, rewritten", ["03/04/2020", "13/04/2020"]],
  ["date, rewritten", ["03/04/2020", "04/13/2020"]],
  ["text", ["13/04/2020", "04/13/2020"]],
  ["text", ["03/04/20"]],
  ["timestamp", ["2001/01/01 00:47", "2001-01-01T00:47:10.123456"]],
  ["text", ["2001-01-01 00:00:00.1234567"]],
  ["text", ["2016-12-31 23:59:60"]],
  ["text", ["2016-12-31 24:00"]],
  ["text", ["2020-01-01", "2020-01-01 00:00"]],
  ["timestamptz", ["2020-01-01T00:00:00Z", "2020-01-01 00:00:00+00"]],
  ["timestamptz", ["2020-01-01T00:00+02:00", "2020-01-01T00:00+0200"]],
  ["text", ["2020-01-01T00:00+02:00", "2020-01-01T00:00Z"]],
  ["text", ["2020-01-01T00:00-00:00", "2020-01-01T00:00Z"]],
  ["text", ["2020-01-01T00:00Z", "2020-01-01T00:00"]],
  ["text", ["2020-01-01T00:00+16:00"]],
  ["jsonb", ['{"a": [1, 2.50, null]}', "[]"]],
  ["text", ['{"a":1,"a":2}']],
  ["text", ['{"a":-0}']],
  ["text", ['{"a":"\\u0000"}']],
  ["text", ['{"a":"\\ud800"}']],
  ["text", ['{"a":1,}']],
  ["text", ["[".repeat(100) + "]".repeat(100)]],
  ["text", []],
];

for (const [expected, values] of CASES) {
  Deno.test(`infer() answers ${expected} for ${JSON.stringify(values).slice(0, 80)}`, () =>
    assert.equal(typeOf(...values), expected));
}

Deno.test("infer() leaves strings of JSON strings, whatever they look like", () => {
  const sketch = new ColumnSketch();
  sketch.addJson("5551234", "string");
  assert.equal(sketch.infer().type, "text");
});

Deno.test("infer() reads dates in JSON strings, for which JSON has no type", () => {
  const sketch = new ColumnSketch();
  sketch.addJson("2001/01/01 00:47", "string");
  assert.equal(sketch.infer().type, "timestamp");
});

Deno.test("infer() takes JSON numbers in any of their forms", () => {
  const sketch = new ColumnSketch();
  for (const text of ["1E5", "1e400", "12345678901234567890"]) sketch.addJson(text, "number");
  assert.equal(sketch.infer().type, "numeric");
});

Deno.test("infer() answers text for numbers among strings", () => {
  const sketch = new ColumnSketch();
  sketch.addJson("1776", "number");
  sketch.addJson("Alien", "string");
  assert.equal(sketch.infer().type, "text");
});

Deno.test("fits() lets a wider type of a table keep a narrower column", () => {
  const sketch = new ColumnSketch();
  sketch.addText("12");
  assert.deepEqual(
    (["integer", "bigint", "numeric", "text", "boolean", "date"] as const).filter((type) =>
      sketch.fits(type)
    ),
    ["integer", "bigint", "numeric", "text"],
  );
});
