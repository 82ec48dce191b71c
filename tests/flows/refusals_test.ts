/** What a call lacked is said to the agent, as far as it may know, and to the owner with where to change it. */
import assert from "node:assert/strict";
import { listActivity } from "../../lib/audit/mod.ts";
import { createEndpoint, enterEndpoint } from "../../lib/endpoints/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  callTool,
  loadManifest,
  OPEN_RULES,
  readManifest,
  setRules,
  setWrites,
} from "../../lib/tools/mod.ts";
import { authenticate, mintToken, type TokenRequest } from "../../lib/tokens/mod.ts";
import { happenings } from "../../lib/web/dashboard/activity_words.ts";
import { presentedFrom, requestOf, testServices, testTenant } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";

const TABLES = `
  CREATE TABLE orders (id int PRIMARY KEY, item text);
  INSERT INTO orders VALUES (1, 'rope');
  CREATE TABLE people (id int PRIMARY KEY, name text);`;

async function stage() {
  const test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const made = await createEndpoint(services, tenant.scope, "Shop");
  await loadTables(services, made, TABLES);
  await setWrites(services, made, "direct");
  const { slug, id } = made.endpoint;
  return {
    services,
    tenant,
    made,
    /** The endpoint as a new token enters it. */
    async enter(request: Partial<TokenRequest> = {}): Promise<EndpointScope> {
      const { token } = await mintToken(services, tenant.scope, {
        name: "agent",
        scope: "mcp:write",
        abilities: ["rows:read", "rows:insert", "rows:update", "rows:delete"],
        endpoints: [id],
        ...request,
      });
      const principal = await authenticate(services, presentedFrom(`Bearer ${token}`));
      return await enterEndpoint(services, requestOf(principal), slug);
    },
    async call(scope: EndpointScope, tool: string, args: unknown) {
      const manifest = await loadManifest(services, scope);
      return await callTool(services, scope, manifest, tool, args);
    },
    async denied() {
      await services.denials.flush();
      const { entries } = await listActivity(services, tenant.scope, { action: "call.denied" }, {
        after: null,
        limit: 10,
      });
      return happenings(entries).map(({ facts, fix, entry }) => ({
        reason: entry.detail["reason"],
        facts,
        path: fix?.path.replace(slug, "SLUG"),
      }));
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

const insert = { table: "orders", rows: [{ id: 9, item: "oar" }] };

Deno.test("a refused write says what was missing, and the owner reads it with where to change it", async () => {
  await using world = await stage();
  const { services, made, tenant } = world;
  const refused = async (scope: EndpointScope, tool: string, args: unknown) => {
    const { isError, text } = await world.call(scope, tool, args);
    assert.equal(isError, true, text);
    return text;
  };
  const reading = await world.enter({ abilities: ["rows:read"] });
  await assert.rejects(
    world.call(reading, "insert_rows", insert),
    /This token lacks the ability rows:insert/,
  );
  const bound = await world.enter({ tables: { [made.endpoint.id]: { orders: "read" } } });
  assert.match(await refused(bound, "insert_rows", insert), /only reads `orders`/);
  // Of what it does not reach it is told nothing.
  assert.match(await refused(bound, "insert_rows", { ...insert, table: "people" }), /no table/);
  await setRules(services, made, "orders", { ...OPEN_RULES, insert: false });
  const free = await world.enter();
  assert.match(await refused(free, "insert_rows", insert), /rules for this table do not allow it/);
  await setWrites(services, made, "off");
  const off = { ...free, endpoint: (await world.enter()).endpoint };
  assert.match(await refused(off, "insert_rows", insert), /writing is off for this endpoint/);

  const denied = new Map((await world.denied()).map((one) => [one.reason, one]));
  assert.deepEqual([...denied.keys()].sort(), [
    "TABLE_READ_ONLY",
    "TABLE_RULES",
    "WRITES_OFF",
  ]);
  assert.deepEqual(
    ["TABLE_READ_ONLY", "TABLE_RULES", "WRITES_OFF"]
      .map((reason) => denied.get(reason)!.path),
    [
      `/tokens/${bound.principal.tokenId}`,
      "/endpoints/SLUG/access/orders",
      "/endpoints/SLUG/access",
    ],
  );
  assert.equal(tenant.tenantId, made.tenantId);
});

Deno.test("describe_tables tells what this credential may do, and counts rows as they are now", async () => {
  await using world = await stage();
  const { services, made, tenant } = world;
  const described = async (scope: EndpointScope) => {
    const { structured } = await world.call(scope, "describe_tables", { tables: ["orders"] });
    const [table] = JSON.parse(structured!).tables;
    return { rows: table.rows, writes: table.writes, review: table.writes_after_review };
  };
  const all = await world.enter();
  const ops = ["insert", "update", "delete"];
  assert.deepEqual(await described(all), { rows: 1, writes: ops, review: undefined });
  await world.call(all, "insert_rows", insert);
  assert.equal((await described(all)).rows, 2);
  const seen = await enterEndpoint(services, tenant.scope, made.endpoint.slug);
  const [orders] = (await readManifest(services, seen)).tables.filter(({ name }) =>
    name === "orders"
  );
  assert.deepEqual([orders!.rows, orders!.rows_exact], [2, true]);

  const some = await world.enter({ abilities: ["rows:read", "rows:update"], review: true });
  assert.deepEqual(await described(some), { rows: 2, writes: ["update"], review: true });
  const reads = await world.enter({ tables: { [made.endpoint.id]: { orders: "read" } } });
  assert.deepEqual(await described(reads), { rows: 2, writes: undefined, review: undefined });
  const { text } = await world.call(some, "describe_tables", {});
  assert.match(text, /orders \(2 rows, you may read, update \(changes wait for approval\)\)/);
});
