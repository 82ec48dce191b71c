import assert from "node:assert/strict";
import fc from "fast-check";
import { createEndpoint, enterEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import { loadTables, toolEndpoint } from "../../tests/tools/fixture.ts";
import { openCursor, sealCursor } from "./cursor.ts";
import { callTool, loadManifest, rebuildManifest } from "./mod.ts";

const KEY = new Uint8Array(32).fill(7);

function refused(open: () => unknown): void {
  assert.throws(open, (error) => error instanceof AppError && error.code === "INVALID_CURSOR");
}

Deno.test("openCursor() answers what sealCursor() sealed, and nothing else", () => {
  const values = fc.array(fc.option(fc.string({ unit: "binary" })), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(values, fc.string(), fc.nat(), (values, binding, at) => {
    // A lone surrogate is no text that Postgres could have written.
    fc.pre(values.every((value) => value === null || value.isWellFormed()));
    const cursor = sealCursor(KEY, binding, values);
    assert.deepEqual(openCursor(KEY, binding, cursor, values.length), values);
    refused(() => openCursor(KEY, `${binding}.`, cursor, values.length));
    refused(() => openCursor(new Uint8Array(32), binding, cursor, values.length));
    refused(() => openCursor(KEY, binding, cursor, values.length + 1));
    const i = at % cursor.length;
    const other = cursor[i] === "A" ? "B" : "A";
    refused(() =>
      openCursor(KEY, binding, cursor.slice(0, i) + other + cursor.slice(i + 1), values.length)
    );
  }));
  for (const junk of ["", "x", "=", "%%%", "A".repeat(22), "é".repeat(30), "A".repeat(50_000)]) {
    refused(() => openCursor(KEY, "b", junk, 1));
  }
});

const COLUMNS = ["n", "price", "word", "at", "yes", "f", "id"] as const;

const orders = fc.uniqueArray(
  fc.record({
    column: fc.constantFrom(...COLUMNS),
    direction: fc.constantFrom("asc" as const, "desc" as const),
    nulls: fc.constantFrom(undefined, "first" as const, "last" as const),
  }, { requiredKeys: ["column", "direction"] }),
  { selector: (term) => term.column, maxLength: 3 },
);

Deno.test("pages, one after the other, are the full sort, whatever the order", async () => {
  await using endpoint = await toolEndpoint(`
    CREATE TABLE sample (
      id int PRIMARY KEY, n int, price numeric, word text, at timestamptz, yes boolean NOT NULL, f float8
    );
    INSERT INTO sample
    SELECT i, nullif(i % 4, 0), CASE WHEN i % 3 > 0 THEN (i % 5) * 1.10 END,
      (ARRAY['b', 'B', '', 'é', NULL, 'ba'])[1 + i % 6],
      CASE WHEN i % 7 > 0 THEN timestamptz '2024-01-01Z' + (i % 5) * interval '1 microsecond' END,
      i % 2 = 0, CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN NULL ELSE i / 3.0 END
    FROM generate_series(1, 60) i`);
  await fc.assert(
    // Where the order's columns are not answered, the keys still have to come along.
    fc.asyncProperty(
      orders,
      fc.integer({ min: 1, max: 25 }),
      fc.boolean(),
      async (order, limit, few) => {
        const sql = order.map(({ column, direction, nulls }) =>
          `${column} ${direction}${nulls ? ` NULLS ${nulls}` : ""}`
        );
        const expected = await endpoint.owner((owner) =>
          owner.unsafe(
            `SELECT id FROM sample ORDER BY ${
              [...sql, `id ${order.at(-1)?.direction ?? "asc"}`].join(", ")
            }`,
          )
        );
        const args = {
          table: "sample",
          order_by: order,
          limit,
          ...(few ? { columns: ["id"] } : {}),
        };
        const walked: number[] = [];
        for (let cursor: string | undefined, first = true; first || cursor; first = false) {
          const page = await endpoint.ask("list_rows", { ...args, ...(cursor ? { cursor } : {}) });
          assert.ok(page.rows.length <= limit);
          assert.equal(page.truncated, page.next_cursor !== undefined);
          walked.push(...page.rows.map((row: { id: number }) => row.id));
          cursor = page.next_cursor;
        }
        assert.deepEqual(walked, expected.map((row) => row["id"]));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a cursor is refused for another query, endpoint or permission", async () => {
  const table = `
    CREATE TABLE sample (id int PRIMARY KEY, n int);
    INSERT INTO sample SELECT i, i FROM generate_series(1, 20) i`;
  await using endpoint = await toolEndpoint(table);
  const args = { table: "sample", filter: { column: "n", op: "gt", value: 3 }, limit: 5 };
  const { next_cursor: cursor } = await endpoint.ask("filter_rows", args);
  // The same query in another spelling, and pages of another size, go on.
  const again = { limit: 7, filter: { value: 3, op: "gt", column: "n" }, table: "sample", cursor };
  assert.equal((await endpoint.ask("filter_rows", again)).rows[0].id, 9);

  const others = [
    ["filter_rows", { ...args, filter: { column: "n", op: "gt", value: 4 }, cursor }],
    ["filter_rows", { ...args, columns: ["id"], cursor }],
    ["filter_rows", { ...args, order_by: [{ column: "n" }], cursor }],
    ["list_rows", { table: "sample", limit: 5, cursor }],
  ] as const;
  for (const [tool, other] of others) {
    assert.match(await endpoint.fault(tool, other), /does not belong to this query/);
  }

  const { services, tenant } = endpoint;
  const made = await createEndpoint(services, tenant.scope, "twin");
  await loadTables(services, made, table);
  await rebuildManifest(services, made, "test");
  const twin = await enterEndpoint(services, tenant.scope, made.endpoint.slug);
  const narrowed = {
    ...endpoint.scope,
    principal: { ...endpoint.scope.principal, abilities: new Set(["rows:read"] as const) },
  };
  for (const scope of [twin, narrowed]) {
    const manifest = await loadManifest(services, scope);
    const answer = await callTool(services, scope, manifest, "filter_rows", { ...args, cursor });
    assert.equal(answer.isError, true);
    assert.match(answer.text, /does not belong to this query/);
  }
});
