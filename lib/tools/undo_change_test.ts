import assert from "node:assert/strict";
import { type Ability, type Principal, ROW_WRITES } from "../principal.ts";
import { type ToolEndpoint, toolEndpoint } from "../../tests/tools/fixture.ts";
import { toolsFor } from "./list.ts";
import { callTool } from "./mod.ts";

const shop = () =>
  toolEndpoint(
    `CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric);
     INSERT INTO item VALUES (1, 'Rope', 1.50), (2, 'Anchor', 20), (3, 'Buoy', 3)`,
    "direct",
  );

const rows = (endpoint: ToolEndpoint) =>
  endpoint.owner(async (sql) => [...await sql`SELECT * FROM item ORDER BY id`]);

const everything = { column: "id", op: "gt", value: 0 };

Deno.test("undo_change takes back what a write did, and what it did itself", async () => {
  await using endpoint = await shop();
  const before = await rows(endpoint);
  const { change } = await endpoint.ask("update_rows", {
    table: "item",
    filter: everything,
    values: { price: "9" },
    expected_count: 3,
  });
  const after = await rows(endpoint);
  const tried = await endpoint.ask("undo_change", { change, dry_run: true });
  assert.deepEqual([tried.state, tried.restored, tried.change], ["dry_run", 3, undefined]);
  assert.deepEqual(await rows(endpoint), after);
  const undone = await endpoint.ask("undo_change", { change });
  assert.deepEqual([undone.state, undone.restored, undone.refused], ["applied", 3, 0]);
  assert.deepEqual(await rows(endpoint), before);
  const [first] = undone.rows;
  assert.deepEqual({ ...first, entry: "" }, {
    entry: "",
    op: "update",
    table: "item",
    key: { id: 3 },
    outcome: "restored",
  });
  const again = await endpoint.ask("undo_change", { change });
  assert.deepEqual([again.restored, again.already_undone, again.rows], [0, 3, []]);
  await endpoint.ask("undo_change", { change: undone.change });
  assert.deepEqual(await rows(endpoint), after);
  const one = await endpoint.ask("undo_change", { entry: first.entry });
  assert.equal(one.restored, 1);
});

Deno.test("undo_change tells row by row what it refuses, as text too", async () => {
  await using endpoint = await shop();
  const { change } = await endpoint.ask("delete_row", { table: "item", key: 1 });
  await endpoint.ask("insert_rows", {
    table: "item",
    rows: [{ id: 1, name: "Hawser" }],
  });
  const { text, structured } = await endpoint.call("undo_change", { change });
  assert.match(text, /Nothing was changed: 0 taken back, 1 refused/);
  assert.match(text, /delete in item id=1: refused\. There is a row with this key again/);
  assert.equal(JSON.parse(structured!).rows[0].outcome, "key_taken");
});

Deno.test("undo_change words what is wrong with its arguments", async () => {
  await using endpoint = await shop();
  const nobody = "00000000-0000-7000-8000-000000000000";
  for (
    const [args, fault] of [
      [{}, /either `change` or `entry`/],
      [{ change: nobody, entry: "1" }, /either `change` or `entry`/],
      [{ change: "1" }, /a change's id/],
      [{ entry: "x" }, /an entry's id/],
      [{ entry: "99999999999999999999" }, /an entry's id/],
      [{ change: nobody }, /You made no such change/],
      [{ entry: "1" }, /You made no such change/],
      [{ table: "item", change: nobody }, /no argument `table`/],
    ] as const
  ) assert.match(await endpoint.fault("undo_change", args), fault);
});

Deno.test("undo_change is for whoever may change rows, each within its abilities", async () => {
  await using endpoint = await shop();
  const { services, scope, manifest } = endpoint;
  const as = (...abilities: Ability[]): Principal => ({
    ...scope.principal,
    abilities: new Set(abilities),
  });
  const listed = (principal: Principal) =>
    toolsFor(manifest, principal).some(({ name }) => name === "undo_change");
  assert.equal(listed(as("rows:read", "api:changes:write")), false);
  for (const ability of ROW_WRITES) assert.equal(listed(as(ability)), true);
  const { change } = await endpoint.ask("delete_row", { table: "item", key: 1 });
  const undo = (principal: Principal) =>
    callTool(services, { ...scope, principal }, manifest, "undo_change", { change });
  await assert.rejects(() => undo(as("rows:read")), { code: "INSUFFICIENT_SCOPE" });
  await assert.rejects(() => undo(as("rows:insert")), { code: "INSUFFICIENT_SCOPE" });
  assert.equal((await undo(as("rows:delete"))).isError, false);
});
