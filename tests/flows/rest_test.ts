import assert from "node:assert/strict";
import type { Slug } from "../../lib/ids.ts";
import { ABILITIES } from "../../lib/principal.ts";
import { authenticate } from "../../lib/tokens/mod.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import {
  type Json,
  presentedFrom,
  type RestAnswer,
  RestClient,
  startRest,
} from "../harness/mod.ts";

const codeOf = (answer: RestAnswer) => answer.body["code"];

Deno.test("/v1 makes, shows, changes, lists and deletes endpoints", async () => {
  await using test = await startRest();
  const client = await test.client();
  const made = await client.call("POST", "/v1/endpoints", { name: "  Møvies & more " });
  assert.equal(made.status, 201);
  const slug = made.body["slug"] as Slug;
  assert.equal(made.headers.get("location"), `http://127.0.0.1:8000/v1/endpoints/${slug}`);
  assert.equal(made.headers.get("cache-control"), "no-store");
  assert.deepEqual({ ...made.body, created_at: "" }, {
    slug,
    name: "Møvies & more",
    status: "ready",
    mcp_url: `http://127.0.0.1:8000/mcp/${slug}`,
    new_tables: "auto",
    manifest_version: 0,
    text_format: "compact",
    public_llms_txt: false,
    writes: "off",
    created_at: "",
  });
  assert.deepEqual(await client.ok(200, "GET", `/v1/endpoints/${slug}`), made.body);
  const changed = await client.ok(200, "PATCH", `/v1/endpoints/${slug}`, {
    text_format: "json",
    public_llms_txt: true,
  });
  assert.deepEqual(changed, { ...made.body, text_format: "json", public_llms_txt: true });
  assert.deepEqual(await client.ok(200, "GET", "/v1/endpoints"), {
    items: [changed],
    next_cursor: null,
  });
  const gone = await client.call("DELETE", `/v1/endpoints/${slug}`);
  assert.equal(gone.status, 204);
  assert.equal((await client.call("GET", `/v1/endpoints/${slug}`)).status, 403);
  assert.deepEqual((await client.ok(200, "GET", "/v1/endpoints"))["items"], []);
});

Deno.test("/v1 mints, lists, rotates and revokes tokens", async () => {
  await using test = await startRest();
  const client = await test.client();
  const { slug } = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const minted = await client.ok(201, "POST", "/v1/tokens", {
    name: "agent",
    abilities: ["rows:read", "api:endpoints:read"],
    endpoints: [slug],
    expires_at: "2099-01-01T00:00:00+01:00",
  });
  assert.match(minted["token"] as string, /^bhd_pat_/);
  assert.deepEqual(minted["endpoints"], [slug]);
  assert.equal(minted["expires_at"], "2098-12-31T23:00:00.000Z");
  const agent = new RestClient(test.origin, minted["token"] as string);
  await agent.ok(200, "GET", `/v1/endpoints/${slug}`);
  const rotated = await client.ok(201, "POST", `/v1/tokens/${minted["id"]}/rotate`);
  assert.equal((await agent.call("GET", `/v1/endpoints/${slug}`)).status, 401);
  const after = new RestClient(test.origin, rotated["token"] as string);
  await after.ok(200, "GET", `/v1/endpoints/${slug}`);
  const listed = await client.ok(200, "GET", "/v1/tokens");
  const ids = (listed["items"] as Json[]).map(({ id }) => id);
  assert.equal(ids.length, 2);
  assert.ok(ids.includes(rotated["id"]) && !ids.includes(minted["id"]));
  assert.ok(!JSON.stringify(listed).includes((rotated["token"] as string).slice(12)));
  assert.equal((await client.call("DELETE", `/v1/tokens/${rotated["id"]}`)).status, 204);
  assert.equal((await after.call("GET", `/v1/endpoints/${slug}`)).status, 401);
  assert.equal((await client.call("DELETE", `/v1/tokens/${rotated["id"]}`)).status, 404);
});

Deno.test("/v1 acts as REST in the audit log", async () => {
  await using test = await startRest();
  const client = await test.client();
  await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const { tokenId } = await authenticate(
    test.services,
    presentedFrom(`Bearer ${client.token}`),
  );
  const rows = await test.services.control.tenant(test.tenant.tenantId, (tx) =>
    tx<Json[]>`
      SELECT actor_kind, token_id, network FROM audit_events WHERE action = 'endpoint.provisioned'`);
  assert.deepEqual([...rows].map((row) => ({ ...row })), [
    { actor_kind: "rest", token_id: tokenId, network: "127.0.0.0/24" },
  ]);
});

Deno.test("/v1 pages lists by cursors", async () => {
  await using test = await startRest();
  const client = await test.client();
  for (const name of ["a", "b", "c"]) await client.ok(201, "POST", "/v1/endpoints", { name });
  for (const [path, expected] of [["/v1/endpoints", 3], ["/v1/tokens", 1]] as const) {
    const seen: unknown[] = [];
    let cursor: unknown = null;
    do {
      const query: string = cursor ? `?limit=2&cursor=${cursor}` : "?limit=2";
      const page: Json = await client.ok(200, "GET", path + query);
      seen.push(...page["items"] as Json[]);
      cursor = page["next_cursor"];
    } while (cursor);
    assert.equal(seen.length, expected);
    assert.equal(new Set(seen.map((item) => JSON.stringify(item))).size, expected);
  }
});

Deno.test("/v1 makes no endpoint for a token that would not cover it", async () => {
  await using test = await startRest();
  const client = await test.client();
  const { slug } = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const minted = await client.ok(201, "POST", "/v1/tokens", {
    name: "narrow",
    scope: "mcp:write",
    abilities: [...ABILITIES],
    endpoints: [slug],
  });
  const narrow = new RestClient(test.origin, minted["token"] as string);
  const refused = await narrow.call("POST", "/v1/endpoints", { name: "more" });
  assert.equal(refused.status, 403);
  assert.equal(codeOf(refused), "ACCESS_DENIED");
  const wider = await narrow.call("POST", "/v1/tokens", {
    name: "wide",
    abilities: ["rows:read"],
    endpoints: "all",
  });
  assert.equal(codeOf(wider), "ACCESS_DENIED");
});

/** A path of a route, with parts that name nothing. */
const somePath = (path: string) =>
  path.replace("{slug}", "no-such-endpoint").replace(
    /\{\w+\}/g,
    "00000000-0000-7000-8000-000000000000",
  );

// Each is asked for twice, and a network may present sixty wrong tokens a minute.
const ROUTES_AT_ONCE = 25;

Deno.test("/v1 asks for a token before anything else, in the same words for every slug", async () => {
  const known = new Set([200, 201, 202, 204]);
  for (let start = 0; start < REST_ROUTES.length; start += ROUTES_AT_ONCE) {
    await using test = await startRest();
    const owner = await test.client();
    const { slug } = await owner.ok(201, "POST", "/v1/endpoints", { name: "data" });
    for (const token of [null, "nonsense"]) {
      const client = new RestClient(test.origin, token);
      for (const route of REST_ROUTES.slice(start, start + ROUTES_AT_ONCE)) {
        const of = (path: string) => client.call(route.method, path);
        const unknown = await of(somePath(route.path));
        assert.equal(unknown.status, 401, `${route.method} ${route.path}`);
        assert.equal(
          unknown.headers.get("www-authenticate"),
          token === null
            ? 'Bearer realm="bulkhead"'
            : 'Bearer realm="bulkhead", error="invalid_token"',
        );
        const existing = await of(somePath(route.path.replace("{slug}", slug as string)));
        assert.deepEqual(anonymous(existing), anonymous(unknown));
        assert.ok(!known.has(existing.status));
      }
    }
  }
});

/** An answer without what differs from request to request. */
function anonymous({ status, headers, body }: RestAnswer) {
  const kept = [...headers].filter(([name]) => !["date", "x-request-id"].includes(name));
  return { status, headers: kept, body: { ...body, request_id: "" } };
}

Deno.test("/v1 asks each route's ability before anything about the endpoint", async () => {
  await using test = await startRest();
  const owner = await test.client();
  const { slug } = await owner.ok(201, "POST", "/v1/endpoints", { name: "data" });
  for (const route of REST_ROUTES) {
    const others = ABILITIES.filter((ability) => !route.abilities.includes(ability));
    const client = await test.client(others);
    const refused = await client.call(
      route.method,
      somePath(route.path.replace("{slug}", slug as string)),
    );
    assert.equal(refused.status, 403, route.operation);
    assert.equal(codeOf(refused), "INSUFFICIENT_SCOPE");
    assert.equal(
      refused.headers.get("www-authenticate"),
      `Bearer realm="bulkhead", error="insufficient_scope", scope="${route.abilities.join(" ")}"`,
    );
    const unknown = await client.call(route.method, somePath(route.path));
    assert.deepEqual(anonymous(unknown), anonymous(refused));
  }
});

Deno.test("/v1 answers methods, preflights and origins", async () => {
  await using test = await startRest();
  const client = await test.client();
  const refused = await client.call("PUT", "/v1/endpoints", {});
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get("allow"), "GET, POST, HEAD, OPTIONS");
  const head = await client.raw("HEAD", "/v1/endpoints");
  assert.equal(head.status, 200);
  assert.equal((await client.call("GET", "/v1/nothing")).status, 404);
  assert.equal((await client.call("GET", "/v1/endpoints/")).status, 404);
  const from = (method: string, origin: string, token: string | null = client.token) =>
    new RestClient(test.origin, token).raw(method, "/v1/endpoints", {
      headers: { origin, "access-control-request-headers": "authorization" },
    });
  const preflight = await from("OPTIONS", "https://allowed.example", null);
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-methods"), "GET, POST, HEAD, OPTIONS");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "authorization");
  for (const token of [client.token, null]) {
    const answer = await from("GET", "https://allowed.example", token);
    assert.equal(
      answer.headers.get("access-control-allow-origin"),
      "https://allowed.example",
    );
    assert.match(answer.headers.get("access-control-expose-headers")!, /WWW-Authenticate/);
  }
  for (const method of ["GET", "OPTIONS"]) {
    const answer = await from(method, "https://evil.example");
    assert.equal(answer.status, 403);
    assert.equal(codeOf(answer), "ORIGIN_NOT_ALLOWED");
    assert.equal(answer.headers.has("access-control-allow-origin"), false);
  }
});
