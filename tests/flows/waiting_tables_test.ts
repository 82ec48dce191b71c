/** Tables that are imported later wait, once anything is held back, until somebody opens them. */
import assert from "node:assert/strict";
import {
  changeEndpoint,
  endpointRoles,
  enterEndpoint,
  openEndpoint,
} from "../../lib/endpoints/mod.ts";
import { listActivity } from "../../lib/audit/mod.ts";
import { serveIngests } from "../../lib/ingest/mod.ts";
import { serveRelay } from "../../lib/journal/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  listWaitingTables,
  loadManifest,
  OPEN_RULES,
  openTable,
  rebuildManifest,
  setRules,
  setWrites,
} from "../../lib/tools/mod.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { requestOf } from "../harness/mod.ts";
import { file, ingestTest, load } from "./ingest_setup.ts";

/** Services that load files, and an endpoint that is empty. */
async function ingestStage() {
  const test = await ingestTest();
  const { services, scope } = test;
  const worker = await serveIngests(
    services,
    (loaded) => rebuildManifest(services, loaded, "data loaded").then(() => {}),
  );
  return {
    services,
    scope,
    async load(fileName: string, text: string) {
      const view = await load(test, file(text, { fileName, allowDuplicate: true }));
      assert.equal(view.status, "done", JSON.stringify(view.error));
      return view.report!.tables[0]!;
    },
    async [Symbol.asyncDispose]() {
      await worker.stop();
      await test[Symbol.asyncDispose]();
    },
  };
}

const CSV = "id,name,pin\n1,Ada,canary\n2,Eve,canary\n";

/** What the endpoint's two roles may do with a table, by Postgres' own word. */
async function grants({ services }: Awaited<ReturnType<typeof ingestStage>>, scope: EndpointScope) {
  const { reader, writer } = await endpointRoles(services, scope);
  const lease = await openEndpoint(services, scope, "owner");
  try {
    const rows = await lease.sql<{ name: string; reads: boolean; writes: boolean }[]>`
      SELECT c.relname::text AS name,
        has_any_column_privilege(${reader}, c.oid, 'SELECT')
          OR has_any_column_privilege(${writer}, c.oid, 'SELECT') AS reads,
        has_any_column_privilege(${writer}, c.oid, 'INSERT')
          OR has_any_column_privilege(${writer}, c.oid, 'UPDATE')
          OR has_table_privilege(${writer}, c.oid, 'DELETE') AS writes
      FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`;
    return new Map(rows.map(({ name, reads, writes }) => [name, { reads, writes }]));
  } finally {
    lease.release();
  }
}

Deno.test("a table that comes after a field rule waits, is granted to nobody, and is opened by an owner", async () => {
  await using stage = await ingestStage();
  const { services, scope } = stage;
  // The first tables are open: nothing is held back yet.
  assert.equal((await stage.load("first.csv", CSV)).waits, undefined);
  await setRules(services, scope, "first", { ...OPEN_RULES, hidden: ["pin"] });
  await setWrites(services, scope, "direct");
  assert.equal((await stage.load("second.csv", CSV)).waits, true);

  const enter = () => enterEndpoint(services, scope, scope.endpoint.slug);
  const names = async () => [...(await loadManifest(services, await enter())).tables.keys()];
  assert.deepEqual(await names(), ["first"]);
  const closed = { reads: false, writes: false };
  assert.deepEqual((await grants(stage, scope)).get("second"), closed);
  // Whatever sets grants anew leaves it closed.
  await setWrites(services, scope, "review");
  const rowFilter = { column: "name", op: "eq", value: "Ada" };
  await setRules(services, scope, "second", { ...OPEN_RULES, hidden: ["pin"], rowFilter });
  await rebuildManifest(services, scope, "test");
  assert.deepEqual((await grants(stage, scope)).get("second"), closed);
  assert.deepEqual(await names(), ["first"]);

  const waiting = await listWaitingTables(services, scope);
  assert.deepEqual(waiting.map(({ name, columns }) => ({ name, columns })), [
    { name: "second", columns: ["id", "name", "pin"] },
  ]);
  const agent = requestOf({ ...scope.principal, kind: "rest" });
  assert.deepEqual(await listWaitingTables(services, { ...scope, ...agent }), []);

  const relay = serveRelay(services);
  await openTable(services, await enter(), "second");
  await assert.rejects(openTable(services, scope, "second"), /No such table waits/);
  const manifest = await loadManifest(services, await enter());
  // Open as its rules say, which were set while it waited.
  assert.deepEqual([...manifest.tables.get("second")!.columns.keys()], ["id", "name"]);
  assert.deepEqual((await grants(stage, scope)).get("second"), { reads: true, writes: true });
  const opened = () =>
    listActivity(services, scope, { action: "table.opened" }, { after: null, limit: 10 });
  let { entries } = await opened();
  while (entries.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    ({ entries } = await opened());
  }
  await relay.stop();
  assert.deepEqual(entries.map(({ subject, userId }) => ({ subject, userId })), [
    { subject: "second", userId: scope.principal.userId },
  ]);
});

Deno.test("a table that comes after a choice of tables waits, unless the owner said otherwise", async () => {
  await using stage = await ingestStage();
  const { services, scope } = stage;
  await stage.load("first.csv", CSV);
  await mintToken(services, scope, {
    name: "chosen",
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: [scope.endpoint.id],
    tables: { [scope.endpoint.id]: { first: "read" } },
  });
  assert.equal((await stage.load("second.csv", CSV)).waits, true);
  await changeEndpoint(services, scope, { newTables: "open" });
  assert.equal((await stage.load("third.csv", CSV)).waits, undefined);
  await changeEndpoint(services, scope, { newTables: "wait" });
  assert.equal((await stage.load("fourth.csv", CSV)).waits, true);
});

Deno.test("an owner may let the first table wait", async () => {
  await using stage = await ingestStage();
  await changeEndpoint(stage.services, stage.scope, { newTables: "wait" });
  assert.equal((await stage.load("first.csv", CSV)).waits, true);
  const manifest = await loadManifest(
    stage.services,
    await enterEndpoint(stage.services, stage.scope, stage.scope.endpoint.slug),
  );
  assert.equal(manifest.tables.size, 0);
});
