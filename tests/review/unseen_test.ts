import assert from "node:assert/strict";
import type { ChangeId, UserId } from "../../lib/ids.ts";
import { newId } from "../../lib/ids.ts";
import {
  approveChange,
  listReview,
  OPEN_RULES,
  readReview,
  refreshPreview,
  setRules,
  UnseenRows,
} from "../../lib/tools/mod.ts";
import { lookAt, price, priceOf, reviewStage, type Stage } from "./stage.ts";

/** Asks for a change of so many rows. */
async function ofMany({ agent }: Stage, rows: number, country = "DK"): Promise<ChangeId> {
  const { change, fault } = await agent.ask("update_rows", {
    table: "item",
    filter: { column: "id", op: "lte", value: rows },
    values: { country },
    expected_count: rows,
  });
  assert.ok(change, fault);
  return change;
}

const list = ({ shop, scope }: Stage, shown: number | null) =>
  listReview(shop.services, scope, { state: "queued", after: null, limit: 20 }, {
    rows: 20,
    shown,
  });

const read = ({ shop, scope }: Stage, change: ChangeId, after = 0, shown: number | null = 50) =>
  readReview(shop.services, scope, change, { after, rows: 50, shown });

const approveAs = ({ shop, scope }: Stage, change: ChangeId, version: string, unseen: number) =>
  approveChange(shop.services, scope, change, { version, unseen });

Deno.test("a change is approved once each row was shown, or by naming how many were not", async () => {
  await using stage = await reviewStage();
  const change = await ofMany(stage, 120);
  const { version } = (await list(stage, null)).changes[0]!;
  await assert.rejects(
    approveAs(stage, change, version!, 0),
    (error) => error instanceof UnseenRows && error.unseen === 120,
  );
  const [listed] = (await list(stage, 3)).changes;
  assert.deepEqual([listed!.count, listed!.unseen], [120, 117]);
  for (const wrong of [0, 116, 118, 120, -1, NaN]) {
    await assert.rejects(approveAs(stage, change, version!, wrong), UnseenRows);
  }
  const pages = [
    await read(stage, change),
    await read(stage, change, 50),
    await read(stage, change, 50),
  ];
  assert.deepEqual(pages.map(({ unseen, next }) => [unseen, next]), [[70, 50], [20, 100], [
    20,
    100,
  ]]);
  assert.equal((await read(stage, change, 100, null)).unseen, null);
  await assert.rejects(approveAs(stage, change, version!, 0), UnseenRows);
  assert.equal((await read(stage, change, 100)).unseen, 0);
  await assert.rejects(approveAs(stage, change, version!, 20), UnseenRows);
  assert.equal(await stage.stateOf(change), "queued");
  await approveAs(stage, change, version!, 0);
  assert.equal(await stage.stateOf(change), "applied");
  for (const table of ["change_rows", "change_views"]) {
    assert.equal((await stage.rows(`SELECT FROM bulkhead.${table}`)).length, 0, table);
  }
  const unlooked = await ofMany(stage, 5, "FI");
  const again = (await list(stage, null)).changes[0]!;
  await approveAs(stage, unlooked, again.version!, 5);
});

Deno.test("what one person was shown, another was not", async () => {
  await using stage = await reviewStage();
  const { shop, scope } = stage;
  const change = await ofMany(stage, 4);
  const approval = await lookAt(stage.shop, scope, change);
  assert.equal(approval.unseen, 0);
  const another = await stage.newAgent();
  await assert.rejects(approveChange(shop.services, another.scope, change, approval), UnseenRows);
  const stranger = { ...scope.principal, userId: newId<UserId>() };
  await assert.rejects(
    approveChange(shop.services, { ...scope, principal: stranger }, change, approval),
    { code: "ACCESS_DENIED" },
  );
  assert.equal(await stage.stateOf(change), "queued");
});

Deno.test("looked at anew, or under other field rules, nothing was looked at", async () => {
  await using stage = await reviewStage();
  const { shop, scope } = stage;
  const { change } = await stage.agent.ask("update_row", {
    table: "item",
    key: 2,
    values: { price: 8, secret: "told" },
  });
  await setRules(shop.services, scope, "item", { ...OPEN_RULES, hidden: ["secret"] });
  const hidden = await lookAt(stage.shop, scope, change);
  // Shown without the column, it would be done with it.
  await setRules(shop.services, scope, "item", OPEN_RULES);
  await assert.rejects(approveAs(stage, change, hidden.version, 0), { code: "CONFLICT" });
  const open = await list(stage, null);
  await assert.rejects(approveAs(stage, change, open.changes[0]!.version!, 0), UnseenRows);
  const before = await lookAt(stage.shop, scope, change);
  await shop.owner((sql) => sql`UPDATE item SET name = 'moved' WHERE id = 2`);
  await assert.rejects(approveAs(stage, change, before.version, 0), {
    message: /would not do what/,
  });
  await refreshPreview(shop.services, scope, change);
  await assert.rejects(approveAs(stage, change, before.version, 0), { message: /looked at anew/ });
  const now = (await list(stage, null)).changes[0]!;
  await assert.rejects(approveAs(stage, change, now.version!, 0), UnseenRows);
  const after = await lookAt(stage.shop, scope, change);
  await approveAs(stage, change, after.version, after.unseen);
  assert.equal(await priceOf(stage, 2), "8.00");
});

Deno.test("rows that move on while pages are read are noticed, and half a look is no look", async () => {
  await using stage = await reviewStage();
  const { shop } = stage;
  const change = await ofMany(stage, 100);
  const first = await read(stage, change);
  await shop.owner((sql) => sql`UPDATE item SET price = 9 WHERE id = 99`);
  const second = await read(stage, change, 50);
  // What is shown is what was asked for; that a row is another by now is said, and refused.
  assert.deepEqual([second.version, second.unseen], [first.version, 0]);
  assert.match(second.conflict!, /has been changed since/);
  await assert.rejects(approveAs(stage, change, second.version!, 0), {
    message: /would not do what/,
  });
  assert.equal((await stage.rows("SELECT FROM item WHERE country = 'DK'")).length, 0);
});

Deno.test("of approvals that say different things at once, only what is true is done, and once", async () => {
  await using stage = await reviewStage();
  const change = await ofMany(stage, 60);
  const { version } = await read(stage, change);
  const results = await Promise.allSettled(
    [0, 10, 60, 10, 0, 10].map((unseen) => approveAs(stage, change, version!, unseen)),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  assert.equal((await stage.rows("SELECT FROM item WHERE country = 'DK'")).length, 60);
  assert.equal(results[0]!.status, "rejected");
  assert.equal(results[2]!.status, "rejected");
});

Deno.test("long values are kept and shown to their end; what is too long for that was not looked at", async () => {
  await using stage = await reviewStage();
  const { agent, scope } = stage;
  const long = `${"a".repeat(150_000)}\u202ethe end`;
  const { change, rows, fault } = await agent.ask("update_row", {
    table: "item",
    key: 2,
    values: { name: long },
  });
  assert.ok(change, fault);
  // An agent is told it in short, as before.
  assert.match(rows[0].row.name, /cut, bytes in all: 150010/);
  const view = await read(stage, change);
  assert.deepEqual([view.rows[0]!.after!["name"], view.rows[0]!.whole, view.unseen], [
    long,
    true,
    0,
  ]);
  const huge = await agent.ask("update_row", {
    table: "item",
    key: 4,
    values: { name: "b".repeat(450_000) },
  });
  assert.ok(huge.change, huge.fault);
  const cut = await lookAt(stage.shop, scope, huge.change);
  assert.equal(cut.unseen, 1);
  assert.equal((await read(stage, huge.change)).rows[0]!.whole, false);
  await assert.rejects(approveAs(stage, huge.change, cut.version, 0), UnseenRows);
  await approveAs(stage, huge.change, cut.version, 1);
  await approveAs(stage, change, view.version!, 0);
  const [kept] = await stage.rows("SELECT name FROM item WHERE id = 2");
  assert.equal(kept!["name"], long);
});

Deno.test("rows that the field rules hide count as not looked at", async () => {
  await using stage = await reviewStage();
  const { shop, scope } = stage;
  const change = await ofMany(stage, 6);
  await setRules(shop.services, scope, "item", {
    ...OPEN_RULES,
    rowFilter: { column: "id", op: "lte", value: 4 },
  });
  const view = await read(stage, change);
  assert.deepEqual([view.rows.length, view.notShown, view.unseen, view.next], [4, 2, 2, null]);
});

Deno.test("a change that changes nothing any more says so of each row", async () => {
  await using stage = await reviewStage();
  const { shop, scope, agent } = stage;
  const { change } = await agent.ask("update_row", price(2, 8));
  await shop.owner((sql) => sql`UPDATE item SET price = 8 WHERE id = 2`);
  await refreshPreview(shop.services, scope, change);
  const view = await read(stage, change);
  assert.deepEqual([view.rows.map(({ same }) => same), view.counts], [[true], {
    inserted: 0,
    updated: 0,
    deleted: 0,
    unchanged: 1,
  }]);
});
