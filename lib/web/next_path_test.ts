import assert from "node:assert/strict";
import { nextPath } from "./next_path.ts";

Deno.test("nextPath() keeps paths of this site", () => {
  assert.equal(nextPath("/tokens", "/endpoints"), "/tokens");
  assert.equal(nextPath("/endpoints/a-b?x=1", "/endpoints"), "/endpoints/a-b?x=1");
});

Deno.test("nextPath() falls back for whatever leads elsewhere", () => {
  const elsewhere = [
    null,
    "",
    "tokens",
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/\n//evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "///evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/%2e%2e//evil.example",
    "/a/../..//evil.example/x",
    "/x\\..\\..\\\\evil.example",
  ];
  for (const asked of elsewhere) {
    assert.equal(nextPath(asked, "/endpoints"), "/endpoints", `${asked}`);
  }
});
