/** What went wrong in other authorization servers in 2026, each as a test of this one. */
import assert from "node:assert/strict";
import { App, call, dynamicApp, post, refused, register, tokensOf } from "./app.ts";
import { csrfOf } from "./browser.ts";
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

Deno.test("CVE-2026-53512: nobody refreshes without proving to be the client", async () => {
  const app = await dynamicApp(house, {}, "client_secret_basic");
  const { refresh: refresh_token } = await app.connect(person, [endpoint]);
  const body = { grant_type: "refresh_token", refresh_token };
  const { origin } = house;
  refused(await post(origin, "/oauth/token", body), "invalid_request");
  const named = { ...body, client_id: app.clientId };
  refused(await post(origin, "/oauth/token", named), "invalid_client", 401);
  for (const client_secret of ["", "x", "undefined", "null"]) {
    refused(await post(origin, "/oauth/token", { ...named, client_secret }), "invalid_client", 401);
  }
  tokensOf(await app.refresh(refresh_token));
});

Deno.test("CVE-2026-53517: refreshing at once makes no second line of refresh tokens", async () => {
  const app = await dynamicApp(house);
  const { refresh } = await app.connect(person, [endpoint]);
  const answers = await Promise.all(Array.from({ length: 20 }, () => app.refresh(refresh)));
  const successors = new Set(answers.map((answer) => tokensOf(answer).refresh));
  assert.equal(successors.size, 1);
  const [successor] = successors;
  tokensOf(await app.refresh(successor!));
  const [row] = await house.admin`
    SELECT count(*)::int AS unused FROM oauth_refresh_tokens r
    JOIN oauth_authorizations a ON a.id = r.authorization_id
    JOIN oauth_grants g ON g.id = a.grant_id
    WHERE g.app_id = ${app.clientId} AND r.used_at IS NULL`;
  assert.deepEqual(row, { unused: 1 });
});

Deno.test("GHSA-p2fr-6hmx-4528, CVE-2026-67332: an audience is bound to what was agreed to", async () => {
  const beyond = await house.endpoint(person, "Beyond");
  const app = await dynamicApp(house);
  const code = await app.code(person, [endpoint], { resource: endpoint.url });
  refused(await app.redeem(code, { resource: beyond.url }), "invalid_target");
  refused(await app.redeem(code, { resource: [endpoint.url, beyond.url] }), "invalid_target");
  const { access, refresh } = tokensOf(await app.redeem(code));
  refused(await app.refresh(refresh, { resource: beyond.url }), "invalid_target");
  assert.equal((await call(beyond, access)).status, 401);
});

Deno.test("GHSA-xr8f-h2gw-9xh6: nobody makes a client of a tenant without being let", async () => {
  const viewer = await house.person("Viewer");
  await house.setRole(viewer, "viewer");
  const fields = { name: "App", redirects: "https://app.example/cb", kind: "confidential" };
  assert.equal((await viewer.browser.submit("/apps", fields, "/apps/clients/new")).status, 403);
  viewer.browser.signOut();
  const csrf_token = csrfOf(await viewer.browser.read("/sign-in"));
  const answer = await viewer.browser.post("/apps/clients/new", { csrf_token, ...fields });
  assert.equal(answer.headers.get("location"), "/sign-in");
  // Over registration no client of a tenant comes about, whatever is claimed.
  const { body } = await register(house.origin, {
    redirect_uris: ["https://app.example/cb"],
    tenant_id: person.tenant.tenantId,
    kind: "manual",
    client_id: "chosen",
    trusted: true,
  });
  const [row] = await house.admin`
    SELECT kind, tenant_id FROM oauth_clients WHERE client_id = ${String(body["client_id"])}`;
  assert.deepEqual(row, { kind: "dynamic", tenant_id: null });
  const [others] = await house.admin`
    SELECT count(*)::int AS manual FROM oauth_clients WHERE kind = 'manual'`;
  assert.deepEqual(others, { manual: 0 });
});

Deno.test("CVE-2026-101023: an access token posted as refresh token gets nothing", async () => {
  const app = await dynamicApp(house);
  const { access, refresh } = await app.connect(person, [endpoint]);
  refused(await app.refresh(access), "invalid_grant");
  // Nor does one of the right form that was never issued.
  refused(await app.refresh(access.replace("oat", "ort")), "invalid_grant");
  assert.equal((await call(endpoint, refresh)).status, 401);
  tokensOf(await app.refresh(refresh));
});

Deno.test("a registration that names reading does not come to writing by agreement to reading", async () => {
  const app = await dynamicApp(house, { scope: "mcp" });
  const { refresh, scope } = await app.connect(person, [endpoint], { scope: "mcp mcp:write" });
  assert.equal(scope, "mcp");
  refused(await app.refresh(refresh, { scope: "mcp:write" }), "invalid_scope");
  refused(await app.refresh(refresh, { scope: "mcp mcp:write offline_access" }), "invalid_scope");
});

Deno.test("PKCE cannot be downgraded between the two requests (RFC 9700, 2.1.1)", async () => {
  const app = await dynamicApp(house);
  const code = await app.code(person, [endpoint]);
  refused(await app.redeem(code, { code_verifier: undefined }), "invalid_request");
  // The challenge itself, as plain would have it.
  const { searchParams } = new URL(`http://x/?${new URLSearchParams(app.request() as never)}`);
  const challenge = searchParams.get("code_challenge")!;
  refused(await app.redeem(code, { code_verifier: challenge }), "invalid_grant");
  tokensOf(await app.redeem(code));
});

Deno.test("consent given to one app is not another's that names the same redirect", async () => {
  const known = await dynamicApp(house, { client_name: "Known" });
  await known.connect(person, [endpoint], { scope: "mcp:write" }, true);
  const copy = await dynamicApp(house, { client_name: "Known" });
  const page = await (await copy.ask(person, { scope: "mcp:write" })).text();
  assert.doesNotMatch(page, /connected already/);
  assert.match(page, /Nothing is allowed yet/);
  // And no agreement, however old, is taken for a new one: each request is asked about.
  assert.match(await (await known.ask(person)).text(), /value="allow"/);
});

Deno.test("no code, token or secret stands in a log line, an error or the stored rows", async () => {
  const app = await dynamicApp(house, {}, "client_secret_basic");
  const code = await app.code(person, [endpoint]);
  const wrong = new App(house, app.clientId, app.redirectUri, "a-wrong-secret", app.method);
  const errors = [
    await wrong.redeem(code),
    await app.redeem(code, { code_verifier: "x".repeat(50) }),
  ];
  const first = tokensOf(await app.redeem(code));
  const next = tokensOf(await app.refresh(first.refresh));
  errors.push(await app.redeem(code), await app.refresh(next.refresh), await app.revoke("x"));
  const secrets = [
    code,
    first.access,
    first.refresh,
    next.access,
    next.refresh,
    app.secret!,
    "a-wrong-secret",
    app.verifier,
  ];
  const tables = await house.admin<{ name: string }[]>`
    SELECT quote_ident(table_name) AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`;
  const texts = [...house.logLines, ...errors.map(({ body }) => JSON.stringify(body))];
  for (const { name } of tables) {
    const rows = await house.admin.unsafe(`SELECT t::text AS row FROM ${name} t`);
    texts.push(...rows.map((row) => String(row["row"])));
  }
  assert.ok(texts.length > 50);
  for (const secret of secrets) {
    const bytes = new TextEncoder().encode(secret).toHex();
    const found = texts.find((text) => text.includes(secret) || text.includes(bytes));
    assert.equal(found, undefined);
  }
});
