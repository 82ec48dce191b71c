import assert from "node:assert/strict";
import { openEndpoint } from "../../endpoints/mod.ts";
import { toolEndpoint } from "../../../tests/tools/fixture.ts";
import { searchPlan } from "./search.ts";
import { Params } from "./statement.ts";

const TABLES = `
  CREATE TABLE film (id int PRIMARY KEY, title text, plot text, year int);
  INSERT INTO film VALUES
    (1, 'The Shining', 'A writer loses his mind in a hotel', 1980),
    (2, 'Grand Hotel', 'Guests of a hotel, and the hotel of guests', 1932),
    (3, 'Hotelier''s Dream', '100% true_story', 2001),
    (4, NULL, 'write to bob@example.com', 2010),
    (5, 'Plain', NULL, NULL);
  CREATE INDEX film_search_idx ON film USING gin (
    (to_tsvector('simple'::regconfig, "left"(coalesce("title", ''::text) || ' '::text ||
      coalesce("plot", ''::text), 100000))));
  CREATE TABLE note (id int PRIMARY KEY, body text, tag text, n int);
  INSERT INTO note VALUES (1, '100% sure', 'a_b', 1), (2, '1000 sure', 'axb', 2), (3, NULL, NULL, 3);
  CREATE TABLE number (id int PRIMARY KEY, n int);`;

Deno.test("search_rows finds words, beginnings and phrases, best first", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const found = async (table: string, query: string, rest = {}) => {
    const { rows } = await endpoint.ask("search_rows", { table, query, columns: ["id"], ...rest });
    return rows.map((row: { id: number }) => row.id);
  };
  // By the index: ranked by how often the word occurs, then by key.
  assert.deepEqual(await found("film", "hotel"), [2, 1, 3]);
  assert.deepEqual(await found("film", "hotel", { limit: 1 }), [2]);
  assert.deepEqual((await found("film", "hot wri")).sort(), [1]);
  assert.deepEqual(await found("film", '"grand hotel"'), [2]);
  assert.deepEqual(await found("film", "hotel -guests"), [1]);
  assert.deepEqual((await found("film", "shining or plain")).sort(), [1, 5]);
  assert.deepEqual(await found("film", "bob@example.com"), [4]);
  assert.deepEqual(await found("film", "nothing"), []);
  const recent = { column: "year", op: "gt", value: 1990 };
  assert.deepEqual(await found("film", "hotel", { filter: recent }), [3]);
  // Without an index: every word somewhere in the text columns, literally.
  assert.deepEqual(await found("note", "SURE"), [1, 2]);
  assert.deepEqual(await found("note", "100% sure"), [1]);
  assert.deepEqual(await found("note", "a_b"), [1]);
  for (
    const odd of ["'", "\\", "!!! & |", "a & !", ":*", "<->", '"', "-", "()", "'a':*", "\u{1f600}"]
  ) {
    await found("film", odd);
    await found("note", odd);
  }
  assert.match(
    await endpoint.fault("search_rows", { table: "number", query: "1" }),
    /`number` has no text column to search; use filter_rows/,
  );
  assert.match(
    await endpoint.fault("search_rows", { table: "film", query: "   " }),
    /holds no word/,
  );
  assert.match(await endpoint.fault("search_rows", { table: "film", query: "a\0" }), /no NUL/);
});

Deno.test("pages of a search are all its matches, in the order of one large page", async () => {
  await using endpoint = await toolEndpoint(`
    CREATE TABLE doc (id int PRIMARY KEY, body text);
    INSERT INTO doc SELECT i, repeat('word ', 1 + i % 4) || repeat('filler ', i % 3)
    FROM generate_series(1, 1300) i;
    CREATE INDEX doc_search_idx ON doc USING gin (to_tsvector('simple'::regconfig, body))`);
  const args = { table: "doc", query: "word", columns: ["id"] };
  const walked: number[] = [];
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await endpoint.ask("search_rows", {
      ...args,
      limit: walked.length ? 490 : 7,
      ...(cursor ? { cursor } : {}),
    });
    walked.push(...page.rows.map((row: { id: number }) => row.id));
    cursor = page.next_cursor;
  }
  assert.equal(walked.length, 1300);
  assert.equal(new Set(walked).size, 1300);
  const large = await endpoint.ask("search_rows", { ...args, limit: 500 });
  assert.deepEqual(walked.slice(0, 500), large.rows.map((row: { id: number }) => row.id));
});

Deno.test("searchPlan() asks in the terms of the table's index, so that Postgres uses it", async () => {
  await using endpoint = await toolEndpoint(TABLES);
  const table = endpoint.manifest.tables.get("film")!;
  const params = new Params();
  const plan = searchPlan(params, table, "hotel", []);
  const lease = await openEndpoint(endpoint.services, endpoint.scope, "reader");
  const connection = await lease.sql.reserve();
  try {
    await connection`SET enable_seqscan = off`;
    const rows = await connection.unsafe(
      `EXPLAIN SELECT * FROM ${plan.source.from}`.replaceAll(
        /\$(\d+)/g,
        (_, n) => `'${params.values[n - 1]!.replaceAll("'", "''")}'`,
      ),
    );
    const text = rows.map((row) => row["QUERY PLAN"]).join("\n");
    assert.match(text, /Bitmap Index Scan on film_search_idx/);
  } finally {
    connection.release();
    lease.release();
  }
});
