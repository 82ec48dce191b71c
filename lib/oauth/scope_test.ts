import assert from "node:assert/strict";
import { OAuthError } from "./oauth_error.ts";
import { abilitiesOf, exceeds, parseScope, scopeText } from "./scope.ts";

Deno.test("parseScope() reads reading by default, and writing only where it is named", () => {
  for (const text of [null, "mcp", "mcp mcp", "openid mcp offline_access"]) {
    assert.equal(parseScope(text), "mcp", String(text));
  }
  for (const text of ["mcp:write", "mcp mcp:write", "profile mcp:write"]) {
    assert.equal(parseScope(text), "mcp:write", text);
  }
  const none = [
    "openid",
    "MCP",
    "mcp:admin",
    "mcp:write:all",
    "mcp  mcp:write",
    " mcp",
    'mcp"',
    "mcp\n",
  ];
  for (const text of none) {
    assert.throws(
      () => parseScope(text),
      (error) => error instanceof OAuthError && error.code === "invalid_scope",
      text,
    );
  }
});

Deno.test("scopeText() names what parseScope() reads, and exceeds() orders it", () => {
  for (const scope of ["mcp", "mcp:write"] as const) {
    assert.equal(parseScope(scopeText(scope)), scope);
    assert.equal(exceeds(scope, "mcp:write"), false);
    assert.equal(exceeds(scope, "mcp"), scope === "mcp:write");
  }
});

Deno.test("abilitiesOf() gives what the scope is named for, and nothing of /v1", () => {
  assert.deepEqual(abilitiesOf("mcp"), ["rows:read"]);
  assert.deepEqual(abilitiesOf("mcp:write"), [
    "rows:read",
    "rows:insert",
    "rows:update",
    "rows:delete",
  ]);
  for (const scope of ["mcp", "mcp:write"] as const) {
    assert.deepEqual(abilitiesOf(scope).filter((ability) => ability.startsWith("api:")), []);
  }
});
