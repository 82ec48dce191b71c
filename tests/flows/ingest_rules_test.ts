import assert from "node:assert/strict";
import { changeEndpoint, enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { declareForeignKey, serveIngests } from "../../lib/ingest/mod.ts";
import {
  callTool,
  loadManifest,
  OPEN_RULES,
  readTableRules,
  rebuildManifest,
  setRules,
  setWrites,
} from "../../lib/tools/mod.ts";
import { file, type IngestTest, ingestTest, load } from "./ingest_setup.ts";

const PEOPLE = "id,name,country,pay\n1,Ada,NO,canary10\n2,Bo,SE,canary20\n3,Cy,NO,canary30\n";
const RULES = {
  ...OPEN_RULES,
  hidden: ["pay"],
  delete: false,
  rowFilter: { column: "country", op: "eq", value: "NO" },
};

/** Services that load files, and an agent's view of the endpoint. */
async function start(test: IngestTest) {
  const { services, scope } = test;
  // What else waits to be opened is open at once here, as its rules say.
  await changeEndpoint(services, scope, { newTables: "open" });
  const worker = await serveIngests(
    services,
    (loaded) => rebuildManifest(services, loaded, "data loaded").then(() => {}),
  );
  return {
    worker,
    async owner(sql: string) {
      const lease = await openEndpoint(services, scope, "owner");
      await lease.sql.unsafe(sql).finally(lease.release);
    },
    /** What an agent sees of the tables, all told. */
    async sees(table: string, more: Record<string, unknown> = {}) {
      const entered = await enterEndpoint(services, scope, scope.endpoint.slug);
      const manifest = await loadManifest(services, entered);
      const ask = (tool: string, args: unknown) =>
        callTool(services, entered, manifest, tool, args);
      const described = await ask("describe_tables", {});
      const listed = await ask("list_rows", { table, limit: 100, ...more });
      return {
        columns: [...manifest.tables.get(table)?.columns.keys() ?? []],
        listed,
        described,
        ask,
      };
    },
  };
}

const idsOf = (structured: string | null) =>
  (JSON.parse(structured!) as { rows: { id: number }[] }).rows.map(({ id }) => id);

Deno.test("rules hold for rows that are appended, and for a table that comes again by its name", async () => {
  await using test = await ingestTest();
  const { services, scope } = test;
  const { worker, owner, sees } = await start(test);
  await load(test, file(PEOPLE, { fileName: "person.csv" }));
  await setWrites(services, scope, "direct");
  await setRules(services, scope, "person", RULES);

  await load(
    test,
    file("id,name,country,pay\n4,Di,NO,canary40\n5,Ed,DK,canary50\n", {
      fileName: "more.csv",
      options: { mode: "append", table: "person" },
    }),
  );
  const appended = await sees("person");
  assert.deepEqual(appended.columns, ["id", "name", "country"]);
  assert.deepEqual(idsOf(appended.listed.structured), [1, 3, 4]);
  const found = await appended.ask("search_rows", { table: "person", query: "canary40" });
  assert.deepEqual(idsOf(found.structured), []);

  // A table that a load makes is open, to writes too, until somebody restricts it.
  await load(test, file("id,city\n1,Oslo\n", { fileName: "town.csv" }));
  const town = await sees("town");
  assert.equal((await town.ask("delete_row", { table: "town", key: 1 })).isError, false);

  await owner("DROP TABLE person");
  await load(
    test,
    file("id,pay,country,age\n7,canary70,NO,30\n8,canary80,SE,40\n", { fileName: "person.csv" }),
  );
  const again = await sees("person");
  assert.deepEqual(again.columns, ["id", "country", "age"]);
  assert.deepEqual(idsOf(again.listed.structured), [7]);
  assert.equal((await again.ask("delete_row", { table: "person", key: 7 })).isError, true);
  assert.deepEqual((await readTableRules(services, scope, "person")).rules, RULES);
  await worker.stop();
});

Deno.test("a table that comes again without the column of its row filter is not opened to anybody", async () => {
  await using test = await ingestTest();
  const { services, scope } = test;
  const { worker, owner, sees } = await start(test);
  await load(test, file(PEOPLE, { fileName: "person.csv" }));
  await setRules(services, scope, "person", RULES);
  await owner("DROP TABLE person");
  const ended = await load(
    test,
    file("id,name,pay\n7,canary,canary70\n", { fileName: "person.csv" }),
  );
  assert.equal(ended.status, "failed");
  assert.equal(ended.error?.code, "SHAPE_MISMATCH");
  assert.match(ended.error?.detail ?? "", /row filter/);
  await rebuildManifest(services, scope, "test");
  assert.deepEqual((await sees("person")).columns, []);
  await worker.stop();
});

Deno.test("a foreign key over hidden columns is told to no agent, and joins nothing", async () => {
  await using test = await ingestTest();
  const { services, scope } = test;
  const { worker, owner, sees } = await start(test);
  await load(
    test,
    file("id,secret_code,name\n1,canaryA,Ada\n2,canaryB,Bo\n", { fileName: "person.csv" }),
  );
  await load(
    test,
    file("id,secret_code,note\n7,canaryA,x\n8,canaryB,y\n9,canaryA,z\n", { fileName: "visit.csv" }),
  );
  await owner("ALTER TABLE person ADD UNIQUE (secret_code)");
  await setRules(services, scope, "person", { ...OPEN_RULES, hidden: ["secret_code"] });
  const key = {
    table: "visit",
    column: "secret_code",
    references: { table: "person", column: "secret_code" },
  };
  await declareForeignKey(
    services,
    scope,
    key,
    (changed) => rebuildManifest(services, changed, "foreign key declared").then(() => {}),
  );
  for (const table of ["visit", "person"]) {
    await setRules(services, scope, table, { ...OPEN_RULES, hidden: ["secret_code"] });
    const seen = await sees(table);
    const joined = await seen.ask("join_rows", {
      table: "visit",
      joins: [{ table: "person" }],
      columns: ["id", "person.name"],
    });
    assert.equal(joined.isError, true);
    const all = [seen.described, seen.listed, joined].map(({ text, structured }) =>
      text + structured
    );
    for (const text of all) {
      if (table === "person") {
        assert(!text.includes("secret_code") && !text.includes("canary"), text);
      }
      assert(!text.includes("→ person"), text);
    }
  }
  await worker.stop();
});
