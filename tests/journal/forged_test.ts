import assert from "node:assert/strict";
import { openEndpoint } from "../../lib/endpoints/mod.ts";
import type { ChangeId } from "../../lib/ids.ts";
import { newId } from "../../lib/ids.ts";
import { carryOver, changeChoices, listChanges, readChange } from "../../lib/journal/mod.ts";
import { toolEndpoint } from "../tools/fixture.ts";

/** What a writer's own session may say of a change instead of what the program says. */
const FORGED: readonly unknown[] = [
  null,
  "text",
  5,
  ["undoes", "by"],
  { by: "text" },
  { by: null },
  { by: [] },
  { by: { user: 5, token: {}, grant: [], kind: "root", tool: { a: 1 }, label: null } },
  {
    by: { user: "no uuid", token: "'; --", grant: "\u2028", tool: "<script>", network: "::::/999" },
  },
  { by: { label: "x".repeat(100_000), tool: "y".repeat(100_000), request: "r" } },
  { by: { ...Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`k${n}`, n])) } },
  { undoes: 1 },
  { undoes: 9_000_000_000 },
  { undoes: "999999999999999999" },
];

Deno.test("what a writer's session says of itself holds up neither the log nor who reads or undoes", async () => {
  await using test = await toolEndpoint(
    "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'a')",
    "direct",
  );
  const { services, scope } = test;
  const true_ = await test.ask("update_row", { table: "item", key: 1, values: { name: "true" } });
  const writer = await openEndpoint(services, scope, "writer");
  const same = newId<ChangeId>();
  for (const [index, said] of FORGED.entries()) {
    const text = JSON.stringify(
      typeof said === "object" && said !== null && !Array.isArray(said)
        ? { change: same, ...said }
        : said,
    );
    await writer.sql.begin(async (tx) => {
      await tx`SELECT set_config('bulkhead.change', ${text}, true)`;
      await tx`UPDATE item SET name = ${`forged ${index}`} WHERE id = 1`;
    });
  }
  // Each next entry is said to undo itself, or the one after it.
  for (const ahead of [1, 2, 3]) {
    await writer.sql.begin(async (tx) => {
      const next = 1 + FORGED.length + ahead;
      const said = JSON.stringify({ change: same, undoes: next });
      await tx`SELECT set_config('bulkhead.change', ${said}, true)`;
      await tx`UPDATE item SET name = ${`ahead ${ahead}`} WHERE id = 1`;
    });
  }
  writer.release();
  const kept = 1 + FORGED.length + 3;
  await test.owner(async (owner) => {
    const [row] = await owner`
      SELECT count(*)::int AS entries, count(undoes)::int AS undoes FROM bulkhead.journal`;
    assert.deepEqual({ ...row }, { entries: kept, undoes: 0 });
    // Nor could whoever may say so make a ring of it.
    await assert.rejects(
      owner.unsafe("UPDATE bulkhead.journal SET undoes = id WHERE id = 2"),
      /journal_check/,
    );
    const { id, tenantId } = scope.endpoint;
    await services.relays.want(scope.endpoint);
    await carryOver(services.control, { id, tenantId }, owner, { limit: 1000, wait: true });
    const [left] = await owner`SELECT count(*)::int AS n FROM bulkhead.outbox`;
    assert.equal(left!["n"], 0);
  });
  const { changes } = await listChanges(services, scope, {}, { after: null, limit: 100 });
  assert.ok(changes.length >= 2);
  for (const { changeId } of changes) {
    await readChange(services, scope, changeId, { after: null, limit: 100 });
  }
  await changeChoices(services, scope);
  // The row has moved on since: that is said, and nothing else goes wrong.
  const answer = await test.call("undo_change", { change: true_.change });
  assert.doesNotMatch(answer.text, /on our side/);
  assert.equal((await test.ask("get_row", { table: "item", key: 1 })).row.name, "ahead 3");
});
