import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { StartupError } from "../postgres/embedded/mod.ts";
import { sentenceOf, wordsFor } from "./mod.ts";

Deno.test("sentenceOf() keeps words that are there, and finds them for codes and causes", () => {
  assert.equal(sentenceOf(new StartupError("Stop it.")), "Stop it.");
  assert.equal(sentenceOf(new AppError("CONFLICT", "There is one.")), "There is one.");
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  assert.match(sentenceOf(refused), /^Nothing answers at the address of DATABASE_URL/);
  assert.match(sentenceOf(new AggregateError([refused])), /^Nothing answers/);
  assert.match(sentenceOf(new Error("x", { cause: { code: 1 } })), /^The server could not go on/);
  const password = Object.assign(new Error("auth"), { code: "28P01" });
  assert.match(sentenceOf(new Error("x", { cause: password })), /refuses the user's password/);
});

Deno.test("sentenceOf() names the file that is missing or closed, and no code", async () => {
  const missing = await Deno.readTextFile("/nowhere/a").catch((error) => error);
  assert.equal(sentenceOf(missing), "There is no file or folder /nowhere/a.");
});

Deno.test("wordsFor() has none for what nobody foresaw", () => {
  for (const odd of [new TypeError("x is not a function"), new Error("boom"), "boom", undefined]) {
    assert.equal(wordsFor(odd), null);
    assert.doesNotMatch(sentenceOf(odd), /boom|function/);
  }
});
