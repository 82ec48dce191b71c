import assert from "node:assert/strict";
import { checkPassword, hashPassword, passwordFault } from "./password.ts";

Deno.test("passwordFault() measures bytes, 12 to 72", () => {
  assert.match(passwordFault("a".repeat(11))!, /at least 12/);
  assert.equal(passwordFault("a".repeat(12)), null);
  assert.equal(passwordFault("é".repeat(6)), null);
  assert.equal(passwordFault("a".repeat(72)), null);
  assert.match(passwordFault("a".repeat(73))!, /at most 72/);
  assert.match(passwordFault("🚢".repeat(19))!, /at most 72/);
});

Deno.test("hashPassword() makes bcrypt of cost 12 that checkPassword() knows again", async () => {
  const hash = await hashPassword("correct horse battery");
  assert.match(hash, /^\$2b\$12\$/);
  assert(await checkPassword("correct horse battery", hash));
  assert(!await checkPassword("correct horse batterY", hash));
});

Deno.test("hashPassword() refuses what bcrypt would cut", () => {
  assert.throws(() => hashPassword("a".repeat(73)), { code: "INVALID_ARGUMENTS" });
});

Deno.test("checkPassword() tells apart what comes after a NUL byte or the 72nd byte", async () => {
  assert(!await checkPassword("correct\0horse-B", await hashPassword("correct\0horse-A")));
  const long = "a".repeat(72);
  assert(!await checkPassword(`${long}b`, await hashPassword(long)));
});

Deno.test("checkPassword() never accepts where there is no password", async () => {
  assert(!await checkPassword("", null));
  assert(!await checkPassword("correct horse battery", null));
});
