import assert from "node:assert/strict";
import { newId } from "../../lib/ids.ts";
import { undoChanges, type UndoTarget } from "../../lib/journal/mod.ts";
import { connect } from "../../lib/postgres/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { testCluster } from "../harness/mod.ts";
import { agentOf, contents, openStage } from "./stage.ts";

const DDL = `
  CREATE TABLE item (id int PRIMARY KEY, price numeric);
  INSERT INTO item VALUES (1, 1.50), (2, 2);
`;

const DO = { preview: false } as const;

Deno.test("an undo whose connection is killed fails, keeps nothing, and can be repeated", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const change = await stage.change((tx) => tx`UPDATE item SET price = price + 1`);
  const before = await contents(owner, "item", "id");
  const superuser = connect((await testCluster()).superuserUrl, { max: 1 });
  const held = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const holder = owner.begin(async (tx) => {
    await tx`SELECT FROM item WHERE id = 2 FOR UPDATE`;
    held.resolve();
    await letGo.promise;
  });
  const target: UndoTarget = { kind: "change", change };
  try {
    await held.promise;
    const outcome = undoChanges(services, scope, target, DO).then(() => "done", ({ code }) => code);
    for (let killed = 0; !killed;) {
      const rows = await superuser`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'bulkhead keeper' AND wait_event_type = 'Lock'
          AND datname = ${String(owner.options.database)}`;
      killed = rows.length;
    }
    assert.equal(await outcome, "UNAVAILABLE");
  } finally {
    letGo.resolve();
    await holder;
    await superuser.end();
  }
  assert.deepEqual(await contents(owner, "item", "id"), before);
  const done = await undoChanges(services, scope, target, DO);
  assert.deepEqual([done.restored, done.refused], [2, 0]);
});

Deno.test("undoChanges() is for owners and admins, and for tokens that nobody has to approve", async () => {
  await using stage = await openStage(DDL);
  const { services, scope } = stage;
  const change = await stage.change((tx) => tx`UPDATE item SET price = 0`);
  const refused = async (by: EndpointScope, message: RegExp) => {
    for (const preview of [true, false]) {
      await assert.rejects(undoChanges(services, by, { kind: "change", change }, { preview }), {
        code: "ACCESS_DENIED",
        message,
      });
    }
  };
  await refused(agentOf(stage, ["api:changes:write"], { review: true }), /waits for a person/);
  await refused(agentOf(stage, ["api:changes:write"], { userId: null }), /Owners and admins/);
  await refused(agentOf(stage, ["api:changes:write"], { userId: newId() }), /Owners and admins/);
  const done = await undoChanges(services, scope, { kind: "change", change }, DO);
  assert.equal(done.restored, 2);
});
