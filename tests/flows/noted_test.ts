import assert from "node:assert/strict";
import { AppError } from "../../lib/errors.ts";
import { type ChangeId, newId, type TokenId } from "../../lib/ids.ts";
import { undoChanges } from "../../lib/journal/mod.ts";
import type { Services } from "../../lib/services.ts";
import { approveChange, callTool, rejectChange, setRules } from "../../lib/tools/mod.ts";
import { toolEndpoint } from "../tools/fixture.ts";

const TABLE = "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'a')";

const OPEN = {
  hidden: [],
  readOnly: [],
  insert: true,
  update: true,
  delete: true,
  rowFilter: null,
};

Deno.test("nothing is written, queued, decided or taken back that nobody would carry into the audit log", async () => {
  await using test = await toolEndpoint(TABLE, "direct");
  const { scope, manifest } = test;
  // What a process meets whose control database is gone.
  const services: Services = {
    ...test.services,
    relays: {
      ...test.services.relays,
      want: () => Promise.reject(new AppError("UNAVAILABLE")),
    },
  };
  const change = (await test.ask("update_row", { table: "item", key: 1, values: { name: "b" } }))
    .change as ChangeId;
  const reviewed = { ...scope, principal: { ...scope.principal, review: true } };
  const waits = await callTool(test.services, reviewed, manifest, "delete_row", {
    table: "item",
    key: 1,
  });
  const queued = JSON.parse(waits.structured!).change as ChangeId;
  const stateOf = () =>
    test.owner(async (owner) => [
      ...await owner`SELECT name FROM item`,
      ...await owner`SELECT count(*)::int AS entries FROM bulkhead.journal`,
      ...await owner`SELECT id, state FROM bulkhead.changes ORDER BY at`,
      ...await owner`SELECT table_name FROM bulkhead.rules`,
    ]);
  const before = await stateOf();

  for (
    const [by, tool, args] of [
      [scope, "insert_rows", { table: "item", rows: [{ id: 2 }] }],
      [scope, "update_row", { table: "item", key: 1, values: { name: "c" } }],
      [scope, "undo_change", { change }],
      [reviewed, "delete_row", { table: "item", key: 1 }],
    ] as const
  ) {
    const answer = await callTool(services, by, manifest, tool, args);
    assert.equal(answer.isError, true, `${tool}: ${answer.text}`);
  }
  const unavailable = { code: "UNAVAILABLE" };
  await assert.rejects(setRules(services, scope, "item", OPEN), unavailable);
  await assert.rejects(rejectChange(services, scope, queued, null), unavailable);
  await assert.rejects(
    undoChanges(services, scope, { kind: "change", change }, { preview: false }),
    unavailable,
  );
  const another = { ...scope, principal: { ...scope.principal, tokenId: newId<TokenId>() } };
  await assert.rejects(
    approveChange(services, another, queued, { version: "", unseen: 0 }),
    unavailable,
  );
  assert.deepEqual(await stateOf(), before);
});
