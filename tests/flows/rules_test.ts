import assert from "node:assert/strict";
import { connect } from "../../lib/postgres/mod.ts";
import { createEndpoint, enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { newId } from "../../lib/ids.ts";
import type { RequestScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { readTableRules, rebuildManifest, setWrites } from "../../lib/tools/mod.ts";
import { requestOf, RestClient, startRest, startSite, testCluster } from "../harness/mod.ts";
import { member, PASSWORD, type Site } from "./accounts_setup.ts";

const TABLES = `
  CREATE TABLE person (id int PRIMARY KEY, name text, country text, pay numeric);
  CREATE TABLE "odd / name?" (id int PRIMARY KEY, x text);
  INSERT INTO person VALUES (1, 'Ada', 'NO', 10), (2, 'Bo', 'SE', 20);`;

/** An endpoint with two tables. */
async function makeEndpoint(services: Services, scope: RequestScope) {
  const made = await createEndpoint(services, scope, "crew");
  const lease = await openEndpoint(services, made, "owner");
  await lease.sql.unsafe(`${TABLES} SELECT bulkhead.apply_access_everywhere()`);
  lease.release();
  await rebuildManifest(services, made, "test");
  const { slug } = made.endpoint;
  return { slug, enter: () => enterEndpoint(services, scope, slug) };
}

const OPEN = {
  hidden: [],
  read_only: [],
  insert: true,
  update: true,
  delete: true,
  row_filter: null,
};

Deno.test("/v1 reads and sets field rules, and stops writes, but starts none", async () => {
  await using test = await startRest();
  const client = await test.client();
  const { slug, enter } = await makeEndpoint(test.services, test.tenant.scope);
  const path = `/v1/endpoints/${slug}`;
  const listed = await client.ok(200, "GET", `${path}/rules`);
  const columns = [
    { name: "id", type: "integer" },
    { name: "name", type: "text" },
    { name: "country", type: "text" },
    { name: "pay", type: "numeric" },
  ];
  const person = { table: "person", primary_key: ["id"], columns, ...OPEN };
  assert.deepEqual((listed["items"] as unknown[])[1], person);
  const page = await client.ok(200, "GET", `${path}/rules?limit=1`);
  assert.equal(page["next_cursor"], "1");
  const odd = await client.ok(200, "GET", `${path}/rules/${encodeURIComponent("odd / name?")}`);
  assert.equal(odd["table"], "odd / name?");

  const rules = {
    ...OPEN,
    hidden: ["pay"],
    read_only: ["name"],
    delete: false,
    row_filter: { column: "country", op: "eq", value: "NO" },
  };
  assert.deepEqual(await client.ok(200, "PUT", `${path}/rules/person`, rules), {
    ...person,
    ...rules,
  });
  assert.deepEqual(await client.ok(200, "GET", `${path}/rules/person`), { ...person, ...rules });
  const { items } = await client.ok(200, "GET", `${path}/tables`) as {
    items: { name: string; rows: number; columns: { name: string }[] }[];
  };
  const shown = items.find(({ name }) => name === "person")!;
  assert.deepEqual([shown.rows, shown.columns.map(({ name }) => name)], [1, [
    "id",
    "name",
    "country",
  ]]);

  const refusals = [
    ["person", { ...OPEN, hidden: ["payy"] }, 400, "UNKNOWN_COLUMN"],
    ["person", { ...OPEN, hidden: ["id"] }, 400, "INVALID_ARGUMENTS"],
    [
      "person",
      { ...OPEN, row_filter: { column: "pay", op: "eq", value: "x" } },
      400,
      "INVALID_ARGUMENTS",
    ],
    ["person", { ...OPEN, row_filter: [] }, 400, "INVALID_ARGUMENTS"],
    ["person", { hidden: [] }, 400, "INVALID_ARGUMENTS"],
    ["person", { ...OPEN, more: 1 }, 400, "INVALID_ARGUMENTS"],
    ["nobody", OPEN, 404, "UNKNOWN_TABLE"],
    ["pg_class", OPEN, 404, "UNKNOWN_TABLE"],
  ] as const;
  for (const [table, body, status, code] of refusals) {
    const { body: problem } = await client.call("PUT", `${path}/rules/${table}`, body);
    assert.deepEqual([problem["status"], problem["code"]], [status, code], JSON.stringify(problem));
  }
  assert.deepEqual(await client.ok(200, "GET", `${path}/rules/person`), { ...person, ...rules });

  const reader = await test.client(["api:endpoints:read", "rows:read"]);
  assert.equal((await reader.call("GET", `${path}/rules`)).status, 200);
  assert.equal(
    (await reader.call("PUT", `${path}/rules/person`, OPEN)).body["code"],
    "INSUFFICIENT_SCOPE",
  );
  const agent = await test.client(["rows:read", "rows:update"]);
  assert.equal((await agent.call("GET", `${path}/rules`)).body["code"], "INSUFFICIENT_SCOPE");

  for (const writes of ["direct", "review"]) {
    const refused = await client.call("PATCH", path, { writes });
    assert.equal(refused.body["code"], "INVALID_ARGUMENTS");
  }
  await setWrites(test.services, await enter(), "direct");
  assert.equal((await client.ok(200, "GET", path))["writes"], "direct");
  // Another setting leaves it as it is.
  assert.equal((await client.ok(200, "PATCH", path, { text_format: "json" }))["writes"], "direct");
  const stopped = await client.ok(200, "PATCH", path, { writes: "off", name: "stopped" });
  assert.deepEqual([stopped["writes"], stopped["name"], stopped["text_format"]], [
    "off",
    "stopped",
    "json",
  ]);
});

/** Makes everybody's last proof of who they are an hour old. */
async function ageSessions(site: Site): Promise<void> {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${site.control.database}`;
  const sql = connect(url.href, { max: 1 });
  const rows = await sql<{ id: string }[]>`
    UPDATE sessions SET authenticated_at = now() - interval '1 hour' RETURNING id`;
  await sql.end();
  for (const { id } of rows) site.services.caches.drop("auth.sessions", id);
}

/** What a browser's request carries. */
async function scopeOf(site: Site, cookies: ReadonlyMap<string, string>) {
  const session = await readSession(site.services, cookies.get("bulkhead_session")!);
  return requestOf(principalOf(session!));
}

const siteEndpoint = async (site: Site, cookies: ReadonlyMap<string, string>) =>
  await makeEndpoint(site.services, await scopeOf(site, cookies));

Deno.test("a person is asked again before agents may write, and not before they may no longer", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const { slug, enter } = await siteEndpoint(site, ada.cookies);
  const path = `/endpoints/${slug}`;
  const writes = async () => (await enter()).endpoint.settings.writes;
  await ageSessions(site);
  const asked = await ada.submit(`${path}/writes`, { writes: "direct" }, `${path}/access`);
  // What was sent is held, to go on with once they have shown who they are.
  const confirm = asked.location!;
  const query = new URL(confirm, site.origin).searchParams;
  assert.match(confirm, /^\/account\/confirm\?held=[0-9a-f-]{36}&next=/);
  assert.equal(query.get("next"), `${path}/access`);
  assert.equal(await writes(), "off");
  await ada.submit("/account/confirm", { password: PASSWORD, next: `${path}/access` }, confirm);
  assert.equal(await writes(), "off");
  const on = await ada.submit(`${path}/writes`, { writes: "direct" }, `${path}/access`);
  assert.match(on.location!, /\/access$/);
  assert.equal(await writes(), "direct");

  await ageSessions(site);
  const form = await ada.go(`${path}/access/person`);
  assert.equal(
    form.headers.get("location"),
    `/account/confirm?next=${encodeURIComponent(`${path}/access/person`)}`,
  );
  await ada.submit(`${path}/writes/off`, {}, `${path}/access`);
  assert.equal(await writes(), "off");
  const odd = await ada.submit(`${path}/writes`, { writes: "always" }, `${path}/access`);
  assert.match(odd.location!, /confirm/);
});

Deno.test("members and viewers see that there are rules, and neither set them nor start writes", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const { slug, enter } = await siteEndpoint(site, ada.cookies);
  const path = `/endpoints/${slug}`;
  const saved = await ada.submit(`${path}/access/person`, {
    do: "save",
    column: "pay",
    access: "hidden",
    filter_column: "country",
    filter_op: "eq",
    filter_value: "NO",
  }, `${path}/access/person`);
  assert.match(saved.location!, /\/access$/);
  await ada.submit("/team/name", { name: "Crew" }, "/team");
  for (const role of ["member", "viewer"] as const) {
    const email = `${role}@example.com`;
    const other = await member(site, email);
    await ada.submit("/team/invitations", { email, role }, "/team");
    const { path: invitation } = await site.mail(email);
    const joined = await other.submit(invitation);
    assert.equal(joined.status, 303, joined.text);
    const page = await other.read(`${path}/access`);
    assert.match(page, /1 hidden of 4/);
    assert(!page.includes("pay"), "what is hidden is not named");
    assert(!page.includes(`href="${path}/access/person"`));
    assert.equal(page.includes("Stop all changes"), false);
    assert.equal((await other.go(`${path}/access/person`)).status, 403);
    const token = await other.token("/account");
    const post = (at: string, fields: Record<string, string>) =>
      other.go(at, { method: "POST", body: new URLSearchParams({ csrf_token: token, ...fields }) });
    assert.equal((await post(`${path}/access/person`, { do: "save" })).status, 403);
    assert.equal((await post(`${path}/writes`, { writes: "direct" })).status, 403);
    assert.equal((await post(`${path}/writes/off`, {})).status, role === "member" ? 303 : 403);
    if (role === "member") {
      // What a member may not do, a token that the member minted may not either.
      const scope = await scopeOf(site, other.cookies);
      const { token: minted } = await mintToken(site.services, scope, {
        name: "manager",
        scope: "mcp",
        abilities: ["api:endpoints:read", "api:endpoints:write", "api:changes:write"],
        endpoints: "all",
      });
      const client = new RestClient(site.origin, minted);
      const since = { user_id: newId(), since: "2020-01-01T00:00:00Z" };
      for (
        const [method, at, body] of [
          ["PUT", "/rules/person", OPEN],
          ["POST", "/undo", since],
          ["DELETE", "", undefined],
        ] as const
      ) {
        const refused = await client.call(method, `/v1${path}${at}`, body);
        assert.equal(refused.body["code"], "ACCESS_DENIED", JSON.stringify(refused.body));
      }
    }
  }
  const { rules } = await readTableRules(site.services, await enter(), "person");
  assert.deepEqual(rules.hidden, ["pay"]);
  const missing = await ada.go(`${path}/access/nobody`);
  assert.equal(missing.status, 404);
});
