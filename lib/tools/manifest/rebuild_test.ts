import assert from "node:assert/strict";
import { createEndpoint, endpointRoles, enterEndpoint } from "../../endpoints/mod.ts";
import { connect, quoteIdent } from "../../postgres/mod.ts";
import { loadTables, toolEndpoint } from "../../../tests/tools/fixture.ts";
import { testCluster, testServices, testTenant } from "../../../tests/harness/mod.ts";
import { loadManifest } from "./load.ts";
import { rebuildManifest } from "./rebuild.ts";

const TABLES = `
  CREATE TABLE country (code text PRIMARY KEY, name text NOT NULL UNIQUE);
  COMMENT ON TABLE country IS 'All of them';
  COMMENT ON COLUMN country.name IS 'Country Name';
  CREATE TABLE town (
    _id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(40), country_code text REFERENCES country,
    founded date, area numeric(10,2)
  );
  CREATE TABLE road (
    from_id bigint REFERENCES town, to_id bigint REFERENCES town, km float4, PRIMARY KEY (from_id, to_id)
  );
  CREATE TABLE toll (
    id int NOT NULL, a bigint, b bigint, at timestamptz,
    FOREIGN KEY (a, b) REFERENCES road (from_id, to_id)
  );
  CREATE UNIQUE INDEX toll_id ON toll (id);
  CREATE UNIQUE INDEX toll_maybe ON toll (a);
  CREATE UNIQUE INDEX toll_some ON toll (b) WHERE b > 0;
  CREATE INDEX toll_expression ON toll ((id + 1));
  CREATE INDEX town_search_idx ON town USING gin (to_tsvector('simple'::regconfig, coalesce(name, '')));
  CREATE VIEW big_town AS SELECT * FROM town WHERE area > 100;
  INSERT INTO country VALUES ('NO', 'Norway'), ('SE', 'Sweden');`;

Deno.test("rebuildManifest() stores the schema as the reader sees it", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const { tables } = endpoint.manifest;
  assert.deepEqual([...tables.keys()], ["big_town", "country", "road", "toll", "town"]);

  const country = tables.get("country")!;
  assert.equal(country.comment, "All of them");
  assert.deepEqual([country.rows, country.exact, country.stored], [2, true, true]);
  assert.deepEqual(country.primaryKey, ["code"]);
  assert.deepEqual(country.uniqueKeys, [["name"]]);
  assert.equal(country.columns.get("name")!.comment, "Country Name");
  assert.equal(country.columns.get("name")!.nullable, false);

  const town = tables.get("town")!;
  assert.deepEqual(
    [...town.columns.values()].map(({ name, type, kind, cast }) => [name, type, kind, cast]),
    [
      ["_id", "bigint", "bigint", "pg_catalog.int8"],
      ["name", "character varying(40)", "text", 'pg_catalog."varchar"'],
      ["country_code", "text", "text", "pg_catalog.text"],
      ["founded", "date", "date", "pg_catalog.date"],
      ["area", "numeric(10,2)", "numeric", 'pg_catalog."numeric"'],
    ],
  );
  assert.deepEqual(town.foreignKeys, [
    { columns: ["country_code"], table: "country", references: ["code"] },
  ]);
  assert.equal(town.search!.config, "simple");
  assert.match(town.search!.expression, /^to_tsvector\('simple'::regconfig, COALESCE\(name/);

  assert.deepEqual(tables.get("road")!.primaryKey, ["from_id", "to_id"]);
  const toll = tables.get("toll")!;
  assert.equal(toll.primaryKey, null);
  // Neither the unique index over nulls nor the partial one tells rows apart.
  assert.deepEqual(toll.uniqueKeys, [["id"]]);
  assert.deepEqual(toll.key!.map((column) => column.name), ["id"]);
  assert.deepEqual(toll.foreignKeys, [
    { columns: ["a", "b"], table: "road", references: ["from_id", "to_id"] },
  ]);
  const view = tables.get("big_town")!;
  assert.deepEqual([view.stored, view.rows, view.key], [false, null, null]);
});

Deno.test("rebuildManifest() leaves out what the reader may not see", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const { services, scope, tenant } = endpoint;
  const { reader } = await endpointRoles(services, scope);
  await endpoint.owner((sql) =>
    sql.unsafe(`
      REVOKE SELECT ON road, town FROM ${quoteIdent(reader)};
      GRANT SELECT (_id, name) ON town TO ${quoteIdent(reader)};
      CREATE TABLE hidden (id int);
      CREATE SCHEMA other; CREATE TABLE other.thing (id int)`)
  );
  await rebuildManifest(services, scope, "test");
  const after = await enterEndpoint(services, tenant.scope, scope.endpoint.slug);
  const { tables } = await loadManifest(services, after);
  assert.deepEqual([...tables.keys()], ["big_town", "country", "toll", "town"]);
  const town = tables.get("town")!;
  assert.deepEqual([...town.columns.keys()], ["_id", "name"]);
  // A key over a hidden column, or to a hidden table, would tell of it.
  assert.deepEqual(town.foreignKeys, []);
  assert.deepEqual(tables.get("toll")!.foreignKeys, []);
});

Deno.test("each rebuild is a version with an audit entry; concurrent ones follow each other", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const made = await createEndpoint(services, tenant.scope, "versions");
  assert.equal((await loadManifest(services, made)).tables.size, 0);
  await loadTables(services, made, "CREATE TABLE one (id int PRIMARY KEY)");
  const versions = await Promise.all(
    Array.from({ length: 12 }, () => rebuildManifest(services, made, "by hand")),
  );
  assert.deepEqual(versions.toSorted((a, b) => a - b), Array.from({ length: 12 }, (_, i) => i + 1));
  const scope = await enterEndpoint(services, tenant.scope, made.endpoint.slug);
  assert.equal(scope.endpoint.manifestVersion, 12);
  const manifest = await loadManifest(services, scope);
  assert.equal(manifest.version, 12);
  assert.equal(await loadManifest(services, scope), manifest);
  const events = await services.control.tenant(
    tenant.tenantId,
    (tx) =>
      tx`
        SELECT actor_kind, user_id, endpoint_id, subject, detail FROM audit_events
        WHERE action = 'manifest.rebuilt' ORDER BY at`,
  );
  assert.equal(events.length, 12);
  assert.equal(events[0]!["actor_kind"], "dashboard");
  assert.equal(events[0]!["user_id"], tenant.userId);
  assert.equal(events[0]!["endpoint_id"], made.endpoint.id);
  assert.equal(events[0]!["detail"].reason, "by hand");
  assert.deepEqual(
    new Set(events.map((event) => event["detail"].version)),
    new Set(versions),
  );
});

Deno.test("rebuildManifest() fails where its connection is killed, and can be repeated", async () => {
  await using test = await toolEndpoint("CREATE TABLE one (id int PRIMARY KEY)");
  const superuser = connect((await testCluster()).superuserUrl, { max: 1 });
  try {
    await test.owner((owner) =>
      owner.begin(async (tx) => {
        await tx`LOCK TABLE one`;
        const outcome = rebuildManifest(test.services, test.scope, "test")
          .then(() => "done", ({ code }) => code);
        for (let killed = 0; !killed;) {
          const rows = await superuser`
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'bulkhead reader' AND wait_event_type = 'Lock'
              AND datname = ${String(owner.options.database)}`;
          killed = rows.length;
        }
        assert.equal(await outcome, "UNAVAILABLE");
      })
    );
    assert.equal(await rebuildManifest(test.services, test.scope, "test"), 2);
  } finally {
    await superuser.end();
  }
});
