import assert from "node:assert/strict";
import fc from "fast-check";
import { columnNames, identifier, objectName, tableNameOf } from "./names.ts";

const CASES: readonly (readonly [string, string])[] = [
  ["InvoiceLine", "invoice_line"],
  ["US Gross", "us_gross"],
  ["IMDBVotes", "imdb_votes"],
  ["Größe (cm)", "grosse_cm"],
  ["Łódź", "lodz"],
  ["Customer's name", "customers_name"],
  ["_id", "_id"],
  ["2019", "_2019"],
  ["ctid", "ctid_"],
  ['"; DROP TABLE x; --', "drop_table_x"],
  ["名前", ""],
  ["%", ""],
];

for (const [header, name] of CASES) {
  Deno.test(`identifier() writes ${JSON.stringify(header)} as ${JSON.stringify(name)}`, () =>
    assert.equal(identifier(header), name));
}

Deno.test("columnNames() numbers headers that say nothing and tells equal ones apart", () =>
  assert.deepEqual(
    columnNames(["", "a", "A", "名前", "a_2", "__proto__"]).map((column) => column.name),
    ["column_1", "a", "a_2", "column_4", "a_2_2", "_proto"],
  ));

Deno.test("columnNames() answers unique names that Postgres takes, for any headers", () =>
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", maxLength: 200 }), { maxLength: 60 }),
      (headers) => {
        const columns = columnNames(headers);
        assert.equal(new Set(columns.map((column) => column.name)).size, headers.length);
        for (const { name } of columns) assert.match(name, /^[a-z_][a-z0-9_]{0,62}$/);
        assert.deepEqual(columns.map((column) => column.original), headers);
      },
    ),
  ));

Deno.test("tableNameOf() leaves folder and ending out", () => {
  assert.equal(tableNameOf("/tmp/Sales 2024.csv"), "sales_2024");
  assert.equal(tableNameOf("C:\\data\\pg_class.tsv"), "table_pg_class");
  assert.equal(tableNameOf("名前.csv"), "table_1");
});

Deno.test("objectName() stays within an identifier and tells long names apart", () => {
  const first = objectName(`${"t".repeat(62)}a`, "search_idx");
  const second = objectName(`${"t".repeat(62)}b`, "search_idx");
  assert.ok(first.length <= 63);
  assert.notEqual(first, second);
  assert.equal(objectName("album", "search_idx"), "album_search_idx");
});
