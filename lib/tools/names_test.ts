import assert from "node:assert/strict";
import { hint, nearest, quoted } from "./names.ts";

Deno.test("nearest() finds what a misspelt name most likely means", () => {
  const known = ["country", "county", "customer_id", "name", "genre.name"];
  assert.deepEqual(nearest("contry", known), ["country", "county"]);
  assert.deepEqual(nearest("Customer", known), ["customer_id"]);
  assert.deepEqual(nearest("zzzzzz", known), []);
  assert.deepEqual(nearest("x".repeat(100_000), known), []);
});

Deno.test("quoted() tells a caller's word back in one short line", () => {
  assert.equal(quoted("a`b\nc\0"), "`a b c `");
  assert.equal(quoted("x".repeat(1000)).length, 67);
});

Deno.test("hint() falls back on what there is", () => {
  assert.equal(hint("zzzzzz", ["a", "b"], "columns"), "columns: `a`, `b`");
  assert.equal(hint("x", [], "columns"), "it has no columns");
});
