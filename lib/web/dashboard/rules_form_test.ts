import assert from "node:assert/strict";
import { OPEN_RULES, type RuledTable } from "../../tools/mod.ts";
import { accessOf, editFilter, joinFilter, typedFilter, typedRules } from "./rules_form.ts";

Deno.test("editFilter() and joinFilter() take a filter apart and together again", () => {
  const filters = [
    null,
    { column: "country", op: "eq", value: "NO" },
    { column: "country", op: "is_null", value: false },
    {
      and: [{ column: "a", op: "in", value: ["x", "y z"] }, { column: "b", op: "gte", value: "3" }],
    },
    { or: [{ column: "a", op: "eq", value: "1" }, { column: "a", op: "is_null", value: true }] },
    {
      and: [{ column: "a", op: "eq", value: "1" }, { not: { column: "b", op: "eq", value: "2" } }],
    },
    // Not to be said in a line: the comma is in a value, the value is a list, there is no value.
    { column: "a", op: "in", value: ["x,y"] },
    { column: "a", op: "between", value: ["1", "2"] },
    { column: "a", op: "eq", value: "" },
  ];
  for (const filter of filters) assert.deepEqual(joinFilter(editFilter(filter)), filter);
  assert.deepEqual(editFilter(filters[5]!), {
    lines: [{ column: "a", op: "eq", value: "1" }],
    json: JSON.stringify({ not: { column: "b", op: "eq", value: "2" } }, null, 2),
  });
  for (const json of ["{", "[]", "null", "1"]) {
    assert.throws(() => joinFilter({ lines: [], json }), { code: "INVALID_ARGUMENTS" });
  }
});

Deno.test("typedFilter() and typedRules() read a form; what it does not show stays as it is", () => {
  const form = new URLSearchParams([
    ["column", "id"],
    ["access", "write"],
    ["column", "pay"],
    ["access", "hidden"],
    ["column", "gone"],
    ["access", "hidden"],
    ["operations", "insert"],
    ["filter_column", "id"],
    ["filter_op", "in"],
    ["filter_value", " 1, ,2 "],
    ["filter_column", ""],
    ["filter_op", "eq"],
    ["filter_value", "left over"],
  ]);
  assert.deepEqual(joinFilter(typedFilter(form)), { column: "id", op: "in", value: ["1", "2"] });
  const column = (name: string) => ({ name }) as RuledTable["columns"][number];
  const table: RuledTable = {
    name: "person",
    columns: ["id", "pay", "born"].map(column),
    primaryKey: ["id"],
    rules: { ...OPEN_RULES, readOnly: ["born"], hidden: ["id"] },
  };
  const rules = typedRules(form, table);
  assert.deepEqual(rules, {
    hidden: ["pay"],
    readOnly: ["born"],
    insert: true,
    update: false,
    delete: false,
    rowFilter: null,
  });
  assert.deepEqual(["id", "pay", "born"].map((name) => accessOf(rules, name)), [
    "write",
    "hidden",
    "read",
  ]);
});
