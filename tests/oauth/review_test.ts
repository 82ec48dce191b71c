/** What an app changes waits for a person, where the person who let it in said so. */
import assert from "node:assert/strict";
import { enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { setWrites } from "../../lib/tools/mod.ts";
import { loadTables } from "../tools/fixture.ts";
import { App, call, dynamicApp, type Fields, type Json, tokensOf } from "./app.ts";
import { csrfOf } from "./browser.ts";
import { type Endpoint, type House, type Person, type Replica, startHouse } from "./house.ts";

let house: House;
let other: Replica;
let person: Person;
let endpoint: Endpoint;
let second: Endpoint;

/** An endpoint whose rows may be changed at once. */
async function writable(name: string, who = person): Promise<Endpoint> {
  const made = await house.endpoint(who, name);
  const scope = await enterEndpoint(house.services, who.tenant.scope, made.slug);
  await loadTables(
    house.services,
    scope,
    "CREATE TABLE cargo (id int PRIMARY KEY, name text); INSERT INTO cargo VALUES (1, 'Rope')",
  );
  await setWrites(house.services, scope, "direct");
  return made;
}

Deno.test.beforeAll(async () => {
  house = await startHouse();
  other = await house.replica();
  person = await house.person("Harbour Ltd");
  endpoint = await writable("Cargo");
  second = await writable("Crew");
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

const WRITING: Fields = { scope: "mcp mcp:write" };

/** Renames the only row with a token; answers what became of it, and 401 where it is refused. */
async function rename(
  access: string,
  name: string,
  place = endpoint,
  at: Replica = house,
): Promise<string | number> {
  const answer = await fetch(place.url.replace(house.origin, at.origin), {
    method: "POST",
    headers: {
      authorization: `Bearer ${access}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "update_row", arguments: { table: "cargo", key: 1, values: { name } } },
    }),
  });
  const body = await answer.json() as { result: { structuredContent: Json } };
  if (answer.status !== 200) return answer.status;
  return String(body.result.structuredContent?.["state"] ?? JSON.stringify(body));
}

/** What the only row says. */
async function nameOf(place = endpoint): Promise<string> {
  const scope = await enterEndpoint(house.services, person.tenant.scope, place.slug);
  const lease = await openEndpoint(house.services, scope, "reader");
  try {
    const [row] = await lease.sql<{ name: string }[]>`SELECT name FROM cargo`;
    return row!.name;
  } finally {
    lease.release();
  }
}

async function grantOf({ clientId }: App): Promise<string> {
  const [row] = await house.admin<{ id: string }[]>`
    SELECT id FROM oauth_grants WHERE app_id = ${clientId} AND revoked_at IS NULL`;
  return row!.id;
}

/** The newest event of a connection. */
async function lastEvent(app: App): Promise<{ action: string; endpoints: unknown }> {
  const [row] = await house.admin<{ action: string; endpoints: unknown }[]>`
    SELECT action, detail -> 'endpoints' AS endpoints FROM audit_events
    WHERE detail ->> 'grant_id' = ${await grantOf(app)} ORDER BY id DESC LIMIT 1`;
  return row!;
}

const reachOf = (place: Endpoint, review: boolean) => [
  { id: place.id, scope: "mcp:write", review },
];

Deno.test("one app's write waits and another's happens, as the person said of each", async () => {
  const careful = await dynamicApp(house);
  const trusted = await dynamicApp(house);
  const held = await careful.connect(person, [endpoint], WRITING, true);
  const free = await trusted.connect(person, [endpoint], WRITING, true, false);
  assert.equal(await rename(free.access, "Chain"), "applied");
  assert.equal(await rename(held.access, "Anchor"), "queued");
  assert.equal(await nameOf(), "Chain");
  assert.deepEqual(await lastEvent(careful), {
    action: "grant.created",
    endpoints: reachOf(endpoint, true),
  });
  assert.deepEqual(await lastEvent(trusted), {
    action: "grant.created",
    endpoints: reachOf(endpoint, false),
  });
  // It waits where people decide, under the app's name.
  const queue = await person.browser.read(`/endpoints/${endpoint.slug}/review`);
  assert.match(queue, /Anchor/);
});

Deno.test("without writing, the box is of no effect", async () => {
  const app = await dynamicApp(house);
  const { access, scope } = await app.connect(person, [endpoint], WRITING, false);
  assert.equal(scope, "mcp");
  assert.equal(await rename(access, "X"), 403);
  const [row] = await house.admin`
    SELECT ge.scope, ge.review FROM oauth_grant_endpoints ge WHERE ge.grant_id = ${await grantOf(
    app,
  )}`;
  assert.deepEqual(row, { scope: "mcp", review: false });
});

Deno.test("every refresh keeps it, on each replica, whatever the app asks for", async () => {
  const app = await dynamicApp(house);
  let { access, refresh } = await app.connect(person, [endpoint, second], WRITING, true);
  const asked: Fields[] = [
    {},
    { scope: "mcp:write" },
    { resource: second.url },
    { review: "no", scope: "mcp mcp:write" },
  ];
  for (const fields of asked) {
    for (const at of [house, other]) {
      ({ access, refresh } = tokensOf(await app.refresh(refresh, fields, at)));
      assert.equal(await rename(access, "Never", second, at), "queued");
    }
  }
  assert.equal(await nameOf(second), "Rope");
});

Deno.test("agreeing again changes it either way, and what was agreed to under review stays so", async () => {
  const app = await dynamicApp(house);
  const first = await app.connect(person, [endpoint], WRITING, true, false);
  assert.equal(await rename(first.access, "One"), "applied");

  // Stricter: the token that wrote at once is gone everywhere, and what it is refreshed to waits.
  const held = await app.connect(person, [endpoint], WRITING, true);
  assert.equal((await lastEvent(app)).action, "grant.narrowed");
  for (const at of [house, other]) {
    assert.equal(await rename(first.access, "Two", endpoint, at), 401);
  }
  const renewed = tokensOf(await app.refresh(first.refresh));
  assert.equal(await rename(renewed.access, "Two"), "queued");
  assert.equal(await rename(held.access, "Two"), "queued");

  // Looser: for what is agreed to now.
  const free = await app.connect(person, [endpoint], WRITING, true, false);
  assert.deepEqual(await lastEvent(app), {
    action: "grant.upgraded",
    endpoints: reachOf(endpoint, false),
  });
  assert.equal(await rename(free.access, "Three"), "applied");
  assert.equal(await rename(held.access, "Four"), "queued");
  const still = tokensOf(await app.refresh(held.refresh));
  assert.equal(await rename(still.access, "Four"), "queued");
  assert.equal(await nameOf(), "Three");
});

Deno.test("another endpoint is left as it is, and a token for both waits on both", async () => {
  const app = await dynamicApp(house);
  const both = await app.connect(person, [endpoint, second], WRITING, true, false);
  await app.connect(person, [second], WRITING, true);
  assert.equal(await rename(both.access, "X"), 401);
  const one = tokensOf(await app.refresh(both.refresh, { resource: endpoint.url }));
  assert.equal(await rename(one.access, "Alone"), "applied");
  const two = tokensOf(await app.refresh(one.refresh));
  assert.equal(await rename(two.access, "X"), "queued");
  assert.equal(await rename(two.access, "X", second), "queued");
  const writing = async () => {
    const reach = await house.admin<{ id: string; review: boolean }[]>`
      SELECT endpoint_id AS id, review FROM oauth_grant_endpoints
      WHERE grant_id = ${await grantOf(app)} AND scope = 'mcp:write'`;
    return new Map(reach.map(({ id, review }) => [id, review]));
  };
  assert.deepEqual(
    await writing(),
    new Map<string, boolean>([[endpoint.id, false], [second.id, true]]),
  );
  // The box is there whatever is asked for, and says that leaving it takes writing away where one chooses.
  await app.connect(person, [endpoint], { scope: "mcp" });
  assert.deepEqual(await writing(), new Map([[second.id, true]]));
});

/** Presses the button of an app's row. */
async function review(app: App, who = person): Promise<Response> {
  return await who.browser.submit("/apps", {}, `/apps/${await grantOf(app)}/review`);
}

Deno.test("one press lets a connection's changes wait, at once on every replica", async () => {
  const app = await dynamicApp(house, { client_name: "Eager" });
  const bystander = await dynamicApp(house, { client_name: "Bystander" });
  const { access, refresh } = await app.connect(person, [endpoint], WRITING, true, false);
  const pending = await app.code(person, [endpoint], WRITING, true, false);
  const theirs = await bystander.connect(person, [endpoint], WRITING, true, false);
  for (const at of [house, other]) {
    assert.equal(await rename(access, "Before", endpoint, at), "applied");
  }
  assert.equal((await review(app)).status, 303);
  for (const at of [other, house]) {
    assert.equal(await rename(access, "After", endpoint, at), 401);
    assert.equal(await rename(theirs.access, "Before", endpoint, at), "applied");
  }
  const renewed = tokensOf(await app.refresh(refresh, {}, other));
  const redeemed = tokensOf(await app.redeem(pending));
  for (const token of [renewed.access, redeemed.access]) {
    for (const at of [house, other]) {
      assert.equal(await rename(token, "After", endpoint, at), "queued");
    }
  }
  assert.equal(await nameOf(), "Before");
  assert.deepEqual(await lastEvent(app), {
    action: "grant.narrowed",
    endpoints: reachOf(endpoint, true),
  });
  const html = await person.browser.read("/apps");
  assert.match(html, /What the app changes waits for approval from now on/);
  const row = [...html.matchAll(/<tr>.*?<\/tr>/gs)].find(([row]) => row.includes("Eager"))![0];
  assert.match(row, /each change is reviewed/);
  assert.doesNotMatch(row, /Hold its changes/);
  // A second press does nothing: not even to the tokens.
  assert.equal((await review(app)).status, 303);
  assert.equal(await rename(renewed.access, "After"), "queued");
  const [{ count }] = await house.admin`
    SELECT count(*)::int AS count FROM audit_events
    WHERE action = 'grant.narrowed' AND detail ->> 'grant_id' = ${await grantOf(
    app,
  )}` as unknown as [{ count: number }];
  assert.equal(count, 1);
});

Deno.test("whatever comes meanwhile, nothing is written at once after the button has answered", async () => {
  const app = await dynamicApp(house);
  let { access, refresh } = await app.connect(person, [endpoint], WRITING, true, false);
  const before = Array.from(
    { length: 25 },
    (_, index) => rename(access, "While", endpoint, index % 2 ? house : other),
  );
  const refreshing = app.refresh(refresh, {}, other);
  assert.equal((await review(app)).status, 303);
  const after = await Promise.all(Array.from(
    { length: 25 },
    (_, index) => rename(access, "Late", endpoint, index % 2 ? house : other),
  ));
  assert.deepEqual(new Set(after), new Set([401]));
  for (const outcome of await Promise.all(before)) {
    assert.ok(outcome === "applied" || outcome === 401, String(outcome));
  }
  // What was refreshed at the same time was revoked, or waits.
  ({ access, refresh } = tokensOf(await refreshing));
  assert.ok([401, "queued"].includes(await rename(access, "Late")));
  assert.notEqual(await nameOf(), "Late");
});

Deno.test("a connection is put under review by its tenant alone, and no viewer does it to others'", async () => {
  const app = await dynamicApp(house);
  const { access } = await app.connect(person, [endpoint], WRITING, true, false);
  const stranger = await house.person("Stranger");
  assert.equal((await review(app, stranger)).status, 404);
  for (const id of ["x", crypto.randomUUID()]) {
    const answer = await person.browser.submit("/apps", {}, `/apps/${id}/review`);
    assert.equal(answer.status, 404);
  }
  const path = `/apps/${await grantOf(app)}/review`;
  const csrf_token = csrfOf(await person.browser.read("/apps"));
  const attempts: [Record<string, string>, Record<string, string>][] = [
    [{}, {}],
    [{ csrf_token }, { origin: "https://attacker.example", "sec-fetch-site": "cross-site" }],
  ];
  for (const [fields, headers] of attempts) {
    assert.equal((await person.browser.post(path, fields, headers)).status, 403);
  }
  const viewer = await house.person("Viewer");
  await house.admin`
    INSERT INTO members (tenant_id, user_id, role)
    VALUES (${person.tenant.tenantId}, ${viewer.tenant.userId}, 'viewer')`;
  await house.admin`
    UPDATE sessions SET tenant_id = ${person.tenant.tenantId}
    WHERE user_id = ${viewer.tenant.userId}`;
  assert.equal((await viewer.browser.submit("/apps", {}, path)).status, 404);
  assert.equal(await rename(access, "Still"), "applied");
});

Deno.test("an app that cannot refresh asks again, and one that is disconnected is not reviewed", async () => {
  const app = await dynamicApp(house, { grant_types: ["authorization_code"] });
  const answer = await app.redeem(await app.code(person, [endpoint], WRITING, true, false));
  const access = String(answer.body["access_token"]);
  await review(app);
  assert.equal((await call(endpoint, access)).status, 401);
  const id = await grantOf(app);
  await person.browser.submit("/apps", {}, `/apps/${id}/disconnect`);
  assert.equal((await person.browser.submit("/apps", {}, `/apps/${id}/review`)).status, 404);
});

Deno.test("the database takes review back from no authorization, and holds none without writing", async () => {
  const app = await dynamicApp(house);
  await app.connect(person, [endpoint], WRITING, true);
  const id = await grantOf(app);
  const { tenantId } = person.tenant;
  const { control } = house.services;
  for (const table of ["oauth_authorizations", "tokens"]) {
    await assert.rejects(
      control.tenant(tenantId, (tx) => tx`UPDATE ${tx(table)} SET review = false`),
      { code: "ACCESS_DENIED" },
      table,
    );
  }
  await assert.rejects(
    house.admin`UPDATE oauth_grant_endpoints SET scope = 'mcp' WHERE grant_id = ${id}`,
    { code: "23514" },
  );
  const tokens = await house.admin<{ review: boolean }[]>`
    SELECT t.review FROM tokens t JOIN oauth_authorizations a ON a.id = t.authorization_id
    WHERE a.grant_id = ${id}`;
  assert.deepEqual(tokens.map(({ review }) => review), [true]);
});
