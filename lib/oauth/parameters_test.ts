import assert from "node:assert/strict";
import { OAuthError } from "./oauth_error.ts";
import { Parameters } from "./parameters.ts";

const of = (text: string) => new Parameters(new URLSearchParams(text));
const invalid = (error: unknown) => error instanceof OAuthError && error.code === "invalid_request";

Deno.test("Parameters.get() takes an empty parameter for none, and no repeated one (RFC 6749, 3.1)", () => {
  assert.equal(of("a=1").get("a"), "1");
  assert.equal(of("a=").get("a"), null);
  assert.equal(of("b=1").get("a"), null);
  for (const text of ["a=1&a=2", "a=1&a=1", "a=&a=1"]) {
    assert.throws(() => of(text).get("a"), invalid);
  }
  assert.equal(of("a=1&b=1&b=2").get("a"), "1");
});

Deno.test("Parameters.need() refuses what is missing, Parameters.all() answers each value", () => {
  assert.throws(() => of("a=").need("a"), invalid);
  assert.equal(of("a=1").need("a"), "1");
  assert.deepEqual(of("a=1&a=&a=2").all("a"), ["1", "2"]);
});
