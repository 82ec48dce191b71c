import assert from "node:assert/strict";
import { toolEndpoint } from "../../../tests/tools/fixture.ts";

const SHOP = `
  CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, mail text NOT NULL UNIQUE DEFAULT gen_random_uuid());
  CREATE TABLE item (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id int REFERENCES customer,
    name varchar(20) NOT NULL,
    price numeric(10, 2) NOT NULL DEFAULT 1.50,
    tags jsonb,
    twice numeric GENERATED ALWAYS AS (price * 2) STORED
  );
  CREATE TABLE pair (a int, b text, note text, PRIMARY KEY (a, b));
  CREATE TABLE loose (x int);
  INSERT INTO customer SELECT n, 'name ' || n, 'm' || n FROM generate_series(1, 5) n;
  INSERT INTO item (customer_id, name, price) SELECT 1, 'i' || n, n FROM generate_series(1, 9) n;
  INSERT INTO loose VALUES (1);
`;

async function shop(writes: "direct" | "review" | "off" = "direct") {
  return await toolEndpoint(SHOP, writes);
}

Deno.test("insert_rows adds all rows or none, and answers what the database made of them", async () => {
  await using test = await shop();
  const answer = await test.ask("insert_rows", {
    table: "item",
    rows: [{ name: "new", price: "9.90", tags: { a: [1] } }, { name: "second" }],
  });
  assert.equal(answer.state, "applied");
  assert.equal(answer.inserted, 2);
  assert.deepEqual(answer.rows.map((row: { row: unknown }) => row.row), [
    {
      id: "10",
      customer_id: null,
      name: "new",
      price: "9.90",
      tags: { a: [1] },
      twice: "19.80",
    },
    { id: "11", customer_id: null, name: "second", price: "1.50", tags: null, twice: "3.00" },
  ]);
  const fault = await test.fault("insert_rows", {
    table: "item",
    rows: [{ name: "third" }, { name: "fourth", customer_id: 99 }],
  });
  assert.match(fault, /foreign key \(`customer_id`\) names a row that is not there in `customer`/);
  assert.equal((await test.ask("count_rows", { table: "item" })).count, 11);
});

Deno.test("writes keep an entry a row, in the same transaction, with who and by what", async () => {
  await using test = await shop();
  const { change } = await test.ask("update_row", {
    table: "item",
    key: 3,
    values: { price: "7" },
  });
  await test.ask("delete_row", { table: "customer", key: 5 });
  const entries = await test.owner((sql) =>
    sql`SELECT change_id, op, table_name, key, before -> 'price' AS was, after -> 'price' AS is,
      context FROM bulkhead.journal ORDER BY id`
  );
  assert.equal(entries.length, 2);
  assert.deepEqual({ ...entries[0], context: entries[0]!["context"].tool }, {
    change_id: change,
    op: "update",
    table_name: "item",
    key: { id: 3 },
    was: 3,
    is: 7,
    context: "update_row",
  });
  assert.equal(entries[1]!["context"].user, test.tenant.userId);
  assert.equal(entries[1]!["context"].request, test.scope.requestId);
});

Deno.test("update_row refuses a row that has changed since the version that was read", async () => {
  await using test = await shop();
  const { version } = await test.ask("get_row", { table: "item", key: 1 });
  const first = await test.ask("update_row", {
    table: "item",
    key: 1,
    values: { name: "mine" },
    if_unchanged: version,
  });
  assert.deepEqual(first.rows[0].changed, ["name"]);
  assert.equal(
    first.rows[0].version,
    (await test.ask("get_row", { table: "item", key: 1 })).version,
  );
  for (const tool of ["update_row", "delete_row"]) {
    const fault = await test.fault(tool, {
      table: "item",
      key: 1,
      ...(tool === "update_row" ? { values: { name: "theirs" } } : {}),
      if_unchanged: version,
    });
    assert.match(fault, /has changed since that version/);
  }
  assert.equal((await test.ask("get_row", { table: "item", key: 1 })).row.name, "mine");
});

Deno.test("upsert_rows goes by the primary or another unique key", async () => {
  await using test = await shop();
  const answer = await test.ask("upsert_rows", {
    table: "customer",
    key: ["mail"],
    rows: [{ id: 50, name: "changed", mail: "m1" }, { id: 51, name: "new", mail: "m51" }],
  });
  assert.deepEqual([answer.inserted, answer.updated, answer.unchanged], [1, 1, 0]);
  const again = await test.ask("upsert_rows", {
    table: "customer",
    rows: [{ id: 51, name: "new", mail: "m51" }],
  });
  assert.deepEqual([again.inserted, again.updated, again.unchanged], [0, 0, 1]);
  // The key stays what it was: 50 was only said of a new row.
  assert.equal((await test.ask("get_row", { table: "customer", key: 1 })).row.name, "changed");
  assert.equal(await entries(test), 2);
});

async function entries(test: Awaited<ReturnType<typeof shop>>): Promise<number> {
  const [row] = await test.owner((sql) => sql`SELECT count(*)::int AS n FROM bulkhead.journal`);
  return row!["n"] as number;
}

Deno.test("update_rows and delete_rows change nothing unless the filter finds what was expected", async () => {
  await using test = await shop();
  const filter = { column: "price", op: "gte", value: 8 };
  const update = { table: "item", filter, values: { price: 100 } };
  assert.match(
    await test.fault("update_rows", { ...update, expected_count: 3 }),
    /the filter finds 2 rows, not 3\. Nothing was changed/,
  );
  assert.match(
    await test.fault("delete_rows", { table: "item", filter, expected_count: 1 }),
    /finds 2 rows, not 1/,
  );
  assert.match(await test.fault("update_rows", update), /expected_count`: is missing/);
  assert.equal(await entries(test), 0);
  const done = await test.ask("update_rows", { ...update, expected_count: 2 });
  assert.equal(done.updated, 2);
  const gone = await test.ask("delete_rows", {
    table: "item",
    filter: { column: "price", op: "eq", value: 100 },
    expected_count: 2,
  });
  assert.equal(gone.deleted, 2);
  assert.equal(await entries(test), 4);
});

Deno.test("a dry run shows the difference and changes nothing", async () => {
  await using test = await shop();
  const calls: [string, Record<string, unknown>][] = [
    ["insert_rows", { rows: [{ name: "x" }] }],
    ["update_row", { key: 2, values: { price: 5, name: "i2" } }],
    ["delete_row", { key: 2 }],
    ["update_rows", {
      filter: { column: "id", op: "lt", value: 3 },
      values: { price: 5 },
      expected_count: 2,
    }],
    ["delete_rows", { filter: { column: "id", op: "lt", value: 3 }, expected_count: 2 }],
  ];
  for (const [tool, args] of calls) {
    const answer = await test.ask(tool, { table: "item", dry_run: true, ...args });
    assert.equal(answer.state, "dry_run", tool);
    if (tool !== "update_row") continue;
    const [effect] = answer.rows;
    assert.deepEqual(effect.changed, ["price"]);
    assert.deepEqual([effect.before.price, effect.row.price], ["2.00", "5.00"]);
  }
  assert.equal(await entries(test), 0);
  assert.equal((await test.ask("count_rows", { table: "item" })).count, 9);
});

Deno.test("under one idempotency key a call is done once and answered alike, another is refused", async () => {
  await using test = await shop();
  const call = {
    table: "item",
    rows: [{ name: "once", tags: { n: 12345678901234567890n.toString() } }],
    idempotency_key: "k-1",
  };
  const first = await test.call("insert_rows", call);
  const second = await test.call("insert_rows", call);
  assert.equal(first.isError, false, first.text);
  assert.equal(second.structured, first.structured);
  assert.equal((await test.ask("count_rows", { table: "item" })).count, 10);
  assert.match(
    await test.fault("insert_rows", { ...call, rows: [{ name: "other" }] }),
    /was used for another call/,
  );
  assert.match(
    await test.fault("delete_row", { table: "item", key: 1, idempotency_key: "k-1" }),
    /was used for another call/,
  );
  const { version } = await test.ask("get_row", { table: "item", key: 1 });
  const update = {
    table: "item",
    key: 1,
    values: { name: "v2" },
    if_unchanged: version,
    idempotency_key: "k-2",
  };
  const changed = await test.call("update_row", update);
  assert.equal((await test.call("update_row", update)).structured, changed.structured);
});

Deno.test("a dry run finds what Postgres judges at the end of a transaction only", async () => {
  await using test = await toolEndpoint(
    `
      CREATE TABLE owner (id int PRIMARY KEY);
      CREATE TABLE pet (
        id int PRIMARY KEY, owner int REFERENCES owner DEFERRABLE INITIALLY DEFERRED
      );
      INSERT INTO owner VALUES (1);`,
    "direct",
  );
  const pet = { table: "pet", rows: [{ id: 1, owner: 2 }] };
  for (const dry_run of [true, false]) {
    assert.match(await test.fault("insert_rows", { ...pet, dry_run }), /a row that is not there/);
  }
});

Deno.test("a repeated call is answered without rows that followed, and without what is hidden since", async () => {
  await using test = await toolEndpoint(
    `
      CREATE TABLE owner (id int PRIMARY KEY, name text, note text);
      CREATE TABLE pet (id int PRIMARY KEY, owner int REFERENCES owner ON DELETE CASCADE, name text);
      INSERT INTO owner VALUES (1, 'Ada', 'n'), (2, 'Bo', 'canary');
      INSERT INTO pet VALUES (1, 1, 'canary');`,
    "direct",
  );
  const gone = { table: "owner", key: 1, idempotency_key: "gone" };
  const first = await test.ask("delete_row", gone);
  assert.deepEqual(await test.ask("delete_row", gone), first);
  assert.equal(first.deleted, 1);

  const set = { table: "owner", key: 2, values: { name: "Eve" }, idempotency_key: "set" };
  assert.equal((await test.ask("update_row", set)).rows[0].row.note, "canary");
  // Behind the back of the manifest, as in the moment before a process hears of new rules.
  await test.owner((owner) =>
    owner`INSERT INTO bulkhead.rules (table_name, hidden) VALUES ('owner', '{note}')`
  );
  const again = await test.call("update_row", set);
  assert.equal(again.isError, false, again.text);
  assert.doesNotMatch(JSON.stringify(again), /canary/);
  await test.owner((owner) =>
    owner`UPDATE bulkhead.rules SET row_filter = '{}', row_filter_sql = 'id > 5'`
  );
  assert.equal((await test.ask("update_row", set)).updated, 0);
});

Deno.test("of many calls at once under one key, one writes and all are answered alike", async () => {
  await using test = await shop();
  const call = { table: "item", rows: [{ name: "race" }], idempotency_key: "race" };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => test.call("insert_rows", call)),
  );
  assert.equal(new Set(answers.map(({ structured }) => structured)).size, 1, answers[1]!.text);
  assert.equal(answers[0]!.isError, false, answers[0]!.text);
  assert.equal((await test.ask("count_rows", { table: "item" })).count, 10);
});

Deno.test("what a table does not have or does not let be set is refused before any SQL", async () => {
  await using test = await shop();
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ["insert_rows", { rows: [{ nam: "x" }] }, /rows\.0: no column `nam`; nearest: `name`/],
    [
      "insert_rows",
      { rows: [{ price: 1 }] },
      /rows\.0: a row needs `name` \(character varying\(20\)\)/,
    ],
    ["insert_rows", { rows: [{ name: "x", id: 5 }] }, /`id` is not yours to set/],
    ["insert_rows", { rows: [{ name: "x", twice: 5 }] }, /`twice` is not yours to set/],
    ["insert_rows", { rows: [{ name: null }] }, /it takes no null/],
    ["insert_rows", { rows: [{ name: "x", price: "much" }] }, /`price` is numeric\(10,2\)/],
    ["insert_rows", { rows: [] }, /`rows`: at least 1/],
    ["insert_rows", { rows: Array(501).fill({ name: "x" }) }, /`rows`: at most 500/],
    ["update_row", { key: 1, values: { id: 5 } }, /is the row's key/],
    ["update_row", { key: 1, values: {} }, /name at least one column/],
    ["update_row", { key: 99, values: { name: "x" } }, /no row of `item` has that key/],
    ["update_row", { key: 1, values: { name: "x".repeat(21) } }, /value/],
    ["delete_row", { key: 1, idempotency_key: "a b" }, /visible ASCII/],
  ];
  for (const [tool, args, expected] of cases) {
    assert.match(await test.fault(tool, { table: "item", ...args }), expected);
  }
  assert.match(
    await test.fault("insert_rows", { table: "loose", rows: [{ x: 2 }] }),
    /no rows can be/,
  );
  assert.match(await test.fault("delete_row", { table: "customer", key: 1 }), /refer to this row/);
  assert.match(
    await test.fault("insert_rows", { table: "customer", rows: [{ id: 1, name: "x" }] }),
    /already in a unique column \(`id`\)/,
  );
  assert.equal(await entries(test), 0);
});

Deno.test("where writes are off no tool that writes is listed, and none writes", async () => {
  await using test = await shop("off");
  assert.match(
    await test.fault("insert_rows", { table: "customer", rows: [{ id: 9, name: "x" }] }),
    /writing is off for this endpoint/,
  );
});

Deno.test("under review a write is queued with what it would do, and nothing changes", async () => {
  await using test = await shop("review");
  const answer = await test.ask("update_row", { table: "item", key: 2, values: { price: 8 } });
  assert.equal(answer.state, "queued");
  assert.equal((await test.ask("get_row", { table: "item", key: 2 })).row.price, "2.00");
  const [queued] = await test.owner((sql) => sql`SELECT * FROM bulkhead.changes`);
  assert.equal(queued!["id"], answer.change);
  assert.equal(queued!["state"], "queued");
  assert.deepEqual(queued!["arguments"], { table: "item", key: 2, values: { price: 8 } });
});

Deno.test("composite keys, rows of defaults and long texts are written as they are", async () => {
  await using test = await shop();
  const long = "ø".repeat(100_000);
  const made = await test.ask("insert_rows", {
    table: "pair",
    rows: [{ a: 1, b: "x'|\"", note: long }],
  });
  assert.deepEqual(made.rows[0].key, { a: 1, b: "x'|\"" });
  const [row] = await test.owner((sql) => sql`SELECT length(note) AS n FROM pair`);
  assert.equal(row!["n"], 100_000);
  const updated = await test.ask("update_row", {
    table: "pair",
    key: { a: 1, b: "x'|\"" },
    values: { note: null },
  });
  assert.equal(updated.rows[0].row.note, null);
});
