import assert from "node:assert/strict";
import { render } from "preact-render-to-string";
import type { RuledTable } from "../../tools/mod.ts";
import { RulesTable } from "./access_view.tsx";

const table = (name: string): RuledTable => ({
  name,
  columns: [],
  primaryKey: ["id"],
  rules: {
    hidden: [],
    readOnly: [],
    rowFilter: null,
    insert: true,
    update: true,
    delete: true,
  },
});

Deno.test("RulesTable() says of a table that waits that agents may do nothing in it", () => {
  const html = render(
    <RulesTable
      path="/endpoints/films"
      tables={[table("film"), table("later")]}
      waiting={["later"]}
      writes="direct"
      manages
    />,
  );
  const [film, later] = html.split("<tr").slice(-2);
  assert.match(film!, /Read, add, change, delete/);
  assert.match(later!, /Nothing: not open yet/);
  assert.doesNotMatch(later!, /Read, add/);
});
