import assert from "node:assert/strict";
import type { JSONWebKeySet } from "jose";
import {
  type ActivityFilter,
  anchorAudit,
  anchorKeys,
  type AuditEvent,
  listActivity,
  readStatement,
  recordEvent,
  SYSTEM_ACTOR,
  verifyExport,
} from "../../lib/audit/mod.ts";
import { readSession } from "../../lib/auth/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { type GrantId, newId, type TenantId, type TokenId, type UserId } from "../../lib/ids.ts";
import { connect } from "../../lib/postgres/mod.ts";
import {
  RestClient,
  signedUp,
  startRest,
  startSite,
  testCluster,
  testTenant,
  testToken,
} from "../harness/mod.ts";

const items = (body: Record<string, unknown>) => body["items"] as Record<string, unknown>[];

Deno.test("GET /v1/activity pages through what happened, newest first, and filters it", async () => {
  await using rest = await startRest();
  const client = await rest.client();
  const { tenantId, scope, userId } = rest.tenant;
  const { endpoint } = await createEndpoint(rest.services, scope, "Books");
  for (let i = 0; i < 5; i++) {
    await rest.services.control.tenant(tenantId, (tx) =>
      recordEvent(tx, {
        tenantId,
        action: "team.renamed",
        actor: SYSTEM_ACTOR,
        subject: `name ${i}`,
      }));
  }
  const seen: Record<string, unknown>[] = [];
  for (let cursor = "";;) {
    const page = await client.ok(200, "GET", `/v1/activity?limit=2${cursor}`);
    seen.push(...items(page));
    if (page["next_cursor"] === null) break;
    cursor = `&cursor=${page["next_cursor"]}`;
  }
  const places = seen.map(({ seq }) => Number(seq));
  assert.deepEqual(places, places.map((_, index) => places.length - index));
  assert.ok(places.length >= 7);

  const of = async (query: string) => items(await client.ok(200, "GET", `/v1/activity?${query}`));
  assert.equal((await of("action=team.renamed")).length, 5);
  const made = await of(`endpoint_id=${endpoint.id}`);
  assert.ok(made.length > 0 && made.every((entry) => entry["endpoint_id"] === endpoint.id));
  assert.ok((await of(`user_id=${userId}`)).every((entry) => entry["user_id"] === userId));
  assert.equal((await of(`token_id=${crypto.randomUUID()}`)).length, 0);
  assert.equal((await of("since=2999-01-01T00:00:00Z")).length, 0);
  assert.equal((await of("until=2000-01-01T00:00:00Z")).length, 0);
  assert.equal((await client.call("GET", "/v1/activity?action=nothing")).status, 400);
});

/** What a relay tells of a row that an app changed. */
const ROW = {
  entry: "1",
  client: "Claude",
  key: "ab".repeat(32),
  columns: ["email", "name"],
  before: "cd".repeat(32),
  after: "ef".repeat(32),
  undoes: null,
};

/** Lets an app in, as its person did, and answers its connection. */
async function connectApp(database: string, tenantId: TenantId, userId: UserId, appId: string) {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${database}`;
  const superuser = connect(url.href, { max: 1 });
  const [client, grantId] = [newId(), newId<GrantId>()];
  await superuser`
    INSERT INTO oauth_clients
      (id, client_id, kind, name, redirect_uris, refreshes, auth_method)
    VALUES (${client}, ${appId}, 'document', 'Claude', '[]', true, 'none')`;
  await superuser`
    INSERT INTO oauth_grants (id, tenant_id, user_id, client, app_name, app_id, app_host)
    VALUES (${grantId}, ${tenantId}, ${userId}, ${client}, 'Claude', ${appId}, 'app.example')`;
  await superuser.end();
  return grantId;
}

Deno.test("activity is filtered by app, tool and table, on /v1 and on the page", async () => {
  await using site = await startSite();
  const { services, control } = site;
  const { access } = await signedUp(services, {
    email: "ada@example.com",
    password: "correct horse battery",
  }, SYSTEM_ACTOR);
  const { tenantId, userId } = (await readSession(services, access))!;
  const appId = `https://app.example/${"é".repeat(300)}`;
  const grantId = await connectApp(control.database, tenantId, userId, appId);
  const mcp = { ...SYSTEM_ACTOR, kind: "mcp", userId, tokenId: newId<TokenId>() } as const;
  const change = newId();
  const write = (event: Omit<AuditEvent, "tenantId">) =>
    services.control.tenant(tenantId, (tx) => recordEvent(tx, { tenantId, ...event }));
  const detail = { ...ROW, tool: "update_row", change };
  await write({ action: "row.updated", actor: { ...mcp, grantId }, subject: "customer", detail });
  await write({ action: "row.updated", actor: { ...mcp, grantId }, subject: "customer", detail });
  await write({ action: "row.deleted", actor: mcp, subject: "order", detail: {} });
  await write({
    action: "change.queued",
    actor: mcp,
    detail: { table: "customer", tool: "update_rows" },
  });
  await write({
    action: "call.denied",
    actor: mcp,
    subject: "x",
    detail: { tool: `${"t".repeat(100)}1` },
  });
  await write({ action: "grant.created", actor: SYSTEM_ACTOR, detail: { client_id: appId } });
  const model = await testTenant(services);
  const principal = { ...model.scope.principal, tenantId, userId };
  const tenant = { ...model, tenantId, userId, scope: { ...model.scope, tenantId, principal } };
  const found = async (filter: ActivityFilter) => {
    const { entries } = await listActivity(services, tenant.scope, filter, { limit: 50 });
    return entries.map(({ action }) => action).toSorted();
  };
  assert.deepEqual(await found({ app: appId }), ["grant.created", "row.updated", "row.updated"]);
  assert.deepEqual(await found({ app: appId.slice(0, -1) }), []);
  assert.deepEqual(await found({ tool: "update_row" }), ["row.updated", "row.updated"]);
  assert.deepEqual(await found({ table: "customer" }), [
    "change.queued",
    "row.updated",
    "row.updated",
  ]);
  assert.deepEqual(await found({ table: "customer", tool: "update_rows" }), ["change.queued"]);
  assert.deepEqual(await found({ tool: `${"t".repeat(100)}2` }), []);
  assert.deepEqual(await found({ tool: `${"t".repeat(100)}1` }), ["call.denied"]);
  for (const odd of ["\0", "\ud800", "'", "%"]) {
    assert.deepEqual(await found({ tool: odd, table: odd, app: odd }), []);
  }

  const open = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(site.origin + path, {
      headers: { cookie: `bulkhead_session=${access}`, ...headers },
    });
    return { status: answer.status, text: await answer.text() };
  };
  const page = await open(`/activity?${new URLSearchParams({ app: appId, table: "customer" })}`);
  assert.match(page.text, /2 rows changed/);
  assert.match(page.text, /columns email, name/);
  assert.match(page.text, /with update_row/);
  assert.ok(!page.text.includes("Row deleted</strong>"));
  // What was chosen stays chosen.
  assert.match(page.text, /<option value="https:[^>]+ selected/);
  assert.match(page.text, /name="table"[^>]*value="customer"|value="customer"[^>]*name="table"/);
  for (const odd of ["tool=%00", "app=%ED%A0%80", "since=0000-01-01", "table=%27", "newer=x"]) {
    assert.equal((await open(`/activity?${odd}`)).status, 200, odd);
  }
  const news = async (query: string) => {
    const answer = await open(`/activity?${query}`, { accept: "application/json" });
    return JSON.parse(answer.text);
  };
  assert.deepEqual(await news("table=customer&newer=0"), { count: 3, more: false });
  assert.deepEqual(await news("newer=999999999999999999"), { count: 0, more: false });
  assert.equal((await news("newer=x")).more, false);
  const signedOut = await fetch(`${site.origin}/activity?newer=0`, {
    headers: { accept: "application/json" },
  });
  assert.equal(signedOut.status, 401);
  await signedOut.body?.cancel();

  const client = new RestClient(site.origin, await testToken(services, tenant));
  const of = async (query: Record<string, string>) =>
    items(await client.ok(200, "GET", `/v1/activity?${new URLSearchParams(query)}`));
  const [entry] = await of({ client_id: appId, tool: "update_row", table: "customer" });
  assert.deepEqual([entry!["client_id"], entry!["tool"], entry!["table"]], [
    appId,
    "update_row",
    "customer",
  ]);
  for (const odd of ["since=0000-01-01T00:00:00Z", "tool=%00", "client_id=%F0%9F"]) {
    assert.equal((await client.call("GET", `/v1/activity?${odd}`)).status, 200, odd);
  }
});

Deno.test("a token for one endpoint sees that endpoint's activity and exports nothing", async () => {
  await using rest = await startRest();
  const { services, tenant } = rest;
  const { endpoint } = await createEndpoint(services, tenant.scope, "Books");
  await createEndpoint(services, tenant.scope, "Canary");
  const token = await testToken(services, tenant, { endpoints: [endpoint.id] });
  const narrow = new RestClient(rest.origin, token);
  const seen = items(await narrow.ok(200, "GET", "/v1/activity"));
  assert.ok(seen.length > 0 && seen.every((entry) => entry["endpoint_id"] === endpoint.id));
  assert.ok(!JSON.stringify(seen).includes("Canary"));
  assert.equal((await narrow.call("GET", "/v1/activity/export")).status, 403);
  assert.equal((await narrow.call("GET", "/v1/activity/anchors")).status, 403);
  const without = await rest.client(["rows:read"]);
  assert.equal((await without.call("GET", "/v1/activity")).status, 403);
  assert.equal((await without.call("GET", "/v1/activity/export")).status, 403);
  assert.equal((await without.call("GET", "/v1/activity/anchors")).status, 403);
});

Deno.test("GET /v1/activity/anchors pages through one's own signed anchors, which public keys verify", async () => {
  await using rest = await startRest();
  const { services, tenant } = rest;
  const other = await testTenant(services, "Other");
  const makeAnchorsDue = async () => {
    const url = new URL((await testCluster()).superuserUrl);
    const [row] = await services.control.lookup<{ name: string }[]>`
      SELECT current_database() AS name`;
    url.pathname = `/${row!.name}`;
    const superuser = connect(url.href, { max: 1 });
    await superuser`UPDATE audit_heads SET anchored_at = '-infinity'`;
    await superuser.end({ timeout: 5 });
  };
  for (let round = 0; round < 3; round++) {
    for (const { tenantId } of [tenant, other]) {
      await services.control.tenant(
        tenantId,
        (tx) => recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR }),
      );
    }
    await anchorAudit(services);
    await makeAnchorsDue();
  }
  const client = await rest.client();
  const seen: Record<string, unknown>[] = [];
  for (let cursor = "";;) {
    const page = await client.ok(200, "GET", `/v1/activity/anchors?limit=2${cursor}`);
    seen.push(...items(page));
    if (page["next_cursor"] === null) break;
    cursor = `&cursor=${page["next_cursor"]}`;
  }
  assert.equal(seen.length, 3);
  const keys = await anchorKeys(services) as JSONWebKeySet;
  const places: bigint[] = [];
  for (const { seq, hash, statement } of seen) {
    const read = (await readStatement(String(statement), keys))!;
    assert.deepEqual([read.tenantId, String(read.seq), read.hash], [tenant.tenantId, seq, hash]);
    places.push(read.seq);
  }
  assert.deepEqual(places, places.toSorted((a, b) => Number(b - a)));
  assert.equal((await client.call("GET", "/v1/activity/anchors?cursor=x")).status, 400);
});

Deno.test("the public keys of anchors are served to anybody, and no private one", async () => {
  await using site = await startSite();
  const url = `${site.origin}/.well-known/bulkhead-audit-keys.json`;
  const { tenantId } = await testTenant(site.services);
  await site.services.control.tenant(
    tenantId,
    (tx) => recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR }),
  );
  await anchorAudit(site.services);
  const served = await fetch(url);
  assert.equal(served.headers.get("content-type"), "application/jwk-set+json");
  const { keys } = await served.json();
  assert.deepEqual(keys.map(Object.keys).map((names: string[]) => names.sort()), [
    ["alg", "crv", "kid", "kty", "use", "x"],
  ]);
  const post = await fetch(url, { method: "POST" });
  assert.equal(post.status, 405);
  await post.body?.cancel();
});

Deno.test("GET /v1/activity/export streams a log that verifies, with its own export in it", async () => {
  await using rest = await startRest();
  const { services, tenant } = rest;
  const { tenantId } = tenant;
  await services.control.tenant(tenantId, (tx) =>
    recordEvent(tx, {
      tenantId,
      action: "team.renamed",
      actor: SYSTEM_ACTOR,
      subject: '=cmd "quoted", name',
    }));
  const token = await testToken(services, tenant);
  await anchorAudit(services);
  const anchor = /"anchor":"(\d+):(\w+)"/.exec(rest.logLines.join("\n"))!;
  const get = (format: string) =>
    fetch(`${rest.origin}/v1/activity/export?format=${format}`, {
      headers: { authorization: `Bearer ${token}` },
    });
  const answer = await get("ndjson");
  assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
  const lines = (await answer.text()).trimEnd().split("\n");
  const { fault } = await verifyExport(lines, [{ seq: BigInt(anchor[1]!), hash: anchor[2]! }]);
  assert.equal(fault, null);
  assert.equal(JSON.parse(lines.at(-1)!).action, "activity.exported");
  const csv = await (await get("csv")).text();
  assert.match(csv, /^seq,id,tenant_id,at,/);
  assert.ok(csv.includes(`"'=cmd ""quoted"", name"`), csv);
});

Deno.test("the activity page shows, filters and exports one's own team's log alone", async () => {
  await using site = await startSite();
  const people = await Promise.all(["ada", "periscope"].map(async (name) => {
    const password = "correct horse battery";
    const email = `${name}@example.com`;
    const { access } = await signedUp(site.services, { email, password }, SYSTEM_ACTOR);
    const session = (await readSession(site.services, access))!;
    await site.services.control.tenant(session.tenantId, (tx) =>
      recordEvent(tx, {
        tenantId: session.tenantId,
        action: "team.renamed",
        actor: { ...SYSTEM_ACTOR, kind: "dashboard", userId: session.userId },
        subject: `<b>${name}</b>`,
      }));
    const open = async (path: string) => {
      const headers = { cookie: `bulkhead_session=${access}` };
      const answer = await fetch(site.origin + path, { headers });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    };
    return { open, session };
  }));
  const [ada, eve] = [people[0]!, people[1]!];
  const page = await ada.open("/activity");
  assert.equal(page.status, 200, page.text);
  assert.ok(page.text.includes("&lt;b>ada") || page.text.includes("&lt;b&gt;ada"));
  assert.ok(page.text.includes("ada@example.com") && page.text.includes("Team renamed"));
  assert.ok(!page.text.includes("periscope"));
  assert.match((await ada.open("/activity?action=token.revoked")).text, /Nothing here/);
  // What is no filter bounds nothing, and another's names find nothing.
  assert.ok((await ada.open("/activity?user=x&since=2030-99-99&after=1")).text.includes("ada"));
  const theirs = await ada.open(`/activity?user=${eve.session.userId}`);
  assert.match(theirs.text, /Nothing here/);
  for (const format of ["ndjson", "csv"]) {
    const file = await ada.open(`/activity/export?format=${format}`);
    assert.equal(file.status, 200);
    assert.match(file.headers.get("content-disposition")!, /attachment/);
    assert.ok(file.text.includes("ada</b>") && !file.text.includes("periscope"));
  }
  const lines = (await ada.open("/activity/export")).text.trimEnd().split("\n");
  assert.equal((await verifyExport(lines)).fault, null);
});
