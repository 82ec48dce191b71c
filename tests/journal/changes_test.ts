import assert from "node:assert/strict";
import { enterEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { listChanges, readChange, undoChanges } from "../../lib/journal/mod.ts";
import { agentOf, openStage } from "./stage.ts";

const DDL = `
  CREATE TABLE item (id int PRIMARY KEY, name text, price numeric);
  INSERT INTO item VALUES (1, 'Rope', 1.50), (2, 'Anchor', 2), (3, 'Buoy', 3);
`;

const DO = { preview: false } as const;

Deno.test("listChanges() pages through changes that ran side by side, each once", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const agent = agentOf(stage);
  const made = [];
  for (let n = 0; n < 7; n++) {
    const by = n % 2 ? agent : scope;
    made.push(
      await stage.change((tx) => tx`UPDATE item SET price = price + 1`, by, `tool_${n % 3}`),
    );
  }
  const only = async (filter: Parameters<typeof listChanges>[2]) =>
    (await listChanges(services, scope, filter, { after: null, limit: 50 })).changes.length;
  assert.equal(await only({ token: agent.principal.tokenId! }), 3);
  assert.equal(await only({ tool: "tool_0" }), 3);
  assert.equal(await only({ table: "item" }), 7);
  assert.equal(await only({ table: "other" }), 0);
  assert.equal(await only({ since: new Date(Date.now() + 60_000) }), 0);

  // As where two transactions take turns: the entries of each stand between the other's.
  await owner`
    UPDATE bulkhead.journal SET change_id = CASE WHEN id % 2 = 0 THEN ${made[5]!}::uuid
      ELSE ${made[6]!}::uuid END
    WHERE change_id IN (${made[5]!}, ${made[6]!})`;
  const seen = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listChanges>> = await listChanges(services, scope, {}, {
      after,
      limit: 2,
    });
    seen.push(...page.changes);
    after = page.next;
  } while (after !== null);
  assert.deepEqual(new Set(seen.map(({ changeId }) => changeId)), new Set(made));
  assert.equal(seen.length, made.length);
  assert.deepEqual(seen.map(({ rows }) => rows), [3, 3, 3, 3, 3, 3, 3]);
  assert.deepEqual(seen[0]!.tables, [{ table: "item", op: "update", rows: 3 }]);
});

Deno.test("reading and undoing need their abilities, and another's endpoint is another database", async () => {
  await using stage = await openStage(DDL);
  const { services } = stage;
  const page = { after: null, limit: 10 };
  const agent = agentOf(stage, ["rows:read", "rows:update"]);
  const change = await stage.change((tx) => tx`UPDATE item SET name = 'x'`);
  for (
    const attempt of [
      () => listChanges(services, agent, {}, page),
      () => readChange(services, agent, change, page),
      () => undoChanges(services, agent, { kind: "change", change }, DO),
    ]
  ) await assert.rejects(attempt, { code: "INSUFFICIENT_SCOPE" });
  for (const after of ["x", "0", "-1", "9223372036854775808", "1;"]) {
    await assert.rejects(() => listChanges(services, stage.scope, {}, { after, limit: 1 }), {
      code: "INVALID_CURSOR",
    });
  }
  const entered = await enterEndpoint(services, stage.tenant.scope, stage.scope.endpoint.slug);
  const lease = await openEndpoint(services, entered, "writer");
  try {
    await assert.rejects(() => lease.sql`SELECT FROM bulkhead.journal`.then(() => {}), {
      code: "42501",
    });
  } finally {
    lease.release();
  }
});
