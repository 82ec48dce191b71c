/** Limits where hosted clients share few addresses: by what is presented first, by network for the rest. */
import assert from "node:assert/strict";
import { sha256Hex } from "../../lib/crypto/mod.ts";
import { newToken } from "../../lib/tokens/mod.ts";
import { App, call, dynamicApp, post, refused, register, tokensOf } from "./app.ts";
import { type Endpoint, type House, type Person, startHouse } from "./house.ts";

let house: House;
let person: Person;
let endpoint: Endpoint;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  person = await house.person();
  endpoint = await house.endpoint(person);
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

const NETWORK = "127.0.0.0/24";

/** Forgets every refusal of this network: what tests count must not meet by chance in one counter. */
Deno.test.beforeEach(() => {
  for (const name of ["oauth.refusals", "tokens.failed"]) {
    const limit = { name, attempts: 60, windowMs: 60_000 };
    for (let shard = 0; shard < 256; shard++) {
      const key = `${NETWORK}\0${shard.toString(16).padStart(2, "0")}`;
      house.services.limiter.clear(limit, key);
    }
  }
});

const HOUR = 3_600_000;

Deno.test("a refresh token that was good once is always told so, and never later (RFC 6749, 5.2)", async () => {
  const app = await dynamicApp(house);
  const { refresh } = await app.connect(person, [endpoint]);
  await app.revoke(refresh);
  for (let count = 0; count < 150; count++) refused(await app.refresh(refresh), "invalid_grant");
});

Deno.test("who repeats what never was is held up alone: neither its network nor its client is", async () => {
  const app = await dynamicApp(house);
  const { refresh } = await app.connect(person, [endpoint]);
  const unknown = newToken("ort");
  for (let count = 0; count < 60; count++) refused(await app.refresh(unknown), "invalid_grant");
  const answer = await app.refresh(unknown);
  refused(answer, "temporarily_unavailable", 429);
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
  // The same client from the same address, whose credential is good; and others that have none yet.
  let { refresh: next } = tokensOf(await app.refresh(refresh));
  for (let count = 0; count < 20; count++) ({ refresh: next } = tokensOf(await app.refresh(next)));
  // Another client's code is refused as such, and not as one too many, unless it happens to share the
  // counter.
  const other = await dynamicApp(house);
  const statuses = new Set<number>();
  for (let code = 0; code < 4; code++) {
    statuses.add((await other.redeem(await app.code(person, [endpoint]))).status);
  }
  assert.ok(statuses.has(400));
});

Deno.test("a wrong secret and an unknown client are held up alone (RFC 6749, 2.3.1)", async () => {
  const app = await dynamicApp(house, {}, "client_secret_basic");
  const { refresh } = await app.connect(person, [endpoint]);
  const wrong = new App(house, app.clientId, app.redirectUri, "wrong", app.method);
  for (let count = 0; count < 60; count++) {
    refused(await wrong.refresh(refresh), "invalid_client", 401);
  }
  refused(await wrong.refresh(refresh), "temporarily_unavailable", 429);
  tokensOf(await app.refresh(refresh));
});

Deno.test("what holds neither client nor credential is limited by network", async () => {
  const statuses = new Map<number, number>();
  for (let count = 0; count < 70; count++) {
    const { status } = await post(house.origin, "/token", { grant_type: "refresh_token" });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assert.deepEqual([...statuses], [[400, 60], [429, 10]]);
});

Deno.test("tokens are issued from one authorization so often a minute, from another all the same", async () => {
  const app = await dynamicApp(house);
  const busy = await app.connect(person, [endpoint]);
  const [row] = await house.admin<{ id: string }[]>`
    SELECT authorization_id AS id FROM oauth_refresh_tokens WHERE used_at IS NULL
    ORDER BY created_at DESC LIMIT 1`;
  const limit = { name: "oauth.issues", attempts: 300, windowMs: 60_000 };
  for (let count = 0; count < 299; count++) house.services.limiter.take(limit, row!.id);
  refused(await app.refresh(busy.refresh), "temporarily_unavailable", 429);
  const other = await app.connect(person, [endpoint]);
  tokensOf(await app.refresh(other.refresh));
});

Deno.test("an access token that was revoked or has expired gets 401 with its challenge, never 429", async () => {
  const app = await dynamicApp(house);
  const { access } = await app.connect(person, [endpoint]);
  const { access: old } = await app.connect(person, [endpoint]);
  await app.revoke(access);
  await house.admin`UPDATE tokens SET expires_at = now() WHERE hash = ${sha256(old)}`;
  const never = newToken("oat");
  for (let count = 0; count < 100; count++) {
    for (const token of [access, old]) {
      const { status, challenge } = await call(endpoint, token);
      assert.equal(status, 401);
      assert.match(
        challenge!,
        /^Bearer error="invalid_token", resource_metadata="[^"]+", scope="mcp mcp:write"$/,
      );
    }
    if (count < 60) assert.equal((await call(endpoint, never)).status, 401);
  }
  assert.equal((await call(endpoint, never)).status, 429);
});

const sha256 = (token: string) => Uint8Array.fromHex(sha256Hex(token));

const registered = async (redirect: string) =>
  await register(house.origin, {
    redirect_uris: [redirect],
    token_endpoint_auth_method: "none",
  });

Deno.test("registrations of one software leave room for another's of the same network", async () => {
  const limit = { name: "oauth.register.software", attempts: 2000, windowMs: HOUR };
  const key = `${NETWORK}\0${sha256Hex("busy.example").slice(0, 2)}`;
  for (let count = 0; count < 1999; count++) house.services.limiter.take(limit, key);
  assert.equal((await registered("https://busy.example/cb")).status, 201);
  const answer = await registered("https://busy.example/other");
  refused(answer, "temporarily_unavailable", 429);
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
  assert.equal((await registered("https://calm.example/cb")).status, 201);
  assert.equal((await registered("cursor://a/b")).status, 201);
});

Deno.test("registrations of a network are limited as a whole, with Retry-After", async () => {
  const limit = { name: "oauth.register.network", attempts: 10_000, windowMs: HOUR };
  try {
    for (let count = 0; count < 20_000; count++) house.services.limiter.take(limit, NETWORK);
    assert.fail("there is no limit");
  } catch {
    refused(await registered("https://new.example/cb"), "temporarily_unavailable", 429);
  }
  house.services.limiter.clear(limit, NETWORK);
});

Deno.test("registrations that nobody agreed to go, beyond the newest; those in use and fresh ones stay", async () => {
  const used = await dynamicApp(house, { client_name: "Used" });
  await used.connect(person, [endpoint]);
  await dynamicApp(house, { client_name: "Fresh" });
  for (const name of ["Old", "Older", "Oldest"]) await dynamicApp(house, { client_name: name });
  const ages = { Used: "9 hours", Old: "2 hours", Older: "3 hours", Oldest: "4 hours" };
  await house.admin`DELETE FROM oauth_clients c WHERE NOT EXISTS (
    SELECT FROM oauth_grants g WHERE g.client = c.id
  ) AND name = 'Test app'`;
  for (const [name, age] of Object.entries(ages)) {
    await house.admin`
      UPDATE oauth_clients SET created_at = now() - ${age}::interval WHERE name = ${name}`;
  }
  const left = async (kept: number) => {
    await house.services.control.lookup`SELECT lookup.delete_unused_oauth_clients(${kept})`;
    const rows = await house.admin<{ name: string }[]>`
      SELECT name FROM oauth_clients WHERE name IN ('Used', 'Fresh', 'Old', 'Older', 'Oldest')
      ORDER BY created_at`;
    return rows.map(({ name }) => name);
  };
  const [others] = await house.admin<{ count: number }[]>`
    SELECT count(*)::int FROM oauth_clients c WHERE kind = 'dynamic' AND created_at > now() - interval '1 hour'
      AND NOT EXISTS (SELECT FROM oauth_grants g WHERE g.client = c.id)`;
  assert.deepEqual(await left(others!.count + 2), ["Used", "Older", "Old", "Fresh"]);
  assert.deepEqual(await left(0), ["Used", "Fresh"]);
});
