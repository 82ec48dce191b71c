import assert from "node:assert/strict";
import type { EndpointScope } from "../principal.ts";
import { toolEndpoint } from "../../tests/tools/fixture.ts";
import { callTool } from "./mod.ts";
import { ANSWER_CHARS } from "./rows.ts";

const bytes = (text: string) => new TextEncoder().encode(text).length;

Deno.test("the text of 50 rows of six columns is a third of their pretty JSON at most", async () => {
  await using endpoint = await toolEndpoint(`
    CREATE TABLE orders (
      id int PRIMARY KEY, customer_id int NOT NULL, status text NOT NULL,
      ordered_at timestamptz NOT NULL, total numeric(12,2) NOT NULL, note text
    );
    INSERT INTO orders
    SELECT i, 1 + (i::bigint * 7919) % 20000, (ARRAY['pending', 'paid', 'shipped', 'delivered'])[1 + i % 4],
      timestamptz '2023-01-01Z' + i * interval '4 minutes', round(5 + (i::bigint * 104729) % 90000 / 100.0, 2),
      CASE WHEN i % 10 < 3 THEN 'note ' || md5(i::text) END
    FROM generate_series(190000, 191000) i`);
  const { services, scope, manifest } = endpoint;
  for (
    const [tool, args] of [
      ["list_rows", {}],
      ["filter_rows", { filter: { column: "status", op: "eq", value: "shipped" } }],
    ] as const
  ) {
    const call = { table: "orders", limit: 50, ...args };
    const { text, structured } = await endpoint.call(tool, call);
    const { rows } = JSON.parse(structured!);
    assert.equal(rows.length, 50);
    const pretty = bytes(JSON.stringify({ rows }, null, 2));
    assert.ok(bytes(text) <= pretty / 3, `${tool}: ${bytes(text)} of ${pretty}`);

    const json: EndpointScope = {
      ...scope,
      endpoint: { ...scope.endpoint, settings: { ...scope.endpoint.settings, textFormat: "json" } },
    };
    const plain = await callTool(services, json, manifest, tool, call);
    assert.equal(plain.text, plain.structured);
    assert.equal(plain.structured, structured);
  }
});

Deno.test("answers are capped in bytes, say so, and lose no row", async () => {
  await using endpoint = await toolEndpoint(`
    CREATE TABLE page (id int PRIMARY KEY, body text);
    INSERT INTO page SELECT i, repeat('é', 3000) FROM generate_series(1, 120) i`);
  const walked: number[] = [];
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const args = { table: "page", limit: 500, ...(cursor ? { cursor } : {}) };
    const { structured } = await endpoint.call("list_rows", args);
    assert.ok(structured!.length <= ANSWER_CHARS + 1_000);
    const page = JSON.parse(structured!);
    assert.equal(page.truncated, page.next_cursor !== undefined);
    assert.equal(page.values_cut, undefined);
    for (const row of page.rows) assert.equal(row.body.length, 3000);
    walked.push(...page.rows.map((row: { id: number }) => row.id));
    cursor = page.next_cursor;
  }
  assert.deepEqual(walked, Array.from({ length: 120 }, (_, i) => i + 1));
});

Deno.test("long values are cut with a mark, and only where a row is too long", async () => {
  await using endpoint = await toolEndpoint(`
    CREATE TABLE blob (id int PRIMARY KEY, body text, doc jsonb, list text[]);
    INSERT INTO blob VALUES
      (1, 'short', '{"a": 1}', '{a}'),
      (2, repeat('x', 5000000), '{"a": 2}', '{b}'),
      (3, 'short', to_jsonb(repeat('y', 900000)), '{c}'),
      (4, repeat('é', 40000), '{}', ARRAY[repeat('z', 1000000)])`);
  const page = await endpoint.ask("list_rows", { table: "blob" });
  assert.equal(page.values_cut, true);
  assert.deepEqual(page.rows.map((row: { id: number }) => row.id), [1, 2, 3, 4]);
  const [first, second, third, fourth] = page.rows;
  assert.deepEqual(first, { id: 1, body: "short", doc: { a: 1 }, list: "{a}" });
  assert.match(second.body, /^x+… \[cut, bytes in all: 5000000\]$/);
  assert.deepEqual(second.doc, { a: 2 });
  assert.match(third.doc, /^"y+… \[cut, bytes in all: 900002\]$/);
  assert.match(fourth.list, /^\{z+… \[cut, bytes in all: 1000002\]$/);
  const { text } = await endpoint.call("list_rows", { table: "blob" });
  assert.match(text, /^4 rows, long values cut\n/);

  const one = await endpoint.ask("get_row", { table: "blob", key: 2 });
  assert.equal(one.values_cut, true);
  assert.match(one.row.body, /^x{50000}… \[cut/);
  const whole = await endpoint.ask("get_row", { table: "blob", key: 4, columns: ["body"] });
  assert.deepEqual(whole, { row: { body: "é".repeat(40000) } });

  // A key too long to be carried about makes no cursor; the answer still says that it is cut.
  const ordered = await endpoint.ask("list_rows", {
    table: "blob",
    columns: ["id"],
    order_by: [{ column: "body", direction: "desc" }],
    limit: 1,
  });
  assert.deepEqual(ordered, { rows: [{ id: 4 }], truncated: true });
});

Deno.test("digits inside JSON columns and of big numbers stay, in both forms", async () => {
  await using endpoint = await toolEndpoint(`
    CREATE TABLE number (id bigint PRIMARY KEY, n numeric, doc jsonb);
    INSERT INTO number VALUES
      (9223372036854775807, 0.1234567890123456789012345678901234567890, '[12345678901234567890.5]'),
      (-9223372036854775808, -1e-40, '{"n": 9007199254740993}')`);
  const { text, structured } = await endpoint.call("list_rows", { table: "number" });
  assert.match(structured!, /"id":"9223372036854775807"/);
  assert.match(structured!, /"n":"0\.1234567890123456789012345678901234567890"/);
  assert.match(structured!, /12345678901234567890\.5/);
  assert.match(text, /\|\[12345678901234567890\.5\]$/m);
  assert.match(text, /^-9223372036854775808\|-0\.0{39}1\|\{"n":9007199254740993\}$/m);
});
