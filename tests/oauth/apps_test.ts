import assert from "node:assert/strict";
import { call, dynamicApp, refused, tokensOf } from "./app.ts";
import { csrfOf } from "./browser.ts";
import { type House, type Person, type Replica, startHouse } from "./house.ts";

let house: House;
let other: Replica;
let person: Person;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  other = await house.replica();
  person = await house.person();
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

async function grantOf(clientId: string): Promise<string> {
  const [row] = await house.admin<{ id: string }[]>`
    SELECT id FROM oauth_grants WHERE app_id = ${clientId} AND revoked_at IS NULL`;
  return row!.id;
}

/** The row of a page's table that holds a text, without its tags. */
function rowWith(html: string, text: string): string {
  const row = [...html.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) => row).find((row) =>
    row.includes(text)
  );
  assert.ok(row, `no row with ${text}`);
  return row.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

Deno.test("every connection is listed with app, endpoints, scopes, last use and calls", async () => {
  const cargo = await house.endpoint(person, "Cargo");
  const crew = await house.endpoint(person, "Crew");
  const app = await dynamicApp(house, { client_name: "Lister" });
  const { access } = await app.connect(person, [cargo], { scope: "mcp:write" }, true);
  await app.connect(person, [crew]);
  assert.match(rowWith(await person.browser.read("/apps"), "Lister"), /Never 0 /);
  await call(cargo, access);
  const { services } = house;
  const principal = await services.control.lookup<{ id: string }[]>`
    SELECT id FROM lookup.token(sha256(convert_to(${access}, 'UTF8')))`;
  for (let made = 0; made < 3; made++) {
    services.usage.record({
      tenantId: person.tenant.tenantId,
      endpointId: cargo.id,
      tokenId: principal[0]!.id as never,
      at: services.clock.now(),
      tool: "list_rows",
      status: "ok",
      latencyUs: 1,
    });
  }
  await services.usage.flush();
  await services.tokenUse.flush();
  const row = rowWith(await person.browser.read("/apps"), "Lister");
  assert.match(row, /Lister app\.example/);
  assert.ok(row.includes(person.tenant.email));
  assert.match(
    row,
    /Cargo Reads and writes \(each change is reviewed\) What it changed Crew Reads /,
  );
  assert.match(row, /UTC .* UTC 3 /);
});

Deno.test("disconnecting ends access and refresh tokens on every replica at once, and no other app's", async () => {
  const endpoint = await house.endpoint(person);
  const kept = await dynamicApp(house, { client_name: "Kept" });
  const gone = await dynamicApp(house, { client_name: "Gone" });
  const stays = await kept.connect(person, [endpoint]);
  const first = await gone.connect(person, [endpoint]);
  const second = await gone.connect(person, [endpoint]);
  const pending = await gone.code(person, [endpoint]);
  for (const replica of [house, other]) {
    for (const { access } of [stays, first, second]) {
      assert.equal((await call(endpoint, access, replica)).status, 200);
    }
  }
  const path = `/apps/${await grantOf(gone.clientId)}/disconnect`;
  const answer = await person.browser.submit("/apps", {}, path);
  assert.equal(answer.status, 303);
  for (const { access, refresh } of [first, second]) {
    for (const replica of [other, house]) {
      assert.equal((await call(endpoint, access, replica)).status, 401);
      refused(await gone.refresh(refresh, {}, replica), "invalid_grant");
    }
  }
  refused(await gone.redeem(pending), "invalid_grant");
  for (const replica of [other, house]) {
    assert.equal((await call(endpoint, stays.access, replica)).status, 200);
  }
  tokensOf(await kept.refresh(stays.refresh));
  const html = await person.browser.read("/apps");
  assert.match(html, /The app is disconnected/);
  assert.doesNotMatch(html, /Gone/);
  // Connecting again makes a new connection.
  const again = await gone.connect(person, [endpoint]);
  assert.equal((await call(endpoint, again.access)).status, 200);
});

Deno.test("a connection is disconnected by its tenant alone, and a viewer ends only their own", async () => {
  const endpoint = await house.endpoint(person);
  const app = await dynamicApp(house);
  const { access } = await app.connect(person, [endpoint]);
  const path = `/apps/${await grantOf(app.clientId)}/disconnect`;
  const stranger = await house.person("Stranger");
  const strange = await stranger.browser.submit("/apps", {}, path);
  assert.equal(strange.status, 404);
  for (const id of ["x", crypto.randomUUID()]) {
    const answer = await person.browser.submit("/apps", {}, `/apps/${id}/disconnect`);
    assert.equal(answer.status, 404);
  }

  const viewer = await house.person("Viewer");
  await house.admin`
    INSERT INTO members (tenant_id, user_id, role)
    VALUES (${person.tenant.tenantId}, ${viewer.tenant.userId}, 'viewer')`;
  await house.admin`
    UPDATE sessions SET tenant_id = ${person.tenant.tenantId}
    WHERE user_id = ${viewer.tenant.userId}`;
  const refusal = await viewer.browser.submit("/apps", {}, path);
  assert.equal(refusal.status, 404);
  assert.equal((await call(endpoint, access)).status, 200);
  const own = await dynamicApp(house);
  const { access: theirs } = await own.connect(viewer, [endpoint]);
  const ended = await viewer.browser.submit(
    "/apps",
    {},
    `/apps/${await grantOf(own.clientId)}/disconnect`,
  );
  assert.equal(ended.status, 303);
  assert.equal((await call(endpoint, theirs)).status, 401);
});

Deno.test("a form from elsewhere disconnects nothing", async () => {
  const endpoint = await house.endpoint(person);
  const app = await dynamicApp(house);
  const { access } = await app.connect(person, [endpoint]);
  const path = `/apps/${await grantOf(app.clientId)}/disconnect`;
  const csrf_token = csrfOf(await person.browser.read("/apps"));
  const attempts: [Record<string, string>, Record<string, string>][] = [
    [{}, {}],
    [{ csrf_token }, { origin: "https://attacker.example", "sec-fetch-site": "cross-site" }],
  ];
  for (const [fields, headers] of attempts) {
    assert.equal((await person.browser.post(path, fields, headers)).status, 403);
  }
  assert.equal((await call(endpoint, access)).status, 200);
});

Deno.test("nothing of an app is listed that gave its last refresh token back", async () => {
  const endpoint = await house.endpoint(person);
  const app = await dynamicApp(house, { client_name: "Parting" });
  const { refresh } = await app.connect(person, [endpoint]);
  assert.match(await person.browser.read("/apps"), /Parting/);
  await app.revoke(refresh);
  assert.doesNotMatch(await person.browser.read("/apps"), /Parting/);
});

Deno.test("what can be of no use any more is deleted, what lives stays", async () => {
  const endpoint = await house.endpoint(person);
  const dead = await dynamicApp(house);
  const living = await dynamicApp(house);
  const { refresh } = await dead.connect(person, [endpoint]);
  await dead.revoke(refresh);
  const kept = await living.connect(person, [endpoint]);
  const ofDead = house.admin`(SELECT id FROM oauth_grants WHERE app_id = ${dead.clientId})`;
  await house.admin`
    UPDATE oauth_authorizations SET code_expires_at = now() - interval '2 days'
    WHERE grant_id IN ${ofDead}`;
  await house.admin`
    UPDATE oauth_refresh_tokens SET expires_at = now() - interval '1 second'
    WHERE authorization_id IN (SELECT id FROM oauth_authorizations WHERE grant_id IN ${ofDead})`;
  await house.admin`
    UPDATE tokens SET expires_at = now() - interval '8 days'
    WHERE authorization_id IN (SELECT id FROM oauth_authorizations WHERE grant_id IN ${ofDead})`;
  await house.admin`
    UPDATE oauth_grants SET agreed_at = now() - interval '2 days' WHERE id IN ${ofDead}`;
  await house.services.control.lookup`SELECT lookup.delete_expired_oauth()`;
  const [row] = await house.admin`
    SELECT count(*)::int AS grants FROM oauth_grants WHERE app_id = ${dead.clientId}`;
  assert.deepEqual(row, { grants: 0 });
  assert.equal((await call(endpoint, kept.access)).status, 200);
  tokensOf(await living.refresh(kept.refresh));
});
