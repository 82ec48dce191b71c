import assert from "node:assert/strict";
import { AppError } from "./errors.ts";
import { isId, isSlug, newId, newSlug, parseId, parseSlug } from "./ids.ts";

Deno.test("newId() makes UUIDv7s that sort by the time they were made", () => {
  const early = newId(1_000_000);
  const late = newId(2_000_000_000_000);
  assert.match(early, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(early < late);
  assert.equal(parseInt(late.replaceAll("-", "").slice(0, 12), 16), 2_000_000_000_000);
  assert.notEqual(newId(5), newId(5));
});

Deno.test("parseId() and parseSlug() take a malformed id for an unknown one", () => {
  for (const text of ["", "x", "../etc", "0".repeat(36), newId().toUpperCase()]) {
    assert.throws(
      () => parseId(text),
      (error) => error instanceof AppError && error.code === "NOT_FOUND",
    );
  }
  for (const text of ["", "a", "-ab", "ab-", "A-b", "a b", "a".repeat(64), "__proto__"]) {
    assert.throws(() => parseSlug(text), AppError, text);
  }
  assert.ok(isId(newId()) && isSlug("movies-1a2b"));
});

Deno.test("newSlug() makes a slug of any name, never the same twice", () => {
  for (
    const name of ["Movies 2026", "Ærøskøbing – ÅÄÖ", "数据", "", "-".repeat(200), "x".repeat(500)]
  ) {
    assert.ok(isSlug(newSlug(name)), name);
  }
  assert.notEqual(newSlug("movies"), newSlug("movies"));
});
