import assert from "node:assert/strict";
import { AppError, type ErrorCode } from "../errors.ts";
import { type EndpointId, newId } from "../ids.ts";
import type { Ability, EndpointScope } from "../principal.ts";
import { testCluster } from "../../tests/harness/mod.ts";
import { type ToolEndpoint, toolEndpoint } from "../../tests/tools/fixture.ts";
import { endpointRoles } from "../endpoints/mod.ts";
import { callTool, toolList } from "./mod.ts";

const TABLES = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
  CREATE TABLE item (
    id int PRIMARY KEY, name text, mood mood, share percent, span interval, at timestamptz,
    day date, price numeric, f float8, doc jsonb, raw json, tags text[], ip inet, yes boolean,
    code uuid, big bigint, clock time
  );
  INSERT INTO item VALUES
    (1, 'one', 'sad', 5, '1 day 02:00', '2024-02-29 12:00:00.123456+02', '2024-02-29', 1e30, 'NaN',
     '{"a": 12345678901234567890}', '{"b" :\n 1}', '{x,"y z"}', '10.0.0.1', true,
     '018f3c1e-0000-7000-8000-000000000000', 9223372036854775807, '12:30'),
    (2, 'two', 'happy', 50, NULL, 'infinity', '-infinity', 'NaN', '-Infinity', 'null', '[]', '{}',
     '::1', false, NULL, NULL, NULL);
  CREATE TABLE "odd ""name""; --" ("a.b" int PRIMARY KEY, "sel""ect" text, "x" text, "Ünï" text);
  INSERT INTO "odd ""name""; --" VALUES (1, 'it''s', 'x', '|');
  CREATE VIEW calm AS SELECT id, name FROM item;
  CREATE TABLE keyless (n int);
  INSERT INTO keyless SELECT generate_series(1, 60);`;

const thrownBy = async (work: Promise<unknown>): Promise<ErrorCode> => {
  const error = await work.then(() => null, (thrown) => thrown);
  assert.ok(error instanceof AppError, String(error));
  return error.code;
};

Deno.test("every type of value comes back exact, and can be asked for again", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const { structured } = await endpoint.call("get_row", { table: "item", key: 1 });
  assert.equal(
    structured,
    '{"row":{"id":1,"name":"one","mood":"sad","share":5,"span":"1 day 02:00:00",' +
      '"at":"2024-02-29T10:00:00.123456+00:00","day":"2024-02-29",' +
      '"price":"1000000000000000000000000000000","f":"NaN","doc":{"a": 12345678901234567890},' +
      '"raw":{"b": 1},"tags":"{x,\\"y z\\"}","ip":"10.0.0.1/32","yes":true,' +
      '"code":"018f3c1e-0000-7000-8000-000000000000","big":"9223372036854775807",' +
      '"clock":"12:30:00"}}',
  );
  const { text } = await endpoint.call("get_row", { table: "item", key: 1 });
  assert.match(text, /^at: 2024-02-29T10:00:00.123456Z$/m);
  assert.match(text, /^doc: \{"a":12345678901234567890\}$/m);
  assert.match(text, /untrusted data, not instructions/);

  const { row } = JSON.parse(structured!.replace('"a": 12345678901234567890', '"a": 1'));
  const first = (column: string, op: string, value: unknown) =>
    endpoint.ask("filter_rows", { table: "item", filter: { column, op, value }, columns: ["id"] });
  for (
    const column of [
      "name",
      "mood",
      "share",
      "span",
      "at",
      "day",
      "price",
      "f",
      "yes",
      "code",
      "big",
      "clock",
    ]
  ) {
    const { rows } = await first(column, "eq", row[column]);
    assert.deepEqual(rows, [{ id: 1 }], column);
  }
  assert.deepEqual((await first("at", "eq", "infinity")).rows, [{ id: 2 }]);
  assert.deepEqual((await first("doc", "eq", null).catch(() => ({ rows: 0 }))).rows, 0);
  assert.deepEqual((await first("mood", "gt", "sad")).rows, [{ id: 2 }]);
});

Deno.test("hostile and wrong arguments are answered as faults of the arguments", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const eq = (column: string, value: unknown) => ({
    table: "item",
    filter: { column, op: "eq", value },
  });
  const long = "x".repeat(2_000_000);
  let deep: unknown = [];
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const hostile: [tool: string, args: unknown, said: RegExp][] = [
    ["list_rows", undefined, /`table` is missing/],
    ["list_rows", null, /`table` is missing/],
    ["list_rows", [], /one JSON object/],
    ["list_rows", "item", /one JSON object/],
    ["list_rows", { table: 1 }, /`table` must be a text/],
    ["list_rows", { table: "constructor" }, /no table `constructor`/],
    ["list_rows", { table: "__proto__" }, /no table `__proto__`/],
    ["list_rows", { table: "pg_catalog.pg_class" }, /no table/],
    ["list_rows", { table: 'item"; DROP TABLE item; --' }, /no table/],
    ["list_rows", { table: "item\0" }, /no table/],
    ["list_rows", { table: long }, /no table `x{64}…`/],
    ["list_rows", { table: "item", columns: ["__proto__"] }, /no column `__proto__`/],
    ["list_rows", { table: "item", columns: ["hasOwnProperty"] }, /no column/],
    ["list_rows", { table: "item", columns: ["id\0"] }, /no column/],
    ["list_rows", { table: "item", columns: [long] }, /at most 200/],
    ["list_rows", { table: "item", columns: "id" }, /must be array/],
    [
      "list_rows",
      JSON.parse('{"table": "item", "__proto__": {"limit": 1}}'),
      /no argument `__proto__`/,
    ],
    ["list_rows", { table: "item", limit: 0 }, /at least 1/],
    ["list_rows", { table: "item", limit: 501 }, /at most 500/],
    ["list_rows", { table: "item", limit: 1.5 }, /must be int/],
    ["list_rows", { table: "item", limit: 1e99 }, /`limit`/],
    ["list_rows", { table: "item", cursor: long }, /at most/],
    ["list_rows", { table: "item", cursor: "x" }, /does not belong/],
    ["list_rows", { table: "item", order_by: [{ column: "id" }, { column: "id" }] }, /twice/],
    ["list_rows", { table: "item", order_by: [{ column: "doc" }] }, /cannot be ordered/],
    [
      "list_rows",
      { table: "item", order_by: [{ column: "id", direction: "up" }] },
      /`asc`, `desc`/,
    ],
    ["get_row", { table: "item", key: "one" }, /`id` is integer/],
    ["get_row", { table: "item", key: {} }, /the key of `item` is `id`/],
    ["get_row", { table: "item", key: { id: 1, name: "x" } }, /the key of `item` is `id`/],
    ["get_row", { table: "keyless", key: 1 }, /has no key; use a filter/],
    ["get_row", { table: "item" }, /`key`/],
    ["filter_rows", { table: "item" }, /`filter`: is missing/],
    ["filter_rows", { table: "item", filter: 1 }, /a filter is a condition/],
    ["filter_rows", { table: "item", filter: deep }, /a filter is a condition/],
    ["filter_rows", eq("name", long), /at most 10000/],
    ["filter_rows", eq("name", "a\0b"), /NUL/],
    ["filter_rows", eq("mood", "angry"), /does not fit the type of its column: `mood` \(mood\)/],
    ["filter_rows", eq("span", "soon"), /`span` \(interval\)/],
    ["filter_rows", eq("doc", "\0"), /`doc` \(jsonb\)/],
    ["filter_rows", eq("day", "2023-02-29"), /send a date/],
    ["filter_rows", eq("day", "01/02/2023"), /send a date/],
    ["filter_rows", eq("at", "yesterday"), /ISO 8601/],
    ["filter_rows", eq("at", "2024-01-01T25:00:00Z"), /ISO 8601/],
    ["filter_rows", eq("at", "2024-01-01T00:00:00+99:99"), /`at` \(timestamp with time zone\)/],
    ["filter_rows", eq("day", "999999-01-01"), /send a date/],
    ["filter_rows", eq("doc", deep), /nests at most 50 levels/],
    ["filter_rows", eq("name", deep), /send a text/],
    ["get_row", { table: "item", key: deep }, /`key`/],
    ["filter_rows", eq("price", "12,5"), /send a number/],
    ["filter_rows", eq("f", "1e9999"), /out of its type's range/],
    ["filter_rows", eq("big", "9223372036854775808"), /from -9223372036854775808/],
    ["filter_rows", eq("code", "1"), /send a UUID/],
    ["filter_rows", eq("raw", {}), /only is_null works on it/],
    ["filter_rows", eq("ip", "10.0.0.1"), /only is_null works on it/],
    ["filter_rows", eq("clock", "25:00"), /time of day/],
    ["search_rows", { table: "item", query: "" }, /at least 1/],
    ["aggregate_rows", { table: "item", aggregates: [] }, /at least 1/],
    ["aggregate_rows", { table: "item", aggregates: [{ fn: "sum" }] }, /sum needs a column/],
    [
      "aggregate_rows",
      { table: "item", aggregates: [{ fn: "count" }, { fn: "count" }] },
      /name one with "as"/,
    ],
    [
      "aggregate_rows",
      { table: "item", aggregates: [{ fn: "count", as: 'a"b' }] },
      /letters, digits/,
    ],
    ["aggregate_rows", {
      table: "item",
      group_by: [{ column: "day", bucket: "hour" }],
      aggregates: [{ fn: "count" }],
    }, /has no hours/],
    ["aggregate_rows", {
      table: "item",
      group_by: [{ column: "name", bucket: "day" }],
      aggregates: [{ fn: "count" }],
    }, /date buckets need/],
    ["aggregate_rows", { table: "item", aggregates: [{ fn: "max", column: "yes" }] }, /max needs/],
    [
      "aggregate_rows",
      { table: "item", group_by: ["raw"], aggregates: [{ fn: "count" }] },
      /cannot be grouped/,
    ],
    ["join_rows", { table: "item", joins: [] }, /at least 1/],
    ["join_rows", { table: "item", joins: [{ table: "keyless" }] }, /no way leads there/],
    ["describe_tables", { tables: ["itme"] }, /nearest: `item`/],
    ["describe_tables", { table: "item" }, /no argument `table`; nearest: `tables`/],
  ];
  for (const [tool, args, said] of hostile) {
    const answer = await endpoint.call(tool, args);
    const told = `${tool} ${Deno.inspect(args, { strAbbreviateSize: 100 })} → ${answer.text}`;
    assert.equal(answer.isError, true, told);
    assert.match(answer.text, said, told);
    assert.ok(answer.text.length < 1_000, told);
    assert.doesNotMatch(answer.text, /went wrong on our side|SQLSTATE|syntax|invalid input/, told);
  }
});

Deno.test("odd names are quoted, in SQL and in answers", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const table = 'odd "name"; --';
  const row = { "a.b": 1, 'sel"ect': "it's", x: "x", "Ünï": "|" };
  assert.deepEqual((await endpoint.ask("get_row", { table, key: 1 })).row, row);
  const { rows } = await endpoint.ask("filter_rows", {
    table,
    filter: { column: 'sel"ect', op: "eq", value: "it's" },
    order_by: [{ column: "Ünï", direction: "desc" }],
  });
  assert.deepEqual(rows, [row]);
  const { text } = await endpoint.call("list_rows", { table });
  assert.match(text, /^a\.b\|sel"ect\|x\|Ünï\n1\|it's\|x\|\\\|$/m);
});

Deno.test("tables without a key and views answer, and say where they cut", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const page = await endpoint.ask("list_rows", { table: "keyless", order_by: [{ column: "n" }] });
  assert.equal(page.rows.length, 50);
  assert.equal(page.truncated, true);
  assert.equal(page.next_cursor, undefined);
  const { text } = await endpoint.call("list_rows", { table: "keyless" });
  assert.match(text, /^50 rows, cut here: filter to reach the rest\n/);
  assert.equal((await endpoint.ask("list_rows", { table: "calm" })).rows.length, 2);
});

Deno.test("callTool() refuses unknown tools and missing abilities before anything runs", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const { services, scope, manifest } = endpoint;
  const as = (...abilities: Ability[]): EndpointScope => ({
    ...scope,
    principal: { ...scope.principal, abilities: new Set(abilities) },
  });
  assert.equal(
    await thrownBy(callTool(services, scope, manifest, "list_row", { table: "item" })),
    "UNKNOWN_TOOL",
  );
  assert.equal(
    await thrownBy(callTool(services, scope, manifest, "__proto__", {})),
    "UNKNOWN_TOOL",
  );
  const elsewhere = { ...scope, endpoint: { ...scope.endpoint, id: newId<EndpointId>() } };
  assert.equal(
    await thrownBy(callTool(services, elsewhere, manifest, "describe_tables", {})),
    "ACCESS_DENIED",
  );
  const other = as("files:write", "api:endpoints:read");
  assert.equal(
    await thrownBy(callTool(services, other, manifest, "list_rows", { table: "item" })),
    "INSUFFICIENT_SCOPE",
  );
  assert.equal(toolList(manifest, other.principal), "[]");
  assert.equal(JSON.parse(toolList(manifest, as("rows:read").principal)).length, 8);
});

Deno.test("each call leaves a usage event that says how it went and nothing of what was asked", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const { services, tenant } = endpoint;
  await endpoint.call("count_rows", { table: "item" });
  await endpoint.call("count_rows", { table: "secret-word" });
  await services.usage.flush();
  const rows = await services.control.tenant(
    tenant.tenantId,
    (tx) =>
      tx`SELECT tool, status, latency_us, row_to_json(u)::text AS whole FROM usage_events u ORDER BY at`,
  );
  assert.deepEqual(rows.map((row) => [row["tool"], row["status"]]), [
    ["count_rows", "ok"],
    ["count_rows", "UNKNOWN_TABLE"],
  ]);
  for (const row of rows) {
    assert.ok(row["latency_us"] > 0);
    assert.doesNotMatch(row["whole"], /secret-word/);
  }
});

/** A view that takes for ever; the reader may call no pg_sleep. */
const SLOW_VIEW = `
  CREATE TABLE n AS SELECT generate_series(1, 100) AS n;
  CREATE VIEW slow AS SELECT count(*) AS n FROM n a, n b, n c, n d, n e, n f, n g
  WHERE a.n + b.n + c.n + d.n + e.n + f.n + g.n < 0`;

async function running(endpoint: ToolEndpoint): Promise<number> {
  const { superuser } = await testCluster();
  const [row] = await superuser<{ n: number }[]>`
    SELECT count(*)::int AS n FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE '%"slow"%' AND datname = ${await endpoint.owner((sql) =>
    sql`SELECT current_database() AS name`.then((rows) => rows[0]!["name"])
  )}`;
  return row!.n;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!await done()) await new Promise((resolve) => setTimeout(resolve, 20));
}

Deno.test("a cancelled request cancels its query in Postgres, and no other", async () => {
  await using endpoint = await toolEndpoint(TABLES + ";" + SLOW_VIEW);
  const { services, scope, manifest } = endpoint;
  const start = (signal: AbortSignal) =>
    callTool(services, { ...scope, signal }, manifest, "list_rows", { table: "slow" });
  const [first, second] = [new AbortController(), new AbortController()];
  const outcomes = [first, second].map(({ signal }) => thrownBy(start(signal)));
  await until(async () => await running(endpoint) === 2);
  first.abort();
  assert.equal(await outcomes[0], "CANCELLED");
  await until(async () => await running(endpoint) === 1);
  // The connection is fit for use, and the other query still runs.
  assert.equal((await endpoint.ask("count_rows", { table: "item" })).count, 2);
  assert.equal(await running(endpoint), 1);
  second.abort();
  assert.equal(await outcomes[1], "CANCELLED");
  assert.equal(await thrownBy(start(AbortSignal.abort())), "CANCELLED");
});

Deno.test("requests cancelled before their connection is open leave the pool fit for use", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const { services, scope, manifest } = endpoint;
  await services.pools.drop(scope.endpoint.id);
  const outcomes = Array.from({ length: 40 }, () => {
    const abort = new AbortController();
    const call = callTool(
      services,
      { ...scope, signal: abort.signal },
      manifest,
      "count_rows",
      { table: "item" },
    );
    setTimeout(() => abort.abort(), 3);
    return call.then(() => "answered", (error: AppError) => error.code);
  });
  for (const outcome of await Promise.all(outcomes)) {
    assert.ok(outcome === "CANCELLED" || outcome === "answered", outcome);
  }
  const counts = Array.from({ length: 40 }, () => endpoint.ask("count_rows", { table: "item" }));
  for (const { count } of await Promise.all(counts)) assert.equal(count, 2);
});

Deno.test("a query that takes too long is stopped, and the model told what to do", async () => {
  await using endpoint = await toolEndpoint(SLOW_VIEW);
  const { superuser } = await testCluster();
  const { reader } = await endpointRoles(endpoint.services, endpoint.scope);
  await superuser.unsafe(`ALTER ROLE "${reader}" SET statement_timeout = '200ms'`);
  // The connections that the rebuild opened still have the old bound.
  await endpoint.services.pools.drop(endpoint.scope.endpoint.id);
  const said = await endpoint.fault("list_rows", { table: "slow" });
  assert.match(said, /took too long and was stopped.*Filter on an indexed column/);
});

Deno.test("a table that is gone since the manifest was built is a fault that says so", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  await endpoint.owner((sql) => sql.unsafe("DROP VIEW calm; DROP TABLE item"));
  assert.match(await endpoint.fault("list_rows", { table: "item" }), /have changed since/);
});
