import assert from "node:assert/strict";
import { anchorAudit, recordEvent, SYSTEM_ACTOR, verifyExport } from "../../lib/audit/mod.ts";
import { readSession, signUp } from "../../lib/auth/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { startRest, startSite, testToken } from "../harness/mod.ts";
import { RestClient } from "../harness/mod.ts";

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
  const without = await rest.client(["rows:read"]);
  assert.equal((await without.call("GET", "/v1/activity")).status, 403);
  assert.equal((await without.call("GET", "/v1/activity/export")).status, 403);
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
    const { access } = await signUp(site.services, { email, password }, SYSTEM_ACTOR);
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
