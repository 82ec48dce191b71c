import assert from "node:assert/strict";
import { App, call, dynamicApp, refused, register, tokensOf } from "./app.ts";
import { csrfOf } from "./browser.ts";
import { type House, type Person, startHouse } from "./house.ts";

let house: House;
let person: Person;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  person = await house.person();
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

const CALLBACK = "https://app.example/callback";

Deno.test("a public client registers, and gets what it said and nothing more (RFC 7591, 3.2.1)", async () => {
  const { status, headers, body } = await register(house.origin, {
    client_name: "App",
    redirect_uris: [CALLBACK, "http://localhost:1234/cb", "cursor://a/b", "com.example.app:/cb"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    scope: "mcp",
    application_type: "native",
    logo_uri: "https://app.example/logo.png",
    contacts: ["a@app.example"],
    jwks: null,
    software_statement: "x",
  });
  assert.equal(status, 201);
  assert.equal(headers.get("cache-control"), "no-store");
  const { client_id, client_id_issued_at, ...rest } = body;
  assert.match(String(client_id), /^bhc_[0-9a-z]{24}$/);
  assert.ok(Math.abs(Number(client_id_issued_at) - Date.now() / 1000) < 60);
  assert.deepEqual(rest, {
    client_name: "App",
    redirect_uris: [CALLBACK, "http://localhost:1234/cb", "cursor://a/b", "com.example.app:/cb"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    scope: "mcp",
    application_type: "native",
  });
});

Deno.test("a client that leaves the method out is confidential (RFC 7591, 2)", async () => {
  const { body } = await register(house.origin, { redirect_uris: [CALLBACK] });
  assert.equal(body["token_endpoint_auth_method"], "client_secret_basic");
  assert.match(String(body["client_secret"]), /^bhd_ocs_[0-9A-Za-z]{36}$/);
  assert.equal(body["client_secret_expires_at"], 0);
  assert.equal(body["client_name"], "app.example");
});

Deno.test("no answer holds null or an empty text, also where the request did", async () => {
  const { status, body } = await register(house.origin, {
    client_name: "",
    client_uri: "",
    logo_uri: null,
    scope: null,
    grant_types: null,
    response_types: null,
    token_endpoint_auth_method: "none",
    application_type: "",
    redirect_uris: [CALLBACK],
  });
  assert.equal(status, 201);
  for (const [name, value] of Object.entries(body)) {
    assert.ok(value !== null && value !== "", `${name} is ${JSON.stringify(value)}`);
  }
});

Deno.test("a registration never widens the scope that it names", async () => {
  for (
    const [asked, answered] of [
      ["mcp", "mcp"],
      ["mcp:write", "mcp:write"],
      ["mcp openid offline_access", "mcp"],
      ["admin", undefined],
      [undefined, undefined],
    ]
  ) {
    const { status, body } = await register(house.origin, {
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: "none",
      ...(asked === undefined ? {} : { scope: asked }),
    });
    assert.equal(status, 201);
    assert.equal(body["scope"], answered, String(asked));
  }
});

const REFUSED: [string, unknown, string][] = [
  ["no object", [], "invalid_client_metadata"],
  ["no redirects", {}, "invalid_redirect_uri"],
  ["an empty list", { redirect_uris: [] }, "invalid_redirect_uri"],
  [
    "too many redirects",
    { redirect_uris: Array.from({ length: 21 }, (_, i) => `${CALLBACK}${i}`) },
    "invalid_redirect_uri",
  ],
  [
    "redirects that are too long together",
    { redirect_uris: Array.from({ length: 5 }, (_, i) => `${CALLBACK}/${i}${"x".repeat(1900)}`) },
    "invalid_redirect_uri",
  ],
  ["redirects that are no texts", { redirect_uris: [1] }, "invalid_redirect_uri"],
  ["http elsewhere", { redirect_uris: ["http://app.example/cb"] }, "invalid_redirect_uri"],
  [
    "http on a private address",
    { redirect_uris: ["http://192.168.1.1/cb"] },
    "invalid_redirect_uri",
  ],
  [
    "http on a host like the loopback",
    { redirect_uris: ["http://localhost.example/cb"] },
    "invalid_redirect_uri",
  ],
  ["a fragment", { redirect_uris: [`${CALLBACK}#x`] }, "invalid_redirect_uri"],
  ["an empty fragment", { redirect_uris: [`${CALLBACK}#`] }, "invalid_redirect_uri"],
  ["a user", { redirect_uris: ["https://a:b@app.example/cb"] }, "invalid_redirect_uri"],
  ["a relative address", { redirect_uris: ["/cb"] }, "invalid_redirect_uri"],
  ["a wildcard", { redirect_uris: ["https://*.app.example/cb"] }, "invalid_redirect_uri"],
  ["javascript", { redirect_uris: ["javascript:alert(1)"] }, "invalid_redirect_uri"],
  ["javascript in capitals", { redirect_uris: ["JavaScript:/alert(1)"] }, "invalid_redirect_uri"],
  ["data", { redirect_uris: ["data:text/html,x"] }, "invalid_redirect_uri"],
  ["file", { redirect_uris: ["file:///etc/passwd"] }, "invalid_redirect_uri"],
  ["blob", { redirect_uris: ["blob:https://app.example/x"] }, "invalid_redirect_uri"],
  ["an acting system scheme", { redirect_uris: ["ms-msdt:/id"] }, "invalid_redirect_uri"],
  ["a line break", { redirect_uris: [`${CALLBACK}\r\nx: y`] }, "invalid_redirect_uri"],
  ["a blank", { redirect_uris: [`${CALLBACK} x`] }, "invalid_redirect_uri"],
  [
    "one bad among good ones",
    { redirect_uris: [CALLBACK, "javascript:alert(1)"] },
    "invalid_redirect_uri",
  ],
  [
    "another grant",
    { redirect_uris: [CALLBACK], grant_types: ["password"] },
    "invalid_client_metadata",
  ],
  [
    "client credentials alone",
    { redirect_uris: [CALLBACK], grant_types: ["client_credentials"] },
    "invalid_client_metadata",
  ],
  [
    "the implicit response",
    { redirect_uris: [CALLBACK], response_types: ["token"] },
    "invalid_client_metadata",
  ],
  ["a signed assertion", {
    redirect_uris: [CALLBACK],
    token_endpoint_auth_method: "private_key_jwt",
  }, "invalid_client_metadata"],
];

for (const [title, metadata, error] of REFUSED) {
  Deno.test(`a registration with ${title} is refused (RFC 7591, 3.2.2)`, async () => {
    refused(await register(house.origin, metadata), error);
  });
}

Deno.test("a registration is JSON of a bounded size and depth", async () => {
  const send = async (body: string, type = "application/json") => {
    const answer = await fetch(`${house.origin}/oauth/register`, {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  refused(await send("{"), "invalid_request");
  refused(await send("{}", "text/plain"), "invalid_request");
  refused(await send("[".repeat(10_000)), "invalid_request");
  refused(await send(JSON.stringify({ x: "x".repeat(70_000) })), "invalid_request");
});

Deno.test("an unused registration expires, one that somebody agreed to stays", async () => {
  const unused = await dynamicApp(house);
  const used = await dynamicApp(house);
  const endpoint = await house.endpoint(person);
  const { access } = await used.connect(person, [endpoint]);
  await house.admin`
    UPDATE oauth_clients SET expires_at = expires_at - interval '7 days' WHERE kind = 'dynamic'`;
  assert.equal((await unused.ask(person)).status, 400);
  assert.equal((await used.ask(person)).status, 200);
  await house.services.control.lookup`SELECT lookup.delete_expired_oauth()`;
  const rows = await house.admin<{ client_id: string }[]>`
    SELECT client_id FROM oauth_clients WHERE client_id IN (${unused.clientId}, ${used.clientId})`;
  assert.deepEqual(rows.map((row) => row.client_id), [used.clientId]);
  assert.equal((await call(endpoint, access)).status, 200);
});

Deno.test("a client is registered by hand, public or confidential, for the tenant's members alone", async () => {
  const endpoint = await house.endpoint(person);
  const stranger = await house.person("Stranger");
  for (const kind of ["confidential", "public"] as const) {
    const made = await person.browser.submit("/apps/clients/new", {
      name: `By hand, ${kind}`,
      redirects: `${CALLBACK} http://localhost:4000/cb`,
      kind,
    });
    assert.equal(made.headers.get("location"), "/apps/clients/registered");
    const html = await person.browser.read("/apps/clients/registered");
    const clientId = /bhc_[0-9a-z]{24}/.exec(html)![0];
    const secret = /bhd_ocs_[0-9A-Za-z]{36}/.exec(html)?.[0] ?? null;
    assert.equal(secret !== null, kind === "confidential");
    // Shown once: the second look leads back to the list.
    assert.equal((await person.browser.go("/apps/clients/registered")).status, 303);
    const [stored] = await house.admin<{ whole: string }[]>`
      SELECT c::text AS whole FROM oauth_clients c WHERE client_id = ${clientId}`;
    assert.ok(!secret || !stored!.whole.includes(secret));

    const method = secret ? "client_secret_basic" : "none";
    const app = new App(house, clientId, CALLBACK, secret, method);
    const { access } = await app.connect(person, [endpoint]);
    assert.equal((await call(endpoint, access)).status, 200);
    if (secret) {
      const posting = new App(house, clientId, CALLBACK, secret, "client_secret_post");
      tokensOf(await posting.redeem(await app.code(person, [endpoint])));
      const without = new App(house, clientId, CALLBACK);
      refused(await without.redeem(await app.code(person, [endpoint])), "invalid_client", 401);
    }
    const foreign = await app.ask(stranger);
    assert.equal(foreign.status, 403);
    assert.equal(foreign.headers.get("location"), null);

    const list = await person.browser.read("/apps");
    assert.ok(list.includes(clientId));
    assert.ok(!(await stranger.browser.read("/apps")).includes(clientId));
    const [row] = await house.admin<{ id: string }[]>`
      SELECT id FROM oauth_clients WHERE client_id = ${clientId}`;
    const csrf_token = csrfOf(await stranger.browser.read("/tokens/new"));
    const path = `/apps/clients/${row!.id}/remove`;
    assert.equal((await stranger.browser.post(path, { csrf_token })).status, 404);
    await person.browser.submit("/apps", {}, path);
    assert.equal((await call(endpoint, access)).status, 401);
    assert.equal((await app.ask(person)).status, 400);
  }
});

Deno.test("a registration by hand with addresses that may not be is asked again", async () => {
  for (const redirects of ["", "http://app.example/cb", "javascript:alert(1)", `${CALLBACK} x`]) {
    const answer = await person.browser.submit("/apps/clients/new", {
      name: "App",
      redirects,
      kind: "public",
    });
    assert.equal(answer.status, 422, redirects);
    assert.match(await answer.text(), /id="field-redirects-error"/);
  }
});
