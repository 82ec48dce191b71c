import assert from "node:assert/strict";
import { OAuthError } from "./oauth_error.ts";
import { parseAudience } from "./resource.ts";

const BASE = new URL("https://mcp.example");

Deno.test("parseAudience() names endpoints, or leaves the choice to the person", () => {
  const named: [string[], unknown][] = [
    [[], "any"],
    [["https://mcp.example/mcp/data-one"], ["data-one"]],
    [["https://MCP.example:443/mcp/data-one/"], ["data-one"]],
    [["https://mcp.example/mcp/a-1", "https://mcp.example/mcp/b-2"], ["a-1", "b-2"]],
    [["https://mcp.example/mcp/a-1", "https://mcp.example/mcp/a-1"], ["a-1"]],
    [["https://mcp.example"], "any"],
    [["https://mcp.example/"], "any"],
    [["https://mcp.example/mcp"], "any"],
    [["https://mcp.example/mcp/a-1", "https://mcp.example/"], "any"],
  ];
  for (const [resources, audience] of named) {
    assert.deepEqual(parseAudience(BASE, resources), audience, resources.join(" "));
  }
});

Deno.test("parseAudience() refuses what is not of this server (RFC 8707, 2)", () => {
  for (
    const resource of [
      "https://other.example/mcp/data-one",
      "http://mcp.example/mcp/data-one",
      "https://mcp.example:8443/mcp/data-one",
      "https://mcp.example/mcp/data-one#",
      "https://mcp.example/mcp/data-one?x",
      "https://u@mcp.example/mcp/data-one",
      "https://mcp.example/v1",
      "https://mcp.example/mcp/data-one/more",
      "https://mcp.example/mcp/..%2f",
      "https://mcp.example/mcp/UPPER",
      "/mcp/data-one",
      "data-one",
    ]
  ) {
    assert.throws(
      () => parseAudience(BASE, [resource]),
      (error) => error instanceof OAuthError && error.code === "invalid_target",
      resource,
    );
  }
});

Deno.test("parseAudience() takes a loopback site's names for one, at its own port alone", () => {
  const base = new URL("http://127.0.0.1:8000");
  for (const host of ["localhost:8000", "[::1]:8000", "127.0.0.1:8000"]) {
    assert.deepEqual(parseAudience(base, [`http://${host}/mcp/a-1`]), ["a-1"]);
  }
  assert.throws(() => parseAudience(base, ["http://localhost:8001/mcp/a-1"]));
  assert.throws(() => parseAudience(BASE, ["https://localhost/mcp/a-1"]));
});
