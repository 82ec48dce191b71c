import assert from "node:assert/strict";
import { openEndpoint } from "../../lib/endpoints/mod.ts";
import { type ChangeId, newId, type UserId } from "../../lib/ids.ts";
import { connect } from "../../lib/postgres/mod.ts";
import { revokeToken, rotateToken } from "../../lib/tokens/mod.ts";
import { approveChange, readReview, refreshPreview, setWrites } from "../../lib/tools/mod.ts";
import { testCluster } from "../harness/mod.ts";
import {
  approve,
  audited,
  journalled,
  lookAt,
  price,
  priceOf,
  reject,
  reviewStage,
} from "./stage.ts";

/** Of no change whatever. */
const UNLOOKED = { version: "", unseen: 0 };

Deno.test("approveChange() does each kind of write as it was shown, in the name of who asked", async () => {
  await using stage = await reviewStage();
  const { agent } = stage;
  const asked = [
    await agent.ask("insert_rows", { table: "item", rows: [{ name: "new", price: "9.90" }] }),
    await agent.ask("update_row", price(2, 8)),
    await agent.ask("delete_row", { table: "item", key: 3 }),
    await agent.ask("upsert_rows", {
      table: "customer",
      rows: [{ id: 1, mail: "changed" }, { id: 9, mail: "new" }],
    }),
    await agent.ask("update_rows", {
      table: "item",
      filter: { column: "id", op: "between", value: [101, 200] },
      values: { price: 5 },
      expected_count: 100,
    }),
    await agent.ask("delete_rows", {
      table: "item",
      filter: { column: "id", op: "lte", value: 1 },
      expected_count: 1,
    }),
  ];
  for (const answer of asked) assert.equal(answer.state, "queued", answer.fault);
  assert.equal(await journalled(stage), 0);
  const views = await stage.waiting();
  assert.deepEqual(views.map(({ id }) => id), asked.map(({ change }) => change));
  assert.deepEqual(views.map(({ conflict, notShown, ended }) => [conflict, notShown, ended]), [
    ...Array(6).fill([null, 0, false]),
  ]);
  assert.deepEqual(views[1]!.rows, [{
    op: "update",
    key: { id: "2" },
    before: { id: "2", name: "i2", price: "2.00", country: "NO", secret: "canary2" },
    after: { id: "2", name: "i2", price: "8.00", country: "NO", secret: "canary2" },
    moved: null,
    whole: true,
    same: false,
  }]);
  assert.deepEqual([views[4]!.rows.length, views[4]!.beyond], [20, 80]);
  assert.deepEqual(views[3]!.counts, { inserted: 1, updated: 1, deleted: 0, unchanged: 0 });
  for (const { id, version } of views) await approve(stage, id, version);
  assert.deepEqual(await stage.waiting(), []);
  assert.equal(await priceOf(stage, 2), "8.00");
  assert.equal(await priceOf(stage, 150), "5.00");
  assert.equal((await stage.rows("SELECT FROM item WHERE id IN (1, 3)")).length, 0);
  assert.equal(await journalled(stage), 1 + 1 + 1 + 2 + 100 + 1);
  const [entry] = await stage.rows(
    `SELECT context FROM bulkhead.journal WHERE change_id = '${asked[1].change}'`,
  );
  const { token, tool, approved_by } = entry!["context"] as Record<string, unknown>;
  assert.deepEqual([token, tool], [agent.tokenId, "update_row"]);
  assert.deepEqual(approved_by, {
    user: stage.shop.tenant.userId,
    label: stage.shop.tenant.email,
  });
  const [event] = await audited(stage, "change.approved");
  assert.equal(event!["user_id"], stage.shop.tenant.userId);
  assert.deepEqual(event!["detail"], {
    change: asked[0].change,
    tool: "insert_rows",
    table: "item",
    inserted: 1,
    updated: 0,
    deleted: 0,
    unchanged: 0,
  });
  assert.equal((await audited(stage, "change.queued")).length, 6);
});

Deno.test("a change that rows have moved on from is shown as that, and not applied", async () => {
  await using stage = await reviewStage();
  const { agent, shop, scope } = stage;
  const { change } = await agent.ask("update_row", price(2, 8));
  await shop.owner((sql) => sql`UPDATE item SET name = 'mine' WHERE id = 2`);
  const [stale] = await stage.waiting();
  assert.deepEqual([stale!.conflict, stale!.rows[0]!.moved], [
    "A row has been changed since.",
    "changed",
  ]);
  await assert.rejects(approve(stage, change), { code: "CONFLICT", message: /would not do what/ });
  assert.deepEqual([...await audited(stage, "change.approved")], [], "nothing is told of it");
  assert.equal(await priceOf(stage, 2), "2.00");
  assert.equal(await stage.stateOf(change), "queued");
  await refreshPreview(shop.services, scope, change);
  // What was on the screen before is not what is there now.
  await assert.rejects(approve(stage, change, stale!.version), { message: /looked at anew/ });
  const [fresh] = await stage.waiting();
  assert.deepEqual([fresh!.conflict, fresh!.rows[0]!.before!["name"]], [null, "mine"]);
  await approve(stage, change, fresh!.version);
  assert.equal(await priceOf(stage, 2), "8.00");
});

Deno.test("a row that moved on beyond those that are shown is noticed, too", async () => {
  await using stage = await reviewStage();
  const { change } = await stage.agent.ask("update_rows", {
    table: "item",
    filter: { column: "id", op: "lte", value: 150 },
    values: { country: "DK" },
    expected_count: 150,
  });
  const [view] = await stage.waiting();
  const shown = new Set(view!.rows.map(({ key }) => Number(key["id"])));
  const beyond = Array.from({ length: 150 }, (_, i) => i + 1).find((id) => !shown.has(id))!;
  await stage.shop.owner((sql) => sql`UPDATE item SET name = 'moved' WHERE id = ${beyond}`);
  assert.equal((await stage.waiting())[0]!.conflict, null);
  await assert.rejects(approve(stage, change), { code: "CONFLICT" });
  assert.equal(await journalled(stage), 1);
  assert.match((await stage.waiting())[0]!.conflict!, /Rows have changed/);
});

Deno.test("what cannot be done any more says why, waits on, and can be rejected", async () => {
  await using stage = await reviewStage();
  const { agent, shop, scope } = stage;
  const ask = async (tool: string, args: unknown) => (await agent.ask(tool, args)).change;
  const gone = await ask("delete_row", { table: "item", key: 4 });
  const taken = await ask("insert_rows", { table: "customer", rows: [{ id: 20, mail: "x" }] });
  const mail = await ask("insert_rows", { table: "customer", rows: [{ id: 21, mail: "y" }] });
  const counted = await ask("delete_rows", {
    table: "item",
    filter: { column: "country", op: "eq", value: "SE" },
    expected_count: 100,
  });
  const referred = await ask("delete_row", { table: "customer", key: 5 });
  await shop.owner((sql) =>
    sql.unsafe(`DELETE FROM item WHERE id = 4; INSERT INTO customer VALUES (20, 'z'), (22, 'y');
      INSERT INTO invoice VALUES (1, 5); UPDATE item SET country = 'DK' WHERE id = 199`)
  );
  const cases: [ChangeId, RegExp][] = [
    [gone, /no row of `item` has that key/],
    [taken, /already in a unique column/],
    [mail, /already in a unique column/],
    [counted, /finds 99 rows, not 100/],
    [referred, /refer to this row/],
  ];
  const before = await journalled(stage);
  for (const [change, expected] of cases) {
    await assert.rejects(approve(stage, change), { code: "CONFLICT", message: expected });
    assert.equal(await stage.stateOf(change), "queued");
  }
  assert.equal(await journalled(stage), before);
  const conflicts = (await stage.waiting()).map(({ conflict }) => conflict);
  assert.deepEqual(conflicts.slice(0, 3), [
    "A row is gone.",
    "A row would be added, but there is one with its key now.",
    conflicts[2],
  ]);
  assert.match(conflicts[2]!, /already in a unique column/);
  await assert.rejects(refreshPreview(shop.services, scope, mail), { code: "CONFLICT" });
  await reject(stage, gone, "no");
  const view = await readReview(shop.services, scope, gone, { rows: 50, shown: null });
  assert.deepEqual([view.state, view.note, view.rows, view.decidedBy!.label], [
    "rejected",
    "no",
    [],
    shop.tenant.email,
  ]);
  await shop.owner((sql) => sql`DELETE FROM customer WHERE id = 22`);
  await approve(stage, mail);
});

Deno.test("of any number of people who decide at once, one does", async () => {
  await using stage = await reviewStage();
  for (let round = 0; round < 4; round++) {
    const { change } = await stage.agent.ask("insert_rows", {
      table: "customer",
      rows: [{ id: 100 + round, mail: `round ${round}` }],
    });
    const decisions = await Promise.allSettled([
      ...Array.from({ length: 4 }, () => approve(stage, change)),
      ...Array.from({ length: 2 }, () => reject(stage, change)),
    ]);
    const done = decisions.filter(({ status }) => status === "fulfilled");
    assert.equal(done.length, 1);
    for (const decision of decisions) {
      if (decision.status === "rejected") {
        assert.match(String(decision.reason), /decided on already/);
      }
    }
    const state = await stage.stateOf(change);
    const rows = await stage.rows(`SELECT FROM customer WHERE id = ${100 + round}`);
    assert.equal(rows.length, state === "applied" ? 1 : 0);
  }
});

Deno.test("an approval whose connection is killed changes nothing, and can be repeated", async () => {
  await using stage = await reviewStage();
  const { shop, scope } = stage;
  const { change } = await stage.agent.ask("update_row", price(2, 8));
  const other = await openEndpoint(shop.services, scope, "owner");
  const database = String(other.sql.options.database);
  const superuser = connect((await testCluster()).superuserUrl, { max: 1 });
  const held = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const holder = other.sql.begin(async (tx) => {
    await tx`SELECT FROM item WHERE id = 2 FOR UPDATE`;
    held.resolve();
    await letGo.promise;
  });
  try {
    await held.promise;
    const outcome = approve(stage, change).then(() => "approved", () => "failed");
    for (let killed = 0; !killed;) {
      const rows = await superuser`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'bulkhead keeper' AND wait_event_type = 'Lock'
          AND datname = ${database}`;
      killed = rows.length;
    }
    assert.equal(await outcome, "failed");
  } finally {
    letGo.resolve();
    await holder;
    other.release();
    await superuser.end();
  }
  assert.deepEqual([await stage.stateOf(change), await priceOf(stage, 2)], ["queued", "2.00"]);
  await approve(stage, change);
  assert.deepEqual([await stage.stateOf(change), await priceOf(stage, 2)], ["applied", "8.00"]);
  assert.equal(await journalled(stage), 1);
});

Deno.test("where writes were turned off nothing is approved, and the queue stays", async () => {
  await using stage = await reviewStage();
  const { shop, scope } = stage;
  const { change } = await stage.agent.ask("update_row", price(2, 8));
  await setWrites(shop.services, scope, "off");
  // What the caller's scope knows may be a second old: the database says no.
  await assert.rejects(approve(stage, change), { code: /WRITES_OFF|CONFLICT/ });
  const off = {
    ...scope.endpoint,
    settings: { ...scope.endpoint.settings, writes: "off" as const },
  };
  await assert.rejects(
    approveChange(shop.services, { ...scope, endpoint: off }, change, UNLOOKED),
    { code: "WRITES_OFF" },
  );
  assert.equal(await stage.stateOf(change), "queued");
  await setWrites(shop.services, scope, "direct");
  await approve(stage, change);
  assert.equal(await priceOf(stage, 2), "8.00");
});

Deno.test("a change of a revoked token says so, and a person may still approve it", async () => {
  await using stage = await reviewStage();
  const { shop, agent } = stage;
  const { change } = await agent.ask("update_row", price(2, 8));
  await revokeToken(shop.services, shop.tenant.scope, agent.tokenId);
  assert.equal((await stage.waiting())[0]!.ended, true);
  await approve(stage, change);
  assert.equal(await priceOf(stage, 2), "8.00");
});

Deno.test("nobody approves what they asked for, nor by a token that took its place", async () => {
  await using stage = await reviewStage();
  const { shop, agent } = stage;
  const { services } = shop;
  const { change } = await agent.ask("update_row", price(2, 8));
  await assert.rejects(approveChange(services, agent.scope, change, UNLOOKED), {
    code: "ACCESS_DENIED",
    message: /asked for themselves/,
  });
  const replaced = await rotateToken(services, shop.tenant.scope, agent.tokenId, 0);
  const successor = { ...agent.scope.principal, tokenId: replaced.view.id };
  await assert.rejects(
    approveChange(services, { ...agent.scope, principal: successor }, change, UNLOOKED),
    { message: /asked for themselves/ },
  );
  const reviewed = await stage.newAgent({ review: true });
  await assert.rejects(approveChange(services, reviewed.scope, change, UNLOOKED), {
    code: "ACCESS_DENIED",
  });
  const reading = { ...stage.scope.principal, abilities: new Set(["api:changes:read"] as const) };
  await assert.rejects(
    approveChange(services, { ...stage.scope, principal: reading }, change, UNLOOKED),
    { code: "INSUFFICIENT_SCOPE" },
  );
  const stranger = { ...stage.scope.principal, userId: newId<UserId>() };
  await assert.rejects(
    approveChange(services, { ...stage.scope, principal: stranger }, change, UNLOOKED),
    { code: "ACCESS_DENIED", message: /Owners and admins/ },
  );
  assert.equal(await stage.stateOf(change), "queued");
  const another = await stage.newAgent();
  const looked = await lookAt(stage.shop, another.scope, change);
  await approveChange(services, another.scope, change, looked);
  assert.equal(await stage.stateOf(change), "applied");
});
