/** The default endpoints of MCP 2025-03-26, which some hosts use whatever metadata says. */
import assert from "node:assert/strict";
import { App, call, challengeOf, dynamicApp, encode, post, refused, register } from "./app.ts";
import { csrfOf, hiddenField } from "./browser.ts";
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

const CALLBACK = "https://app.example/callback";

Deno.test("a client that knows the default endpoints alone gets in (MCP 2025-03-26, authorization, fallbacks)", async () => {
  const registration = await fetch(`${house.origin}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ redirect_uris: [CALLBACK], token_endpoint_auth_method: "none" }),
  });
  assert.equal(registration.status, 201);
  const { client_id } = await registration.json() as { client_id: string };
  const app = new App(house, client_id, CALLBACK);
  const page = await person.browser.go(`/authorize?${encode(app.request())}`);
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const sent = await person.browser.post("/authorize", {
    csrf_token: csrfOf(html),
    request: hiddenField(html, "request"),
    decision: "allow",
    endpoints: [endpoint.id],
  });
  const answer = new URL(sent.headers.get("location")!);
  assert.equal(answer.searchParams.get("iss"), house.origin);
  const exchange = {
    grant_type: "authorization_code",
    code: answer.searchParams.get("code")!,
    redirect_uri: CALLBACK,
    code_verifier: app.verifier,
    client_id,
  };
  const { status, body, headers } = await post(house.origin, "/token", exchange);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal((await call(endpoint, String(body["access_token"]))).status, 200);
  // One state behind both names: what was redeemed at one is used up at the other.
  refused(await post(house.origin, "/oauth/token", exchange), "invalid_grant");
  assert.equal((await call(endpoint, String(body["access_token"]))).status, 401);
});

Deno.test("what was begun under one name goes on under the other", async () => {
  const app = await dynamicApp(house);
  const { refresh_token } = (await app.redeem(await app.code(person, [endpoint]))).body;
  const refreshing = { grant_type: "refresh_token", client_id: app.clientId };
  const next = await post(house.origin, "/token", {
    ...refreshing,
    refresh_token: String(refresh_token),
  });
  assert.equal(next.status, 200);
  assert.equal((await app.refresh(String(next.body["refresh_token"]))).status, 200);
  const { body } = await register(house.origin, { redirect_uris: [CALLBACK] });
  const query = new App(house, String(body["client_id"]), CALLBACK).request();
  assert.equal((await person.browser.go(`/authorize?${encode(query)}`)).status, 200);
});

Deno.test("the aliases refuse what the originals refuse, in the same words", async () => {
  const app = await dynamicApp(house);
  const challenge = challengeOf(app.verifier);
  for (
    const fields of [
      { client_id: "unknown" },
      { redirect_uri: "https://attacker.example/" },
      { redirect_uri: [CALLBACK, CALLBACK] },
      { code_challenge: challenge, code_challenge_method: "plain" },
    ]
  ) {
    const query = encode(app.request(fields));
    const [original, alias] = await Promise.all(
      ["/oauth/authorize", "/authorize"].map((path) => person.browser.go(`${path}?${query}`)),
    );
    assert.equal(alias!.status, original!.status);
    assert.equal(alias!.headers.get("location"), original!.headers.get("location"));
    await Promise.all([alias!.body?.cancel(), original!.body?.cancel()]);
  }
  for (const path of ["/token", "/oauth/token"]) {
    refused(await post(house.origin, path, { grant_type: "password" }), "invalid_request");
  }
  const signedOut = await fetch(`${house.origin}/authorize?${encode(app.request())}`, {
    redirect: "manual",
  });
  assert.equal(signedOut.status, 303);
  assert.match(signedOut.headers.get("location")!, /^\/sign-in\?next=%2Fauthorize%3F/);
  await signedOut.body?.cancel();
});

Deno.test("the metadata of the server as a whole, and of an endpoint where it is appended, is served (RFC 9728, 3)", async () => {
  const at = async (path: string) => {
    const answer = await fetch(house.origin + path, { headers: { origin: "https://any.example" } });
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    return await answer.json() as { resource: string; authorization_servers: string[] };
  };
  const well = "/.well-known/oauth-protected-resource";
  const path = new URL(endpoint.url).pathname;
  const inserted = await at(well + path);
  assert.equal(inserted.resource, endpoint.url);
  assert.deepEqual(await at(path + well), inserted);
  const whole = await at(well);
  assert.deepEqual(whole, { ...inserted, resource: house.origin });
  assert.deepEqual(whole.authorization_servers, [house.origin]);
  for (const none of [`/mcp/x/y${well}`, `${path}${well}/x`, `${well}/other`]) {
    const answer = await fetch(house.origin + none);
    assert.equal(answer.status, 404, none);
    await answer.body?.cancel();
  }
});

Deno.test("no other issuer is made up: metadata of the server lies at its root alone (RFC 8414, 3.3)", async () => {
  const path = new URL(endpoint.url).pathname;
  for (const name of ["oauth-authorization-server", "openid-configuration"]) {
    for (const url of [`/.well-known/${name}${path}`, `${path}/.well-known/${name}`]) {
      // A client that got metadata with another issuer here would stop; after a 404 it asks the root.
      const answer = await fetch(house.origin + url);
      assert.equal(answer.status, 404, url);
      await answer.body?.cancel();
    }
  }
});
