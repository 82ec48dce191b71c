import assert from "node:assert/strict";
import { type House, startHouse } from "./house.ts";

let house: House;
Deno.test.beforeAll(async () => void (house = await startHouse()));
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

const PATHS = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

Deno.test("metadata says what is served, and nothing else (RFC 8414, 2)", async () => {
  const answer = await fetch(house.origin + PATHS[0]);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/json");
  const { origin } = house;
  assert.deepEqual(await answer.json(), {
    issuer: origin,
    authorization_endpoint: `${origin}/oauth/authorize`,
    token_endpoint: `${origin}/oauth/token`,
    revocation_endpoint: `${origin}/oauth/revoke`,
    registration_endpoint: `${origin}/oauth/register`,
    scopes_supported: ["mcp", "mcp:write"],
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
    revocation_endpoint_auth_methods_supported: [
      "none",
      "client_secret_basic",
      "client_secret_post",
    ],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  });
});

Deno.test("metadata has the same bytes at the OpenID path (RFC 8414, 5)", async () => {
  const [first, second] = await Promise.all(
    PATHS.map(async (path) => await (await fetch(house.origin + path)).text()),
  );
  assert.equal(first, second);
});

Deno.test("metadata is read by scripts of any page, and only read", async () => {
  for (const path of PATHS) {
    const url = house.origin + path;
    const head = await fetch(url, { method: "HEAD", headers: { origin: "https://any.example" } });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("access-control-allow-origin"), "*");
    assert.equal((await fetch(url, { method: "OPTIONS" })).status, 204);
    const refused = await fetch(url, { method: "POST", body: "x" });
    assert.equal(refused.status, 405);
    assert.equal(refused.headers.get("allow"), "GET, HEAD, OPTIONS");
    await refused.body?.cancel();
  }
});

Deno.test("the machine endpoints answer browsers' scripts of any page, and POST alone", async () => {
  for (const path of ["/oauth/token", "/oauth/revoke", "/oauth/register", "/token", "/register"]) {
    const url = house.origin + path;
    const preflight = await fetch(url, {
      method: "OPTIONS",
      headers: { origin: "https://any.example", "access-control-request-method": "POST" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
    assert.equal(preflight.headers.get("access-control-allow-credentials"), null);
    const read = await fetch(url);
    assert.equal(read.status, 405);
    assert.equal((await read.json()).error, "invalid_request");
  }
});
