import assert from "node:assert/strict";
import { maskedEmail } from "./masked_email.ts";

Deno.test("maskedEmail() shows the ends of a name, and nothing of a short one but its start", () => {
  assert.equal(maskedEmail("lovelace@example.com"), "l•••e@example.com");
  assert.equal(maskedEmail("ada@example.com"), "a•••@example.com");
  assert.equal(maskedEmail("a@example.com"), "a•••@example.com");
});
