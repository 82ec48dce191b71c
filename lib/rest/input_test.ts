import assert from "node:assert/strict";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { fieldsOf, validate } from "./input.ts";

const schema = z.strictObject({
  name: z.string().max(5),
  kinds: z.array(z.enum(["a", "b"])).min(1),
});

function detailOf(value: unknown): string {
  try {
    validate(schema, value);
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === "INVALID_ARGUMENTS");
    return error.detail!;
  }
  assert.fail("it was let through");
}

Deno.test("validate() says which part is wrong, never what was sent there", () => {
  const secret = "bhd_pat_secret";
  const detail = detailOf({ name: secret, kinds: ["a", secret] });
  assert.match(detail, /name: /);
  assert.match(detail, /kinds\.1: /);
  assert.ok(!detail.includes(secret));
  assert.match(detailOf({ name: "x", kinds: [] }), /^kinds: /);
  assert.match(detailOf({ name: "x", kinds: ["a"], more: 1 }), /more/);
});

Deno.test("validate() stays short however much is wrong", () => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field${i}`, i]));
  assert.ok(detailOf(many).length <= 301);
  assert.ok(detailOf({ ["k".repeat(100_000)]: 1 }).length <= 301);
});

Deno.test("validate() takes no prototype for a field", () => {
  for (const text of ['{"__proto__":{"name":"x"}}', '{"constructor":1}', '{"toString":1}']) {
    detailOf(JSON.parse(text));
  }
});

Deno.test("fieldsOf() refuses a parameter that is given twice", () => {
  assert.deepEqual(fieldsOf(new URLSearchParams("a=1&b=")), { a: "1", b: "" });
  for (const query of ["a=1&a=1", "__proto__=1&__proto__=2"]) {
    assert.throws(() => fieldsOf(new URLSearchParams(query)), AppError, query);
  }
});
