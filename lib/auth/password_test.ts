import assert from "node:assert/strict";
import { checkPassword, hashPassword, passwordFault } from "./password.ts";

const EMAIL = "ada.lovelace@example.com";
const fault = (password: string) => passwordFault(password, EMAIL);
const varied = (bytes: number) => "saltmarsh heron 4711 ".repeat(4).slice(0, bytes);

Deno.test("passwordFault() measures bytes, 12 to 72", async () => {
  assert.match((await fault(varied(11)))!, /at least 12/);
  assert.equal(await fault(varied(12)), null);
  assert.equal(await fault("éàüöñç"), null);
  assert.equal(await fault(varied(72)), null);
  assert.match((await fault(varied(73)))!, /at most 72/);
  assert.match((await fault("🚢".repeat(19)))!, /at most 72/);
});

Deno.test("passwordFault() refuses what is tried first, and nothing that only looks like it", async () => {
  const common = [
    "1qaz2wsx3edc",
    "Q1W2E3R4T5Y6",
    "password2024!",
    "Sunshine!1234567",
    "passwordpassword",
    "abcabcabcabc",
    "aaaaaaaaaaaaa",
    EMAIL,
    "ada.lovelace1815",
  ];
  for (const password of common) {
    assert.match((await fault(password)) ?? password, /first that are tried/);
  }
  for (const password of ["correct horse battery", "password of my cat", "4711-saltmarsh-0815"]) {
    assert.equal(await fault(password), null, password);
  }
});

Deno.test("hashPassword() makes bcrypt of cost 12 that checkPassword() knows again", async () => {
  const hash = await hashPassword("correct horse battery", EMAIL);
  assert.match(hash, /^\$2b\$12\$/);
  assert(await checkPassword("correct horse battery", hash));
  assert(!await checkPassword("correct horse batterY", hash));
});

Deno.test("hashPassword() refuses what bcrypt would cut", async () => {
  await assert.rejects(hashPassword(varied(73), EMAIL), { code: "PASSWORD_REFUSED" });
});

Deno.test("checkPassword() tells apart what comes after a NUL byte or the 72nd byte", async () => {
  assert(!await checkPassword("correct\0horse-B", await hashPassword("correct\0horse-A", EMAIL)));
  const long = varied(72);
  assert(!await checkPassword(`${long}b`, await hashPassword(long, EMAIL)));
});

Deno.test("checkPassword() never accepts where there is no password", async () => {
  assert(!await checkPassword("", null));
  assert(!await checkPassword("correct horse battery", null));
});
