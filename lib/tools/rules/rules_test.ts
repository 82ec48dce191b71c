import assert from "node:assert/strict";
import { AppError } from "../../errors.ts";
import { enterEndpoint, openEndpoint } from "../../endpoints/mod.ts";
import { sqlState } from "../../postgres/mod.ts";
import { toolEndpoint } from "../../../tests/tools/fixture.ts";
import { loadManifest } from "../manifest/load.ts";
import { previewRows, readRules, readTableRules, setRules } from "./rules.ts";
import { OPEN_RULES } from "./shape.ts";
import { setWrites } from "./writes.ts";

const TABLES = `
  CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE TABLE person (
    id int PRIMARY KEY, name text NOT NULL, country text, born date, pay numeric(10,2), mood mood,
    tags text[], "it's ""odd""" text, seen timestamptz,
    initial text GENERATED ALWAYS AS (left(name, 1)) STORED
  );
  CREATE TABLE visit (id int PRIMARY KEY, person_id int REFERENCES person, note text);
  CREATE TABLE keyless (a int, b int);
  INSERT INTO person VALUES
    (1, 'Ada', 'NO', '1990-01-01', 10.50, 'good', '{x}', 'o''1', '2026-01-01Z'),
    (2, 'Bo', 'SE', '1980-01-01', 20, 'bad', '{}', '\\', NULL),
    (3, 'Cy', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  INSERT INTO visit VALUES (1, 1, 'a'), (2, 2, 'b');`;

const open = () => toolEndpoint(TABLES);
type Endpoint = Awaited<ReturnType<typeof open>>;

/** What each login may do, as the catalogue says it. */
function grants({ owner }: Endpoint, table: string) {
  return owner(async (sql) => {
    const [row] = await sql`
      SELECT
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
          AND has_column_privilege(a.reader, c.oid, attnum, 'SELECT') ORDER BY attnum)::text AS read,
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
          AND has_column_privilege(a.writer, c.oid, attnum, 'INSERT') ORDER BY attnum)::text AS insert,
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
          AND has_column_privilege(a.writer, c.oid, attnum, 'UPDATE') ORDER BY attnum)::text AS update,
        has_table_privilege(a.writer, c.oid, 'DELETE') AS delete, c.relrowsecurity AS filtered
      FROM pg_class c, bulkhead.access a WHERE c.oid = ${`public.${table}`}::text::regclass`;
    return { ...row };
  });
}

const fault = (code: string, text: RegExp) => (error: unknown) => {
  assert(error instanceof AppError);
  assert.equal(error.code, code);
  assert.match(error.message, text);
  return true;
};

Deno.test("setRules() hides columns and rows from the reader, the writer and the tools", async () => {
  await using endpoint = await open();
  const { services, scope, tenant } = endpoint;
  await setRules(services, scope, "person", {
    ...OPEN_RULES,
    hidden: ["pay", "country"],
    readOnly: ["born", "pay"],
    delete: false,
    rowFilter: { column: "country", op: "eq", value: "NO" },
  });
  await setWrites(services, scope, "direct");
  assert.deepEqual(await grants(endpoint, "person"), {
    read: '{id,name,born,mood,tags,"it\'s \\"odd\\"",seen,initial}',
    insert: '{id,name,mood,tags,"it\'s \\"odd\\"",seen}',
    update: '{name,mood,tags,"it\'s \\"odd\\"",seen}',
    delete: false,
    filtered: true,
  });
  const after = await enterEndpoint(services, tenant.scope, scope.endpoint.slug);
  assert.equal(after.endpoint.settings.writes, "direct");
  const person = (await loadManifest(services, after)).tables.get("person")!;
  assert.deepEqual([...person.columns.keys()].includes("pay"), false);
  assert.equal(person.rows, 1);
  for (const role of ["reader", "writer"] as const) {
    const { sql, release } = await openEndpoint(services, after, role);
    const rows = await sql`SELECT id FROM person`;
    assert.deepEqual(rows.map(({ id }) => id), [1]);
    for (
      const text of ["SELECT pay FROM person", "SELECT * FROM person", "SELECT person FROM person"]
    ) {
      await assert.rejects(sql.unsafe(text), (error) => sqlState(error) === "42501", text);
    }
    release();
  }
  const read = await readTableRules(services, after, "person");
  // What is hidden need not be said to be read-only.
  assert.deepEqual([read.rules.hidden, read.rules.readOnly], [["country", "pay"], ["born"]]);
  assert.equal((await readRules(services, after)).length, 3);
  await setRules(services, scope, "person", OPEN_RULES);
  const opened = await grants(endpoint, "person");
  assert.equal(opened["filtered"], false);
  assert.match(opened["read"], /country.*pay/);
});

Deno.test("a row filter means in the policy what it means in a tool, whatever is in its values", async () => {
  await using endpoint = await open();
  const { services, scope } = endpoint;
  const odd = 'it\'s "odd"';
  const filters: readonly (readonly [Record<string, unknown>, number[]])[] = [
    [{ column: odd, op: "eq", value: "o'1" }, [1]],
    [{ column: odd, op: "eq", value: "\\" }, [2]],
    [{ column: odd, op: "in", value: ["\\", "o'1", '"', "{", "$1"] }, [1, 2]],
    [{ column: odd, op: "contains", value: "'); DROP TABLE person; --" }, []],
    [{ column: odd, op: "is_null" }, [3]],
    [{ column: "pay", op: "between", value: ["10.5", 11] }, [1]],
    [{ column: "born", op: "lt", value: "1985-01-01" }, [2]],
    [{ column: "mood", op: "ne", value: "bad" }, [1]],
    [{ column: "seen", op: "gte", value: "2026-01-01T00:00:00Z" }, [1]],
    [{ column: "id", op: "not_in", value: [1] }, [2, 3]],
    [{ column: "initial", op: "like", value: "_" }, [1, 2, 3]],
    [{
      not: {
        or: [{ column: "id", op: "eq", value: 1 }, {
          column: "name",
          op: "starts_with",
          value: "b",
        }],
      },
    }, [3]],
  ];
  for (const [rowFilter, ids] of filters) {
    const asked = await endpoint.ask("filter_rows", {
      table: "person",
      filter: rowFilter,
      columns: ["id"],
    });
    assert.deepEqual(
      asked.rows.map((row: { id: number }) => row.id),
      ids,
      JSON.stringify(rowFilter),
    );
    await setRules(services, scope, "person", { ...OPEN_RULES, rowFilter });
    const listed = await endpoint.ask("list_rows", { table: "person", columns: ["id"] });
    assert.deepEqual(
      listed.rows.map((row: { id: number }) => row.id),
      ids,
      JSON.stringify(rowFilter),
    );
    assert.deepEqual(await previewRows(services, scope, "person", rowFilter), {
      visible: ids.length,
      total: 3,
    });
    await setRules(services, scope, "person", OPEN_RULES);
  }
});

Deno.test("setRules() refuses what cannot be, and then changes nothing", async () => {
  await using endpoint = await open();
  const { services, scope } = endpoint;
  const before = await grants(endpoint, "person");
  const set = (table: string, rules: object) =>
    setRules(services, scope, table, { ...OPEN_RULES, ...rules });
  await assert.rejects(
    set("persn", {}),
    fault("UNKNOWN_TABLE", /no table `persn`; nearest: `person`/),
  );
  await assert.rejects(set("pg_class", {}), fault("UNKNOWN_TABLE", /no table `pg_class`/));
  await assert.rejects(
    set("person", { hidden: ["pays"] }),
    fault("UNKNOWN_COLUMN", /nearest: `pay`/),
  );
  await assert.rejects(set("person", { readOnly: ["ctid"] }), fault("UNKNOWN_COLUMN", /`ctid`/));
  await assert.rejects(
    set("person", { hidden: ["id"] }),
    fault("INVALID_ARGUMENTS", /primary key/),
  );
  await assert.rejects(
    set("person", { hidden: ["name"] }),
    fault("INVALID_ARGUMENTS", /`initial` is computed from `name`/),
  );
  for (
    const [rowFilter, text] of [
      [{ column: "nobody", op: "eq", value: 1 }, /no column `nobody`/],
      [{ column: "pay", op: "eq", value: "much" }, /`pay` is numeric\(10,2\)/],
      [{ column: "mood", op: "eq", value: "sad" }, /does not fit/],
      [{ column: "tags", op: "eq", value: "{x}" }, /only is_null/],
      [{}, /filter/],
    ] as const
  ) {
    await assert.rejects(set("person", { rowFilter }), (error) => {
      assert(error instanceof AppError);
      assert.match(error.message, text);
      return true;
    });
  }
  assert.deepEqual(await grants(endpoint, "person"), before);
  const kept = await endpoint.owner((sql) => sql`SELECT FROM bulkhead.rules`);
  assert.equal(kept.length, 0);
  const entries = await endpoint.owner((sql) => sql`SELECT FROM bulkhead.journal`);
  assert.equal(entries.length, 0);
  // Without its key a table is read like one that has none.
  await set("person", { hidden: ["id"], insert: false, update: false, delete: false });
  const { rows } = await endpoint.ask("list_rows", { table: "keyless" });
  assert.deepEqual(rows, []);
});

Deno.test("setRules() tells of each change once, in the journal, with what was before and after", async () => {
  await using endpoint = await open();
  const { services, scope } = endpoint;
  const rules = { ...OPEN_RULES, hidden: ["note"] };
  await Promise.all([
    setRules(services, scope, "visit", rules),
    setRules(services, scope, "visit", rules),
    setRules(services, scope, "visit", rules),
  ]);
  const entries = await endpoint.owner((sql) =>
    sql`
      SELECT op, table_name, before, after, context ->> 'user' AS user, context ->> 'tool' AS tool
      FROM bulkhead.journal JOIN bulkhead.outbox ON entry = id`
  );
  const json = { read_only: [], insert: true, update: true, delete: true, row_filter: null };
  assert.deepEqual(entries.map((row) => ({ ...row })), [{
    op: "rules",
    table_name: "visit",
    before: { ...json, hidden: [] },
    after: { ...json, hidden: ["note"] },
    user: endpoint.tenant.userId,
    tool: "set_rules",
  }]);
});

Deno.test("setRules() waits for no load for long, and says so; for no reader it waits at all", async () => {
  await using endpoint = await open();
  const { services, scope } = endpoint;
  const { sql, release } = await openEndpoint(services, scope, "owner");
  const held = await sql.reserve();
  const rules = { ...OPEN_RULES, hidden: ["note"] };
  try {
    await held`BEGIN`;
    await held`LOCK TABLE public.visit IN ROW EXCLUSIVE MODE`;
    await assert.rejects(
      setRules(services, scope, "visit", rules),
      fault("UNAVAILABLE", /in use/),
    );
    assert.deepEqual((await readTableRules(services, scope, "visit")).rules, OPEN_RULES);
    await held`ROLLBACK`;
    await held`BEGIN`;
    await held`LOCK TABLE public.visit IN ACCESS SHARE MODE`;
    await setRules(services, scope, "visit", rules);
    assert.deepEqual((await readTableRules(services, scope, "visit")).rules, rules);
  } finally {
    await held`ROLLBACK`;
    held.release();
    release();
  }
});

Deno.test("setWrites() agrees with the grants whoever races whom, and tells of each change", async () => {
  await using endpoint = await open();
  const { services, scope, tenant } = endpoint;
  const modes = ["direct", "off", "review", "off", "direct", "off"] as const;
  for (let round = 0; round < 3; round++) {
    await Promise.all(modes.map((mode) => setWrites(services, scope, mode)));
    const { endpoint: { settings } } = await enterEndpoint(
      services,
      tenant.scope,
      scope.endpoint.slug,
    );
    const [row] = await endpoint.owner((sql) => sql`SELECT writes FROM bulkhead.access`);
    assert.equal(row!["writes"], settings.writes !== "off");
    assert.equal((await grants(endpoint, "person"))["delete"], settings.writes !== "off");
    // Without a primary key nothing is written.
    assert.equal((await grants(endpoint, "keyless"))["delete"], false);
  }
  const events = await services.control.tenant(
    tenant.tenantId,
    (tx) =>
      tx<{ detail: Record<string, string> }[]>`
    SELECT detail FROM audit_events WHERE action = 'writes.changed' ORDER BY seq`,
  );
  let at = "off";
  for (const { detail } of events) {
    assert.equal(detail["before"], at);
    assert.notEqual(detail["writes"], at);
    at = detail["writes"]!;
  }
  assert(events.length > 1);
});
