/** Tokens that reach chosen tables, over MCP and `/v1`. */
import assert from "node:assert/strict";
import { createEndpoint, enterEndpoint } from "../../lib/endpoints/mod.ts";
import { recordEvent, SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { newId } from "../../lib/ids.ts";
import type { Ability } from "../../lib/principal.ts";
import { setWrites } from "../../lib/tools/mod.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { type Json, RestClient, startSite, testTenant } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";

const TABLES = `
  CREATE TABLE orders (id int PRIMARY KEY, item text);
  INSERT INTO orders VALUES (1, 'rope'), (2, 'sail');
  CREATE TABLE people (id int PRIMARY KEY, name text);
  INSERT INTO people VALUES (1, 'Ada');
  CREATE TABLE vaultzq (id int PRIMARY KEY, order_id int REFERENCES orders, secret text);
  INSERT INTO vaultzq VALUES (1, 1, 'canary');`;

const REACH = { orders: "write", people: "read" } as const;

const ABILITIES: readonly Ability[] = [
  "rows:read",
  "rows:insert",
  "rows:update",
  "rows:delete",
  "files:read",
  "files:write",
  "activity:read",
  "api:endpoints:read",
  "api:changes:read",
  "api:changes:write",
  "api:tokens:read",
  "api:tokens:write",
];

async function stage() {
  const site = await startSite();
  const { services } = site;
  const tenant = await testTenant(services);
  const made = await createEndpoint(services, tenant.scope, "Shop");
  await loadTables(services, made, TABLES);
  await setWrites(services, made, "direct");
  const scope = await enterEndpoint(services, tenant.scope, made.endpoint.slug);
  const { id, slug } = scope.endpoint;
  const mcp = async (token: string, method: string, params: Json = {}) => {
    const answer = await fetch(`${site.origin}/mcp/${slug}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    return await answer.text();
  };
  return {
    site,
    services,
    tenant,
    scope,
    slug,
    mcp,
    call: (token: string, name: string, args: Json) =>
      mcp(token, "tools/call", { name, arguments: args }),
    rest: (token: string) => new RestClient(site.origin, token),
    async mint(tables: Record<string, "read" | "write"> | null = REACH) {
      const { token } = await mintToken(services, tenant.scope, {
        name: "chosen",
        scope: "mcp:write",
        abilities: ABILITIES,
        endpoints: [id],
        ...(tables ? { tables: { [id]: tables } } : {}),
      });
      return token;
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

Deno.test("a token that reaches chosen tables meets no other name over MCP or /v1", async () => {
  await using world = await stage();
  const { slug, mcp, call } = world;
  const [token, whole] = [await world.mint(), await world.mint(null)];
  // Somebody else writes to the table that is left out, and to one that is not.
  await call(whole, "update_row", { table: "vaultzq", key: 1, values: { secret: "canary2" } });
  await call(whole, "update_row", { table: "orders", key: 2, values: { item: "mast" } });
  const { services, tenant, scope } = world;
  const told = (action: "row.updated" | "data.loaded", subject: string) => ({
    tenantId: tenant.tenantId,
    action,
    actor: SYSTEM_ACTOR,
    endpointId: scope.endpoint.id,
    subject,
    detail: { change: newId(), tables: [{ name: "vaultzq" }] },
  });
  await services.control.tenant(tenant.tenantId, async (tx) => {
    await recordEvent(tx, told("row.updated", "vaultzq"));
    await recordEvent(tx, told("data.loaded", "a load"));
    await recordEvent(tx, { ...told("row.updated", "orders"), detail: {} });
  });
  const rest = world.rest(token);
  assert.deepEqual(
    ((await rest.ok(200, "GET", "/v1/activity")).items as { action: string; subject: string }[])
      .map(({ action, subject }) => [action, subject]),
    [["row.updated", "orders"]],
  );
  const texts = [
    await mcp(token, "initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "t", version: "1" },
    }),
    await mcp(token, "tools/list"),
    await mcp(token, "resources/list"),
    await mcp(token, "resources/read", { uri: `bulkhead://${slug}/tables/orders` }),
    await call(token, "describe_tables", {}),
    await call(token, "list_rows", { table: "vault" }),
    await call(token, "join_rows", { table: "orders", joins: [{ table: "vault" }] }),
    await call(token, "delete_row", { table: "orders", key: 1 }),
    await call(token, "get_activity_log", { limit: 100 }),
    JSON.stringify((await rest.call("GET", `/v1/endpoints/${slug}/tables`)).body),
    JSON.stringify((await rest.call("GET", `/v1/endpoints/${slug}/rules`)).body),
    JSON.stringify((await rest.call("GET", `/v1/endpoints/${slug}/rules/vault`)).body),
    JSON.stringify((await rest.call("GET", `/v1/endpoints/${slug}/changes`)).body),
    JSON.stringify((await rest.call("GET", `/v1/endpoints/${slug}/review`)).body),
    JSON.stringify((await rest.call("GET", `/v1/endpoints/${slug}/ingests`)).body),
    JSON.stringify((await rest.call("GET", `/v1/activity`)).body),
    JSON.stringify((await rest.call("GET", `/v1/tokens`)).body),
    await (await fetch(`${world.site.origin}/mcp/${slug}/llms.txt`, {
      headers: { authorization: `Bearer ${token}` },
    })).text(),
  ];
  for (const text of texts) assert.doesNotMatch(text, /vaultzq|canary/, text);
  assert.match(texts[1]!, /"orders"/);
  // The other credential sees all of it, so the texts could have told.
  assert.match(await mcp(whole, "tools/list"), /vaultzq/);
  const changes = await world.rest(whole).ok(200, "GET", `/v1/endpoints/${slug}/changes`);
  assert.match(JSON.stringify(changes), /vaultzq/);
  const [hidden] = (changes.items as { id: string; tables: { table: string }[] }[])
    .filter(({ tables }) => tables[0]!.table === "vaultzq");
  for (
    const [method, path, body] of [
      ["GET", `/v1/endpoints/${slug}/changes/${hidden!.id}`, undefined],
      ["POST", `/v1/endpoints/${slug}/changes/${hidden!.id}/undo`, {}],
    ] as const
  ) assert.equal((await rest.call(method, path, body)).status, 404, path);
});

Deno.test("a table that is reached to read is written by no tool, and one to write is", async () => {
  await using world = await stage();
  const token = await world.mint();
  const { call } = world;
  assert.match(
    await call(token, "insert_rows", { table: "orders", rows: [{ id: 3, item: "oar" }] }),
    /"state":"applied"/,
  );
  for (
    const [tool, args] of [
      ["insert_rows", { rows: [{ id: 2, name: "Eve" }] }],
      ["update_row", { key: 1, values: { name: "Eve" } }],
      ["upsert_rows", { rows: [{ id: 1, name: "Eve" }] }],
      ["delete_row", { key: 1 }],
      ["delete_rows", { filter: { column: "id", op: "eq", value: 1 }, expected_count: 1 }],
    ] as const
  ) {
    const text = await call(token, tool, { table: "people", ...args });
    assert.match(text, /"isError":true|"error"/, `${tool}: ${text}`);
  }
  assert.match(await call(token, "list_rows", { table: "people" }), /Ada/);
  // A file goes into a table that may be written to, and makes none.
  const rest = world.rest(token);
  const path = `/v1/endpoints/${world.slug}/files`;
  const upload = (query: string) =>
    rest.raw("POST", `${path}?file_name=more.csv&${query}`, { body: "id,item\n7,keel\n" });
  for (
    const query of ["", "mode=append&table=people", "mode=append", "mode=append&table=vaultzq"]
  ) {
    assert.equal((await upload(query)).status, 403, query);
  }
  assert.equal((await upload("mode=append&table=orders")).status, 202);
});

Deno.test("a token makes children that reach no table beyond its own, and no endpoint's settings", async () => {
  await using world = await stage();
  const { slug } = world;
  const rest = world.rest(await world.mint());
  const ask = (tables: unknown, abilities = ["rows:read"]) =>
    rest.call("POST", "/v1/tokens", {
      name: "child",
      abilities,
      endpoints: [slug],
      ...(tables ? { tables: { [slug]: tables } } : {}),
    });
  for (
    const beyond of [null, { vaultzq: "read" }, { people: "write" }, { orders: "read", x: "read" }]
  ) {
    assert.equal((await ask(beyond)).status, 403, JSON.stringify(beyond));
  }
  const made = await ask({ orders: "read" });
  assert.equal(made.status, 201);
  assert.deepEqual(made.body.tables, { [slug]: { orders: "read" } });
  const child = await world.mcp(made.body.token as string, "tools/list");
  assert.match(child, /"orders"/);
  assert.doesNotMatch(child, /"people"/);
  // Rotating keeps what it reaches.
  const rotated = await rest.ok(201, "POST", `/v1/tokens/${made.body.id}/rotate`);
  assert.deepEqual(rotated.tables, { [slug]: { orders: "read" } });
  // Whoever sets rules, keys and settings reaches the whole endpoint.
  const { tenant, services, scope } = world;
  await assert.rejects(
    mintToken(services, tenant.scope, {
      name: "both",
      scope: "mcp",
      abilities: ["api:endpoints:write"],
      endpoints: [scope.endpoint.id],
      tables: { [scope.endpoint.id]: { orders: "read" } },
    }),
    /reaches all of their tables/,
  );
});

Deno.test("the database holds a reach to what it is, and what may not go with it", async () => {
  await using world = await stage();
  const { services, tenant, scope } = world;
  const { view } = await mintToken(services, tenant.scope, {
    name: "chosen",
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: [scope.endpoint.id],
    tables: { [scope.endpoint.id]: { orders: "read" } },
  });
  const state = (statement: string) =>
    services.control.tenant(tenant.tenantId, (tx) => tx.unsafe(statement))
      .then(() => null, (error) => (error.cause?.code ?? error.code) as string);
  const bind = (abilities: string, tables: string | null, parent: string | null = null) => `
    WITH made AS (
      INSERT INTO tokens (id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints, created_by,
        minted_by)
      VALUES (gen_random_uuid(), '${tenant.tenantId}', 'pat',
        sha256(uuid_send(gen_random_uuid())), 'bhd_pat_1234', 'made', 'mcp', '{${abilities}}', false,
        '${tenant.userId}', ${parent === null ? "NULL" : `'${parent}'`})
      RETURNING id
    )
    INSERT INTO token_endpoints (tenant_id, token_id, endpoint_id, tables)
    SELECT '${tenant.tenantId}', id, '${scope.endpoint.id}',
      ${tables === null ? "NULL" : `'${tables}'::jsonb`} FROM made`;
  assert.equal(
    await state(`UPDATE token_endpoints SET tables = NULL WHERE token_id = '${view.id}'`),
    "42501",
  );
  for (const wrong of ["{}", "[]", '{"a":"own"}', '{"a":1}', '{"":"read"}', '"read"']) {
    assert.equal(await state(bind("rows:read", wrong)), "23514", wrong);
  }
  assert.equal(await state(bind("rows:read", '{"orders":"read"}')), null);
  // A child is held to its parent, whoever makes it.
  assert.equal(await state(bind("rows:read", '{"orders":"read"}', view.id)), null);
  for (const beyond of [null, '{"people":"read"}', '{"orders":"write"}']) {
    assert.equal(await state(bind("rows:read", beyond, view.id)), "23001", String(beyond));
  }
  assert.equal(await state(bind("api:endpoints:write", '{"orders":"read"}')), "23001");
});
