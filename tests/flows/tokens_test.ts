import assert from "node:assert/strict";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { clientOf } from "../../lib/http/mod.ts";
import type { Slug } from "../../lib/ids.ts";
import { createRest } from "../../lib/rest/mod.ts";
import { mintToken, revokeToken, type TokenRequest } from "../../lib/tokens/mod.ts";
import { mcpRoutes } from "../../routes/mcp.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import {
  type Json,
  RestClient,
  startRest,
  type TestControl,
  testServices,
  type TestTenant,
  testTenant,
} from "../harness/mod.ts";

/** One process with MCP and `/v1`, asked as from any address: its proxy is the loopback. */
async function replica(control?: TestControl) {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await testServices(control ? { control } : {}));
  const services = { ...test.services, trustedProxies: ["127.0.0.1", "::1"] };
  const mcp = mcpRoutes(services);
  stack.defer(() => mcp.close());
  const rest = createRest(services, REST_ROUTES);
  const ask = async (surface: Surface, slug: Slug, token: string, from: string) => {
    const headers = {
      authorization: `Bearer ${token}`,
      "x-forwarded-for": from,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const request = surface === "mcp"
      ? new Request(`http://127.0.0.1/mcp/${slug}`, {
        method: "POST",
        headers: { ...headers, "mcp-protocol-version": "2025-11-25" },
        body: JSON.stringify(message),
      })
      : new Request(`http://127.0.0.1/v1/endpoints/${slug}`, { headers });
    const response = await (mcp.handle(request, "127.0.0.1") ??
      rest(request, clientOf(request, "127.0.0.1", services)));
    const body = await response.json();
    return {
      status: response.status,
      code: surface === "mcp" ? body.error?.data?.code : body.code,
      retryAfter: response.headers.get("retry-after"),
      challenge: response.headers.get("www-authenticate"),
      // Apart from what differs from request to request.
      body: JSON.stringify(body).replace(/[0-9a-f-]{36}/g, ""),
    };
  };
  return {
    services,
    control: test.control,
    ask,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type Surface = "mcp" | "v1";
const SURFACES: readonly Surface[] = ["mcp", "v1"];
const HOME = "192.0.2.7";

const request = (changes: Partial<TokenRequest> = {}): TokenRequest => ({
  name: "agent",
  scope: "mcp",
  abilities: ["rows:read", "api:endpoints:read"],
  endpoints: "all",
  ...changes,
});

async function endpointOf(
  services: Parameters<typeof testTenant>[0],
): Promise<{ tenant: TestTenant; slug: Slug }> {
  const tenant = await testTenant(services);
  const { endpoint } = await createEndpoint(services, tenant.scope, "data");
  return { tenant, slug: endpoint.slug };
}

Deno.test("after a revocation the next call on any replica gets 401 AUTHENTICATION_REQUIRED, over MCP and /v1", async () => {
  await using one = await replica();
  await using other = await replica(one.control);
  const { tenant, slug } = await endpointOf(one.services);
  for (let round = 0; round < 5; round++) {
    const { token, view } = await mintToken(one.services, tenant.scope, request());
    // Both keep it in their cache.
    for (const { ask } of [one, other]) {
      for (const surface of SURFACES) {
        assert.equal((await ask(surface, slug, token, HOME)).status, 200, surface);
      }
    }
    await revokeToken((round % 2 ? one : other).services, tenant.scope, view.id);
    for (const { ask } of [one, other]) {
      for (const surface of SURFACES) {
        const refused = await ask(surface, slug, token, HOME);
        assert.equal(refused.status, 401, surface);
        assert.equal(refused.code, "AUTHENTICATION_REQUIRED", surface);
        assert.match(refused.challenge!, /error="invalid_token"/);
      }
    }
  }
});

Deno.test("a token is taken from its networks alone, by what trusted proxies say, over MCP and /v1", async () => {
  await using site = await replica();
  const { tenant, slug } = await endpointOf(site.services);
  const networks = ["192.0.2.0/24", "2001:db8::/32"];
  const { token } = await mintToken(site.services, tenant.scope, request({ networks }));
  for (const surface of SURFACES) {
    for (const from of [HOME, "2001:db8::7", "::ffff:192.0.2.9", `6.6.6.6, ${HOME}`]) {
      assert.equal((await site.ask(surface, slug, token, from)).status, 200, `${surface} ${from}`);
    }
    // What the client itself puts before what the proxy saw is not believed.
    for (const from of ["198.51.100.7", "2001:db9::7", `${HOME}, 198.51.100.7`, "nonsense"]) {
      const refused = await site.ask(surface, slug, token, from);
      assert.equal(refused.status, 401, `${surface} ${from}`);
      assert.equal(refused.code, "AUTHENTICATION_REQUIRED");
      // As one that never was.
      const never = await site.ask(surface, slug, token.replace(/.{6}$/, "000000"), from);
      assert.deepEqual(never, refused, `${surface} ${from}`);
    }
  }
});

Deno.test("a token that may call three times a minute gets 429 with Retry-After, over MCP and /v1 together", async () => {
  await using site = await replica();
  const { tenant, slug } = await endpointOf(site.services);
  for (const surface of SURFACES) {
    const { token } = await mintToken(site.services, tenant.scope, request({ callsPerMinute: 3 }));
    for (const one of ["mcp", "v1", surface] as const) {
      assert.equal((await site.ask(one, slug, token, HOME)).status, 200);
    }
    const refused = await site.ask(surface, slug, token, HOME);
    assert.equal(refused.status, 429, surface);
    assert.equal(refused.code, "RATE_LIMITED");
    assert(Number(refused.retryAfter) >= 1 && Number(refused.retryAfter) <= 60);
    // Others of the team go on.
    const free = await mintToken(site.services, tenant.scope, request());
    assert.equal((await site.ask(surface, slug, free.token, HOME)).status, 200);
  }
});

Deno.test("/v1 mints tokens with bounds and shows them, and rotates with an overlap", async () => {
  await using test = await startRest();
  const client = await test.client();
  const minted = await client.ok(201, "POST", "/v1/tokens", {
    name: "writer",
    scope: "mcp:write",
    abilities: ["rows:read", "rows:insert", "api:tokens:read"],
    endpoints: "all",
    networks: ["127.0.0.1", "10.1.2.3/8"],
    calls_per_minute: 100,
    review: true,
  });
  const bounds = {
    scope: "mcp:write",
    networks: ["127.0.0.1/32", "10.0.0.0/8"],
    calls_per_minute: 100,
    review: true,
    replaced_by: null,
    unused: false,
    last_used_at: null,
    last_used_network: null,
  };
  const { token: _, ...shown } = minted;
  assert.deepEqual({ ...shown, ...bounds }, shown);
  const old = new RestClient(test.origin, minted["token"] as string);
  await old.ok(200, "GET", "/v1/tokens");
  const path = `/v1/tokens/${minted["id"]}/rotate`;
  const rotated = await client.ok(201, "POST", `${path}?overlap_seconds=3600`);
  assert.deepEqual({ ...rotated, ...bounds }, rotated);
  const fresh = new RestClient(test.origin, rotated["token"] as string);
  await test.services.tokenUse.flush();
  const { items } = await fresh.ok(200, "GET", "/v1/tokens") as { items: Json[] };
  await old.ok(200, "GET", "/v1/tokens");
  const shownOld = items.find(({ id }) => id === minted["id"])!;
  assert.equal(shownOld["replaced_by"], rotated["id"]);
  assert.equal(shownOld["last_used_network"], "127.0.0.0/24");
  const lasts = Date.parse(shownOld["expires_at"] as string) - Date.now();
  assert(lasts > 3_500_000 && lasts <= 3_600_000, String(lasts));
  assert.equal((await client.call("POST", path)).body["code"], "CONFLICT");

  const hostile: [body: Json, code: string][] = [
    [{ networks: [] }, "INVALID_ARGUMENTS"],
    [{ networks: "127.0.0.1" }, "INVALID_ARGUMENTS"],
    [{ networks: ["127.0.0.1'); DROP TABLE tokens; --"] }, "INVALID_ARGUMENTS"],
    [{ networks: ["127.0.0.1/33"] }, "INVALID_ARGUMENTS"],
    [{ networks: ["\u0000"] }, "INVALID_ARGUMENTS"],
    [{ networks: Array(51).fill("127.0.0.1") }, "INVALID_ARGUMENTS"],
    [{ calls_per_minute: 0 }, "INVALID_ARGUMENTS"],
    [{ calls_per_minute: 1.5 }, "INVALID_ARGUMENTS"],
    [{ calls_per_minute: 1e9 }, "INVALID_ARGUMENTS"],
    [{ review: "yes" }, "INVALID_ARGUMENTS"],
    [{ abilities: ["rows:delete"] }, "INVALID_ARGUMENTS"],
  ];
  const token = { name: "t", abilities: ["rows:read"], endpoints: "all" };
  for (const [body, code] of hostile) {
    const answer = await client.call("POST", "/v1/tokens", { ...token, ...body });
    assert.equal(answer.body["code"], code, JSON.stringify(body).slice(0, 80));
  }
  const again = `/v1/tokens/${rotated["id"]}/rotate`;
  for (const overlap of ["-1", "1.5", "2592001", "1e3", "", "now", "99999999", " 1"]) {
    const answer = await client.call("POST", `${again}?overlap_seconds=${overlap}`);
    assert.equal(answer.body["code"], "INVALID_ARGUMENTS", overlap);
  }
  await client.ok(201, "POST", `${again}?overlap_seconds=2592000`);
});
