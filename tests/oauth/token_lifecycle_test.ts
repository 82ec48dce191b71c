import assert from "node:assert/strict";
import { App, call, dynamicApp, refused, tokensOf } from "./app.ts";
import { type Endpoint, type House, type Person, startHouse } from "./house.ts";

let house: House;
let person: Person;
let endpoint: Endpoint;
let second: Endpoint;
let app: App;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  person = await house.person();
  endpoint = await house.endpoint(person);
  second = await house.endpoint(person, "Second");
  app = await dynamicApp(house);
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

/** Lets the grace of every refresh token that was used pass by. */
const passGrace = () =>
  house.admin`
    UPDATE oauth_refresh_tokens SET used_at = used_at - interval '31 seconds'
    WHERE used_at IS NOT NULL`;

Deno.test("a refresh token rotates at each use (OAuth 2.1, 4.3.1)", async () => {
  let { refresh, access } = await app.connect(person, [endpoint]);
  const seen = new Set([refresh, access]);
  for (let round = 0; round < 4; round++) {
    ({ refresh, access } = tokensOf(await app.refresh(refresh)));
    assert.equal((await call(endpoint, access)).status, 200);
    seen.add(refresh).add(access);
  }
  assert.equal(seen.size, 10);
});

Deno.test("a refresh that is repeated within the grace gets the same successor", async () => {
  const { refresh } = await app.connect(person, [endpoint]);
  const first = tokensOf(await app.refresh(refresh));
  const again = tokensOf(await app.refresh(refresh));
  assert.equal(again.refresh, first.refresh);
  assert.notEqual(again.access, first.access);
  for (const { access } of [first, again]) assert.equal((await call(endpoint, access)).status, 200);
  const next = tokensOf(await app.refresh(first.refresh));
  assert.equal(tokensOf(await app.refresh(again.refresh)).refresh, next.refresh);
});

Deno.test("a replay after the grace revokes the grant (RFC 9700, 4.14.2)", async () => {
  const { refresh, access } = await app.connect(person, [endpoint]);
  const next = tokensOf(await app.refresh(refresh));
  await passGrace();
  refused(await app.refresh(refresh), "invalid_grant");
  for (const token of [access, next.access]) {
    const answer = await call(endpoint, token);
    assert.equal(answer.status, 401);
    assert.match(answer.challenge!, /error="invalid_token"/);
  }
  refused(await app.refresh(next.refresh), "invalid_grant");
});

/** Lets days pass by for every refresh token that has not been used. */
const passDays = (days: number) =>
  house.admin`
    UPDATE oauth_refresh_tokens SET expires_at = expires_at - make_interval(days => ${days})
    WHERE used_at IS NULL`;

Deno.test("a refresh token lives ninety days from its last use, and no day longer unused", async () => {
  let { refresh } = await app.connect(person, [endpoint]);
  // Two thirds of a year: each use begins the ninety days anew.
  for (let use = 0; use < 3; use++) {
    await passDays(89);
    ({ refresh } = tokensOf(await app.refresh(refresh)));
  }
  await passDays(90);
  refused(await app.refresh(refresh), "invalid_grant");
});

Deno.test("a registration lives as long as a connection of it does, however old it is", async () => {
  const own = await dynamicApp(house);
  const { refresh } = await own.connect(person, [endpoint]);
  await house.admin`
    UPDATE oauth_clients SET expires_at = now() - interval '1 year' WHERE client_id = ${own.clientId}`;
  await house.services.control.lookup`SELECT lookup.delete_expired_oauth()`;
  const next = tokensOf(await own.refresh(refresh));
  assert.equal((await own.ask(person)).status, 200);
  assert.equal((await own.revoke(next.refresh)).status, 200);
  // Nothing of it is left: from now on nobody is known by that name.
  assert.equal((await own.ask(person)).status, 400);
});

Deno.test("an access token lives an hour, and its refresh token goes on", async () => {
  const { refresh, access } = await app.connect(person, [endpoint]);
  await house.admin`UPDATE tokens SET expires_at = expires_at - interval '1 hour'`;
  assert.equal((await call(endpoint, access)).status, 401);
  assert.equal((await call(endpoint, tokensOf(await app.refresh(refresh)).access)).status, 200);
});

Deno.test("a refresh token is of its client alone (RFC 6749, 6)", async () => {
  const thief = await dynamicApp(house);
  const { refresh } = await app.connect(person, [endpoint]);
  refused(await thief.refresh(refresh), "invalid_grant");
  refused(await app.refresh(refresh, { client_id: thief.clientId }), "invalid_grant");
  tokensOf(await app.refresh(refresh));
});

Deno.test("a confidential client refreshes with its secret alone (RFC 6749, 6)", async () => {
  const own = await dynamicApp(house, {}, "client_secret_basic");
  const { refresh } = await own.connect(person, [endpoint]);
  const without = new App(house, own.clientId, own.redirectUri);
  refused(await without.refresh(refresh), "invalid_client", 401);
  tokensOf(await own.refresh(refresh));
});

Deno.test("a client without the refresh_token grant gets no refresh token (RFC 7591, 2)", async () => {
  const own = await dynamicApp(house, { grant_types: ["authorization_code"] });
  const { body } = await own.redeem(await own.code(person, [endpoint]));
  assert.equal("refresh_token" in body, false);
  assert.equal((await call(endpoint, String(body["access_token"]))).status, 200);
});

Deno.test("a scope can be narrowed at the token endpoint, never widened (RFC 6749, 6)", async () => {
  // The harness's owner signs in with a session that may write.
  const writing = await app.connect(person, [endpoint], { scope: "mcp mcp:write" }, true);
  assert.equal(writing.scope, "mcp mcp:write");
  const narrowed = tokensOf(await app.refresh(writing.refresh, { scope: "mcp" }));
  assert.equal(narrowed.scope, "mcp");
  // What was agreed to stays agreed to.
  assert.equal(tokensOf(await app.refresh(narrowed.refresh)).scope, "mcp mcp:write");

  const reading = await app.connect(person, [second], { scope: "mcp" });
  refused(await app.refresh(reading.refresh, { scope: "mcp mcp:write" }), "invalid_scope");
  refused(await app.refresh(reading.refresh, { scope: "admin" }), "invalid_scope");
  assert.equal(tokensOf(await app.refresh(reading.refresh)).scope, "mcp");
});

Deno.test("the audience is what was agreed to, and less where the client names less (RFC 8707, 2.2)", async () => {
  const both = await app.connect(person, [endpoint, second]);
  for (const one of [endpoint, second]) assert.equal((await call(one, both.access)).status, 200);
  const less = tokensOf(await app.refresh(both.refresh, { resource: second.url }));
  assert.equal((await call(second, less.access)).status, 200);
  assert.equal((await call(endpoint, less.access)).status, 401);
  const whole = tokensOf(await app.refresh(less.refresh, { resource: house.origin }));
  assert.equal((await call(endpoint, whole.access)).status, 200);
  const two = tokensOf(
    await app.refresh(whole.refresh, { resource: [endpoint.url, second.url + "/"] }),
  );
  for (const one of [endpoint, second]) assert.equal((await call(one, two.access)).status, 200);
});

Deno.test("a token reaches no endpoint beyond its audience, whoever owns it (MCP, token audience)", async () => {
  const third = await house.endpoint(person, "Third");
  const stranger = await house.person("Stranger");
  const foreign = await house.endpoint(stranger);
  const { access, refresh } = await app.connect(person, [endpoint], { resource: endpoint.url });
  for (const other of [second, third, foreign]) {
    const { status, challenge } = await call(other, access);
    assert.equal(status, 401);
    assert.match(challenge!, /^Bearer error="invalid_token", resource_metadata="[^"]*"/);
    refused(await app.refresh(refresh, { resource: other.url }), "invalid_target");
  }
  tokensOf(await app.refresh(refresh));
});

Deno.test("an access token is for MCP endpoints, never for /v1 (MCP, token audience)", async () => {
  const { access } = await app.connect(person, [endpoint], { scope: "mcp:write" }, true);
  for (const path of ["/v1/endpoints", `/v1/endpoints/${endpoint.slug}/tables`]) {
    const answer = await fetch(house.origin + path, {
      headers: { authorization: `Bearer ${access}` },
    });
    assert.equal(answer.status, 401);
    await answer.body?.cancel();
  }
});

Deno.test("a refresh token is no bearer token, and an access token no refresh token", async () => {
  const { refresh, access } = await app.connect(person, [endpoint]);
  const answer = await call(endpoint, refresh);
  assert.equal(answer.status, 401);
  refused(await app.refresh(access), "invalid_grant");
  const code = await app.code(person, [endpoint]);
  assert.equal((await call(endpoint, code)).status, 401);
  refused(await app.refresh(code), "invalid_grant");
  refused(await app.redeem(refresh), "invalid_grant");
  assert.equal((await call(endpoint, access)).status, 200);
});

Deno.test("a revoked access token is refused at once, its refresh token goes on (RFC 7009, 2.1)", async () => {
  const { refresh, access } = await app.connect(person, [endpoint]);
  assert.equal((await call(endpoint, access)).status, 200);
  const answer = await app.revoke(access, { token_type_hint: "access_token" });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.equal((await call(endpoint, access)).status, 401);
  assert.equal((await call(endpoint, tokensOf(await app.refresh(refresh)).access)).status, 200);
});

Deno.test("a revoked refresh token takes all with it that came of it (RFC 7009, 2.1)", async () => {
  const other = await app.connect(person, [endpoint]);
  const { refresh, access } = await app.connect(person, [endpoint]);
  const next = tokensOf(await app.refresh(refresh));
  // The hint may be wrong: section 2.1.
  assert.equal((await app.revoke(next.refresh, { token_type_hint: "access_token" })).status, 200);
  for (const token of [access, next.access]) {
    assert.equal((await call(endpoint, token)).status, 401);
  }
  refused(await app.refresh(next.refresh), "invalid_grant");
  assert.equal((await call(endpoint, other.access)).status, 200);
});

Deno.test("what is unknown is revoked without a word, and nothing of another client's (RFC 7009, 2.2)", async () => {
  const { refresh, access } = await app.connect(person, [endpoint]);
  const thief = await dynamicApp(house);
  for (const token of ["x", "bhd_oat_" + "0".repeat(36), access, refresh]) {
    const { status, body } = await thief.revoke(token);
    assert.deepEqual([status, body], [200, {}]);
  }
  assert.equal((await call(endpoint, access)).status, 200);
  tokensOf(await app.refresh(refresh));
  refused(await app.revoke(""), "invalid_request");
  const confidential = await dynamicApp(house, {}, "client_secret_basic");
  const own = await confidential.connect(person, [endpoint]);
  const without = new App(house, confidential.clientId, confidential.redirectUri);
  refused(await without.revoke(own.access), "invalid_client", 401);
  assert.equal((await call(endpoint, own.access)).status, 200);
});

Deno.test("an endpoint that is gone takes its part of every token along", async () => {
  const gone = await house.endpoint(person, "Gone");
  const own = await dynamicApp(house);
  const { refresh } = await own.connect(person, [gone]);
  await house.admin`UPDATE endpoints SET status = 'deleting' WHERE id = ${gone.id}`;
  refused(await own.refresh(refresh), "invalid_grant");
});

Deno.test("who leaves the tenant takes their connections along, and a viewer writes no more", async () => {
  const leaver = await house.person("Leaver");
  const place = await house.endpoint(leaver);
  const { refresh, access } = await app.connect(leaver, [place], { scope: "mcp:write" }, true);
  await house.setRole(leaver, "viewer");
  const less = tokensOf(await app.refresh(refresh));
  assert.equal(less.scope, "mcp");
  await house.setRole(leaver, null);
  refused(await app.refresh(less.refresh), "invalid_grant");
  // The replica's own lease is the one thing that stands between a raw delete and the refusal.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal((await call(place, access)).status, 401);
});
