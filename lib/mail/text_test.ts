import assert from "node:assert/strict";
import { mailQuote, mailText } from "./mod.ts";

Deno.test("mailText() parts paragraphs, and says who it is from", () => {
  const base = new URL("https://mcp.example");
  assert.equal(mailText(base, "One.", "Two."), "One.\n\nTwo.\n\nBulkhead, mcp.example\n");
});

Deno.test("mailQuote() keeps a name from breaking out of its line", () => {
  assert.equal(
    mailQuote("  CI\r\n\r\nOpen https://evil.example\u202e "),
    "“CI Open https://evil.example”",
  );
  assert.equal(mailQuote("x".repeat(300)).length, 102);
});
