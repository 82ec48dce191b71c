import assert from "node:assert/strict";
import fc from "fast-check";
import { derivedToken, newToken, tokenKind, tokenPrefix } from "./format.ts";

const KINDS = ["pat", "oat", "ort", "agt", "oac", "ocs"] as const;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const MADE = Array.from({ length: 200 }, (_, index) => newToken(KINDS[index % KINDS.length]!));

const token = fc.constantFrom(...MADE);

Deno.test("tokenKind() knows each token that newToken() makes", () => {
  fc.assert(fc.property(fc.constantFrom(...KINDS), (kind) => {
    const made = newToken(kind);
    assert.match(made, /^bhd_(pat|oat|ort|agt|oac|ocs)_[0-9A-Za-z]{36}$/);
    assert.equal(tokenKind(made), kind);
    assert.equal(tokenPrefix(made), made.slice(0, 12));
  }));
});

Deno.test("tokenKind() refuses a token with any one character changed", () => {
  fc.assert(fc.property(token, fc.nat(), fc.constantFrom(...BASE62), (made, at, character) => {
    const index = at % made.length;
    fc.pre(made[index] !== character);
    assert.equal(tokenKind(made.slice(0, index) + character + made.slice(index + 1)), null);
  }));
});

Deno.test("tokenKind() refuses a token with two neighbours swapped", () => {
  fc.assert(fc.property(token, fc.nat(), (made, at) => {
    const index = at % (made.length - 1);
    const [a, b] = [made[index]!, made[index + 1]!];
    fc.pre(a !== b);
    assert.equal(tokenKind(made.slice(0, index) + b + a + made.slice(index + 2)), null);
  }));
});

Deno.test("tokenKind() refuses what is longer, shorter or something else", () => {
  fc.assert(fc.property(token, fc.string(), (made, other) => {
    assert.equal(tokenKind(other), null);
    assert.equal(tokenKind(made.slice(1)), null);
    assert.equal(tokenKind(made.slice(0, -1)), null);
    fc.pre(other !== "");
    assert.equal(tokenKind(made + other), null);
    assert.equal(tokenKind(other + made), null);
  }));
});

Deno.test("tokenKind() agrees with the checksum that other scanners compute", () => {
  // Made by another implementation: base62 of the CRC-32 of what stands before it, six digits.
  assert.equal(tokenKind("bhd_pat_0000000000000000000000000000004Ugl2j"), "pat");
  assert.equal(tokenKind("bhd_oat_0aZ90aZ90aZ90aZ90aZ90aZ90aZ9xy4QHR3j"), "oat");
});

Deno.test("derivedToken() makes one valid token of the same bytes, another of others", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(fc.property(bytes, bytes, (one, other) => {
    const made = derivedToken("ort", one);
    assert.equal(tokenKind(made), "ort");
    assert.equal(derivedToken("ort", one.slice()), made);
    assert.equal(derivedToken("ort", other) === made, one.toHex() === other.toHex());
  }));
});
