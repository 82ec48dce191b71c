import assert from "node:assert/strict";
import { enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { connect, type Sql } from "../../lib/postgres/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { callTool, loadManifest, rebuildManifest, setWrites } from "../../lib/tools/mod.ts";
import { requestOf, testCluster } from "../harness/mod.ts";
import { connected, outcome, urlOf } from "./direct.ts";
import { writingWorld } from "./writing_world.ts";

// What Postgres lets every role do to itself, and what keeps that from reaching anybody else.

/** Defaults that a role may set for its own later sessions. */
const OWN_DEFAULTS: Readonly<Record<string, string>> = {
  search_path: "pg_temp",
  row_security: "off",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  transaction_timeout: "1ms",
  default_transaction_read_only: "off",
  default_transaction_isolation: "serializable",
  synchronous_commit: "off",
  standard_conforming_strings: "off",
  transform_null_equals: "on",
  array_nulls: "off",
  "DateStyle": "SQL, DMY",
  "IntervalStyle": "sql_standard",
  "TimeZone": "Asia/Tokyo",
  bytea_output: "escape",
  extra_float_digits: "-15",
};

type Settings = Readonly<Record<string, string>>;

/** All settings of a session, and what else could be left in it. */
async function session(sql: Sql): Promise<Settings> {
  const found: Record<string, string> = {};
  for (const { name, setting } of await sql.unsafe("SHOW ALL")) {
    // Those are there once a trigger has run.
    if (!name.startsWith("plpgsql.")) found[name] = setting;
  }
  const [row] = await sql`
    SELECT current_user::text AS "current_user", session_user::text AS "session_user",
      coalesce(current_setting('bulkhead.change', true), '') AS change,
      coalesce(current_setting('bulkhead.loading', true), '') AS loading,
      (SELECT count(*) FROM pg_cursors)::text AS cursors,
      (SELECT count(*) FROM pg_prepared_statements WHERE from_sql)::text AS prepared,
      pg_my_temp_schema()::text AS temp`;
  return { ...found, ...row };
}

async function open(services: Services, scope: EndpointScope) {
  await setWrites(services, scope, "direct");
  await rebuildManifest(services, scope, "test");
  const entered = await enterEndpoint(services, scope, scope.endpoint.slug);
  const manifest = await loadManifest(services, entered);
  const call = (tool: string, args: unknown, signal?: AbortSignal) =>
    callTool(
      services,
      signal ? { ...entered, ...requestOf(entered.principal, signal) } : entered,
      manifest,
      tool,
      args,
    );
  return { entered, call };
}

/** The sessions that a pool holds open, each asked for all that it is set to. */
async function sessionsOf(
  services: Services,
  scope: EndpointScope,
  role: "reader" | "writer" | "trial" | "keeper" | "owner",
): Promise<Settings[]> {
  const { sql, release } = await openEndpoint(services, scope, role);
  const held = [];
  try {
    for (let n = 0; n < sql.options.max; n++) held.push(await sql.reserve());
    return await Promise.all(held.map((one) => session(one as unknown as Sql)));
  } finally {
    for (const one of held) one.release();
    release();
  }
}

Deno.test("defaults that a role sets for itself never reach a call", async () => {
  await using world = await writingWorld();
  const { services } = world;
  const { entered, call } = await open(services, world.scope);
  const roles = ["reader", "writer", "trial"] as const;
  const before = await Promise.all(roles.map((role) => sessionsOf(services, entered, role)));
  for (const url of [world.reader, world.writer]) {
    await connected(url, async (sql) => {
      for (const [name, value] of Object.entries(OWN_DEFAULTS)) {
        await sql.unsafe(
          `BEGIN READ WRITE; ALTER ROLE CURRENT_USER SET ${name} = '${value}'; COMMIT`,
        );
      }
    });
    await connected(url, async (sql) => {
      const [row] = await sql`SHOW extra_float_digits`;
      assert.deepEqual(Object.values(row!), ["-15"], "it holds for sessions of one's own");
      await sql`SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE`;
      for (const name of ["bulkhead.loading", "bulkhead.change"]) {
        const setting = `ALTER ROLE CURRENT_USER SET ${name} = 'on'`;
        assert.equal(await outcome(sql, setting), "42501", name);
      }
    });
  }
  await services.pools.drop(entered.endpoint.id);
  for (const [index, role] of roles.entries()) {
    const [now] = await sessionsOf(services, entered, role);
    assert.deepEqual(now, before[index]![0], role);
  }
  const answer = await call("update_row", { table: "visit", key: 1, values: { note: "changed" } });
  assert.equal(answer.isError, false, answer.text);
  await connected(world.owner, async (owner) => {
    const [row] = await owner`
      SELECT count(*)::int AS n FROM bulkhead.journal WHERE table_name = 'visit'
        AND context ->> 'tool' = 'update_row' AND after ->> 'note' = 'changed'`;
    assert.equal(row!["n"], 1);
  });
});

Deno.test("a role's own password is all that it can take, and of its own endpoint alone", async () => {
  await using world = await writingWorld();
  const { services } = world;
  const { entered, call } = await open(services, world.scope);
  const other = await urlOf(services, world.other, "reader");
  assert.equal((await call("count_rows", { table: "visit" })).isError, false);
  await connected(world.reader, async (sql) => {
    const own = (text: string) => outcome(sql, `BEGIN READ WRITE; ${text}; COMMIT`);
    for (const url of [world.writer, world.owner, other]) {
      assert.equal(await own(`ALTER ROLE ${url.username} PASSWORD 'x'`), "42501");
      await outcome(sql, "ROLLBACK");
      assert.equal(await own(`ALTER ROLE ${url.username} SET work_mem = '1MB'`), "42501");
      await outcome(sql, "ROLLBACK");
    }
    assert.equal(await own("ALTER ROLE ALL SET work_mem = '1MB'"), "42501");
    await outcome(sql, "ROLLBACK");
    assert.equal(await own("ALTER ROLE CURRENT_USER PASSWORD 'mine'"), "done");
  });
  assert.equal(await connected(world.reader, (sql) => outcome(sql, "SELECT 1")), "28P01");
  for (const url of [world.writer, world.owner, other]) {
    assert.equal(await connected(url, (sql) => outcome(sql, "SELECT 1")), "done");
  }
  // What is open goes on; what would be opened anew is refused in our own words.
  assert.equal((await call("count_rows", { table: "visit" })).isError, false);
  await services.pools.drop(entered.endpoint.id);
  const answer = await call("count_rows", { table: "visit" });
  assert.match(answer.text, /not reachable|unavailable|moment/i);
  assert.doesNotMatch(answer.text, /password|authentication|bh_/i);
});

Deno.test("after calls of every end, a pool's sessions are as they were opened", async () => {
  await using world = await writingWorld();
  const { services } = world;
  const { entered, call } = await open(services, world.scope);
  const roles = ["reader", "writer", "trial", "keeper", "owner"] as const;
  const clean = new Map<string, Settings>();
  for (const role of roles) {
    const [first] = await sessionsOf(services, entered, role);
    clean.set(role, first!);
  }
  const blocker = connect(world.owner.href, { max: 1 });
  await blocker.unsafe("BEGIN; UPDATE visit SET note = note WHERE id = 2");
  const gone = new AbortController();
  const late = new AbortController();
  const calls = [
    ["update_row", { table: "visit", key: 1, values: { note: "a" } }],
    ["update_row", { table: "visit", key: 1, values: { note: "b" }, dry_run: true }],
    ["update_row", { table: "visit", key: 1, values: { note: "c" }, idempotency_key: "k" }],
    ["update_row", { table: "visit", key: 1, values: { note: "d" }, idempotency_key: "k" }],
    ["update_row", { table: "visit", key: 99, values: { note: "e" } }],
    ["update_row", { table: "staff", key: 1, values: { level: -1 } }],
    ["update_row", { table: "visit", key: 1, values: { customer_id: 77 } }],
    // Somebody has this row: the lock timeout ends it.
    ["update_row", { table: "visit", key: 2, values: { note: "f" } }],
    ["delete_rows", {
      table: "visit",
      filter: { column: "id", op: "gt", value: 0 },
      expected_count: 3,
    }],
    ["insert_rows", { table: "visit", rows: [{ note: "g" }, { customer_id: 77 }] }],
    ["insert_rows", { table: "visit", rows: [{ note: "h" }], dry_run: true }],
    ["upsert_rows", { table: "customer", rows: [{ id: 2, name: "filtered" }] }],
    ["delete_row", { table: "customer", key: 3, dry_run: true }],
    ["update_rows", {
      table: "visit",
      filter: { column: "id", op: "eq", value: 1 },
      values: { note: "i" },
      expected_count: 5,
    }],
    ["list_rows", { table: "visit" }],
    ["filter_rows", { table: "customer", filter: { column: "id", op: "eq", value: "x" } }],
    ["get_row", { table: "visit", key: 10 }],
  ] as const;
  const ends = await Promise.all([
    ...calls.map(([tool, args]) => call(tool, args)),
    call("update_row", { table: "visit", key: 2, values: { note: "j" } }, late.signal)
      .catch((error) => error),
    call("list_rows", { table: "visit" }, gone.signal).catch((error) => error),
    Promise.resolve().then(() => {
      gone.abort();
      late.abort();
    }),
  ]);
  await blocker.unsafe("ROLLBACK");
  await blocker.end();
  assert.ok(ends.some((end) => end?.isError === false) && ends.some((end) => end?.isError));
  for (const role of roles) {
    for (const now of await sessionsOf(services, entered, role)) {
      assert.deepEqual(now, clean.get(role), role);
    }
  }
});

Deno.test("what a writer locks ends with its session, which the administrator can end", async () => {
  await using world = await writingWorld();
  const { superuser } = await testCluster();
  const { entered, call } = await open(world.services, world.scope);
  const writer = connect(world.writer.href, { max: 1 });
  await writer.unsafe("BEGIN; LOCK TABLE visit IN ACCESS EXCLUSIVE MODE");
  const [row] = await writer`SHOW idle_in_transaction_session_timeout`;
  assert.deepEqual(Object.values(row!), ["15s"], "unless it takes that from itself");
  // Another tenant does not wait, nor another table.
  const others = await urlOf(world.services, world.other, "reader");
  assert.equal(await connected(others, (sql) => outcome(sql, "SELECT * FROM visit")), "done");
  assert.equal((await call("count_rows", { table: "place" })).isError, false);
  await superuser`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = ${world.writer.username} AND application_name = 'bulkhead' AND pid <> pg_backend_pid()`;
  await writer.end({ timeout: 1 });
  assert.equal((await call("count_rows", { table: "visit" })).isError, false, entered.requestId);
});

Deno.test("nothing in the catalogue names another tenant's database, nor counts what it does", async () => {
  await using world = await writingWorld();
  const other = await urlOf(world.services, world.other, "owner");
  const stem = other.pathname.slice(1);
  for (const url of [world.reader, world.writer]) {
    await connected(url, async (sql) => {
      const relations = await sql<{ name: string }[]>`
        SELECT c.oid::regclass::text AS name FROM pg_class c
        WHERE c.relkind IN ('r', 'v') AND c.oid < 16384 ORDER BY 1`;
      assert.ok(relations.length > 180);
      let answered = 0;
      for (const { name } of relations) {
        const rows = await sql.unsafe(`SELECT * FROM ${name}`).catch(() => null);
        if (rows === null) continue;
        answered++;
        assert.ok(!JSON.stringify(rows).includes(stem), name);
      }
      assert.ok(answered > 80, String(answered));
      const functions = await sql<{ call: string }[]>`
        SELECT p.oid::regprocedure::text AS call FROM pg_proc p
        WHERE p.pronargs = 0 AND p.prokind = 'f' AND p.oid < 16384
          AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
          AND has_function_privilege(p.oid, 'EXECUTE') ORDER BY 1`;
      assert.ok(functions.length > 50);
      for (const { call } of functions) {
        const rows = await sql.unsafe(`SELECT * FROM ${call}`).catch(() => []);
        assert.ok(!JSON.stringify(rows).includes(stem), call);
      }
    });
  }
});
