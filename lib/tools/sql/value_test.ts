import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../errors.ts";
import type { Field } from "./field.ts";
import { valueText } from "./value.ts";

const field = (kind: Field["kind"], cast: string): Field => ({
  label: "c",
  sql: "t.c",
  kind,
  type: cast,
  cast: `pg_catalog.${cast}`,
  nullable: true,
});

const INT = field("integer", "int4");
const BIG = field("bigint", "int8");
const NUMERIC = field("numeric", "numeric");
const DATE = field("date", "date");
const LOCAL = field("timestamp", "timestamp");
const ZONED = field("timestamptz", "timestamptz");

const refused = (of: Field, value: unknown) =>
  assert.throws(
    () => valueText(of, value),
    (error) => error instanceof AppError && error.code === "INVALID_ARGUMENTS",
    String(value),
  );

Deno.test("valueText() keeps every digit of numbers", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
    assert.equal(valueText(BIG, String(n)), String(n));
    assert.equal(valueText(NUMERIC, `${n}.${"0".repeat(30)}1`), `${n}.${"0".repeat(30)}1`);
  }));
  assert.equal(valueText(INT, "+007"), "7");
  assert.equal(valueText(INT, -0), "0");
  assert.equal(valueText(NUMERIC, 1e21), "1e+21");
  for (
    const value of [2 ** 53, 1.5, NaN, Infinity, "1.0", "0x10", "1e3", "", " 1", "--1", true, {}]
  ) {
    refused(BIG, value);
  }
  for (const value of [NaN, Infinity, "1,5", "1e", ".", "٣", "0x1", "1_000", ""]) {
    refused(NUMERIC, value);
  }
});

Deno.test("valueText() takes dates that the calendar has, in ISO 8601", () => {
  fc.assert(fc.property(fc.date({ min: new Date(0), noInvalidDate: true }), (date) => {
    fc.pre(date.getUTCFullYear() < 10_000);
    const text = date.toISOString();
    assert.equal(valueText(ZONED, text), text);
    assert.equal(valueText(DATE, text.slice(0, 10)), text.slice(0, 10));
  }));
  for (const value of ["2024-02-29", "infinity", "-infinity", "0044-03-15 BC", "20240-01-01"]) {
    assert.equal(valueText(DATE, value), value);
  }
  for (
    const value of [
      "2023-02-29",
      "2024-13-01",
      "2024-00-10",
      "2024-1-1",
      "0000-01-01",
      "now",
      "",
      20240101,
    ]
  ) refused(DATE, value);
  for (
    const value of [
      "2024-01-01",
      "2024-01-01T10:00",
      "2024-01-01 10:00:00.123456+02",
      "2024-01-01T00:00:00-03:30",
    ]
  ) {
    assert.equal(valueText(ZONED, value), value);
  }
  for (
    const value of [
      "2024-01-01T",
      "2024-01-01T24",
      "2024-01-01T10:60",
      "2024-01-01T10:00 CET",
      "today",
    ]
  ) {
    refused(ZONED, value);
  }
  // Postgres would drop the offset and compare with another moment.
  assert.equal(valueText(LOCAL, "2024-01-01T10:00:00Z"), "2024-01-01T10:00:00Z");
  refused(LOCAL, "2024-01-01T10:00:00+02");
});
