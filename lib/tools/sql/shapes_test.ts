import assert from "node:assert/strict";
import fc from "fast-check";
import type { EndpointId, Slug } from "../../ids.ts";
import { compileManifest } from "../manifest/compile.ts";
import { manifestBody } from "../manifest/shape.ts";
import type { Field } from "./field.ts";
import { afterSql, orderTerms } from "./order.ts";
import { pageStatement } from "./page.ts";
import { rowStatement } from "./row.ts";
import { keepShapes, ofShape } from "./shapes.ts";
import { chooseFields, tableSource } from "./source.ts";
import { Params } from "./statement.ts";

const column = (name: string, kind: string) => ({
  name,
  kind,
  type: kind,
  cast: `pg_catalog.${kind}`,
  nullable: false,
  comment: null,
});

const { tables } = compileManifest(
  { id: "endpoint" as EndpointId, slug: "shapes" as Slug },
  1,
  manifestBody.parse({
    tables: [{
      name: "item",
      comment: null,
      stored: true,
      rows: 10,
      exact: true,
      columns: [column("id", "integer"), column("word", "text"), column("at", "date")],
      primaryKey: ["id"],
      uniqueKeys: [],
      foreignKeys: [],
      indexes: [],
      search: null,
    }],
  }),
);
const source = tableSource(tables.get("item")!);

const conditions = ["t.id = $1::text", "t.word IS NULL", "t.id > $1::text"];

Deno.test("statements of a table are what they were if nothing was kept, whatever was asked before", () => {
  const page = fc.record({
    where: fc.subarray(conditions),
    order: fc.subarray(["word", "at", "id"]),
    descending: fc.boolean(),
    columns: fc.subarray(["word", "id"]),
    from: fc.constantFrom("public.item t", "(SELECT * FROM public.item) t"),
    limit: fc.integer({ min: 1, max: 3 }),
    total: fc.boolean(),
    after: fc.constantFrom(null, "1"),
    cutting: fc.boolean(),
    version: fc.constantFrom(null, "md5(t::text)"),
  });
  fc.assert(
    fc.property(page, ({ order, descending, columns, from, after, cutting, version, ...rest }) => {
      const terms = orderTerms(
        source,
        order.map((column) => ({
          column,
          direction: descending ? "desc" as const : "asc" as const,
        })),
      );
      const fields = chooseFields(source, columns);
      const build = (fields: readonly Field[]) => {
        const params = new Params();
        const query = {
          ...rest,
          source: { ...source, from },
          params,
          fields,
          order: terms,
          after: after && terms.map(() => after),
        };
        const row = rowStatement(query.source, new Params(), fields, "t.id = $1", cutting, version);
        return [pageStatement(query, cutting), row];
      };
      // A copy is nobody's: nothing is kept for it.
      assert.deepEqual(build(fields), build([...fields]));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("pageStatement() tells a filter from a cursor that says the same: a total counts past one alone", () => {
  const order = orderTerms(source, []);
  const all = { source, fields: source.fields, order, limit: 1, total: true };
  const after = afterSql(new Params(), order, ["1"]);
  const filtered = { ...all, params: new Params(), where: [after], after: null };
  const turned = { ...all, params: new Params(), where: [], after: ["1"] };
  assert.notEqual(pageStatement(filtered, false).text, pageStatement(turned, false).text);
});

Deno.test("ofShape() makes a thing once a shape, for fields that are a table's alone", () => {
  let made = 0;
  const make = () => ++made;
  const fields: readonly Field[] = [];
  assert.deepEqual([ofShape(fields, "a", make), ofShape(fields, "a", make)], [1, 2]);
  keepShapes(fields);
  assert.deepEqual([ofShape(fields, "a", make), ofShape(fields, "a", make)], [3, 3]);
  for (let i = 0; i < 200; i++) ofShape(fields, `other ${i}`, () => 0);
  // Many shapes push out what there was.
  assert.equal(ofShape(fields, "a", make), 4);
});
