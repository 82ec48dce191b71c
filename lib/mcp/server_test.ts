import assert from "node:assert/strict";
import { echoTarget, MCP_SLUG, mcpBody, mcpHarness } from "../../tests/harness/mcp.ts";
import { AppError } from "../errors.ts";

Deno.test("answer() asks for a token before all else, and the same for every slug", async () => {
  const refusing = (code: "AUTHENTICATION_REQUIRED" | "ACCESS_DENIED") =>
    mcpHarness(echoTarget(), { enter: () => Promise.reject(new AppError(code)) });
  const { send, post } = refusing("AUTHENTICATION_REQUIRED");
  const metadata =
    `resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp/${MCP_SLUG}"`;
  for (const method of ["GET", "DELETE", "PUT", "POST"]) {
    const response = await send({ method });
    assert.equal(response.status, 401, method);
    assert.equal(
      response.headers.get("www-authenticate"),
      `Bearer ${metadata}, scope="mcp mcp:write"`,
    );
  }
  const wrong = await post("{", { authorization: "Bearer nonsense" });
  assert.equal(wrong.status, 401);
  assert.equal(
    wrong.headers.get("www-authenticate"),
    `Bearer error="invalid_token", ${metadata}, scope="mcp mcp:write"`,
  );
  const denied = await refusing("ACCESS_DENIED").post("{");
  assert.equal(denied.status, 403);
  assert.equal(denied.headers.get("www-authenticate"), null);
});

Deno.test("answer() tells of a missing ability with a challenge", async () => {
  const { modern } = mcpHarness();
  const response = await modern("tools/call", { name: "forbidden" });
  assert.equal(response.status, 403);
  assert.match(response.headers.get("www-authenticate")!, /^Bearer error="insufficient_scope", /);
  const { id, error } = await mcpBody(response);
  assert.equal(id, "a");
  assert.match(error.message, /rows:read/);
});

Deno.test("answer() guards method, origin, content type and size", async () => {
  const { send, post } = mcpHarness();
  for (const method of ["GET", "DELETE", "PUT", "PATCH", "HEAD"]) {
    const response = await send({ method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get("allow"), "POST, OPTIONS");
  }
  assert.equal((await post("{}", { "content-type": "text/plain" })).status, 415);
  assert.equal((await post(`"${"x".repeat(4 * 1024 * 1024)}"`)).status, 413);
  assert.equal((await post("{}", { origin: "https://evil.example" })).status, 403);
  const allowed = await post({ jsonrpc: "2.0", id: 1, method: "ping" }, {
    origin: "https://app.example",
  });
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://app.example");
  assert.match(allowed.headers.get("access-control-expose-headers")!, /WWW-Authenticate/);
  assert.equal(allowed.headers.get("vary"), "Origin");
});

Deno.test("answer() answers OPTIONS before it asks for a token", async () => {
  const { send } = mcpHarness(echoTarget(), {
    enter: () => Promise.reject(new AppError("AUTHENTICATION_REQUIRED")),
  });
  const ask = (origin: string) =>
    send({
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,mcp-protocol-version",
      },
    });
  const allowed = await ask("https://app.example");
  assert.equal(allowed.status, 204);
  assert.match(allowed.headers.get("access-control-allow-headers")!, /authorization/);
  assert.equal((await ask("https://evil.example")).status, 403);
});
