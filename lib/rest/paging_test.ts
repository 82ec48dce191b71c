import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../errors.ts";
import { isId, newId, type TokenId } from "../ids.ts";
import { fromCursor, pageQuery, toCursor } from "./paging.ts";

Deno.test("fromCursor() finds the id again", () => {
  fc.assert(fc.property(fc.nat(2 ** 48 - 1), (at) => {
    const id = newId<TokenId>(at);
    assert.equal(fromCursor(toCursor(id)), id);
  }));
  assert.equal(fromCursor(undefined), null);
});

Deno.test("fromCursor() answers an id or INVALID_CURSOR, whatever it is given", () => {
  const almost = fc.string({
    unit: fc.constantFrom(..."AZaz09-_+/= "),
    minLength: 20,
    maxLength: 24,
  });
  fc.assert(fc.property(fc.oneof(fc.string(), almost), (text) => {
    try {
      const id = fromCursor(text);
      assert.ok(id !== null && isId(id), text);
    } catch (error) {
      assert.ok(error instanceof AppError && error.code === "INVALID_CURSOR", String(error));
    }
  }));
});

Deno.test("pageQuery takes whole numbers within bounds, and nothing else", () => {
  assert.deepEqual(pageQuery.parse({}), { limit: 50 });
  assert.deepEqual(pageQuery.parse({ limit: "200", cursor: "x" }), { limit: 200, cursor: "x" });
  for (const limit of ["0", "201", "1.5", "1e1", "0x1", " 1", "", "-1", "٣"]) {
    assert.equal(pageQuery.safeParse({ limit }).success, false, limit);
  }
  assert.equal(pageQuery.safeParse({ offset: "1" }).success, false);
});
