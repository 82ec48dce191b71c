import assert from "node:assert/strict";
import { type ChangeId, newId } from "../../lib/ids.ts";
import { MAX_OWN_QUEUED } from "../../lib/journal/mod.ts";
import {
  listReview,
  OPEN_RULES,
  readReview,
  refreshPreview,
  setRules,
} from "../../lib/tools/mod.ts";
import { approve, audited, journalled, price, priceOf, reject, reviewStage } from "./stage.ts";

Deno.test("a token under review waits where the endpoint does not, and the others write at once", async () => {
  await using stage = await reviewStage("direct");
  const reviewed = await stage.newAgent({ review: true });
  assert.equal((await stage.agent.ask("update_row", price(2, 8))).state, "applied");
  assert.equal((await reviewed.ask("update_row", price(2, 9))).state, "queued");
  assert.equal(await priceOf(stage, 2), "8.00");
  await using other = await reviewStage("review");
  assert.equal((await other.agent.ask("update_row", price(2, 9))).state, "queued");
});

Deno.test("under an idempotency key a queued change is answered as it stands", async () => {
  await using stage = await reviewStage();
  const { agent } = stage;
  const call = { ...price(2, 8), idempotency_key: "k-1" };
  const first = await agent.ask("update_row", call);
  const again = await agent.ask("update_row", call);
  assert.deepEqual([again.state, again.change], ["queued", first.change]);
  assert.deepEqual([again.updated, again.rows, again.rows_cut], [1, [], true]);
  assert.equal((await stage.waiting()).length, 1);
  await approve(stage, first.change);
  const applied = await agent.ask("update_row", call);
  assert.deepEqual([applied.state, applied.change, applied.rows[0].row.price], [
    "applied",
    first.change,
    "8.00",
  ]);
  assert.equal(await journalled(stage), 1);
  const other = { ...price(3, 8), idempotency_key: "k-2" };
  const rejected = await agent.ask("update_row", other);
  await reject(stage, rejected.change);
  assert.equal((await agent.ask("update_row", other)).state, "rejected");
  assert.match(
    (await agent.ask("update_row", { ...price(4, 8), idempotency_key: "k-2" })).fault,
    /another call/,
  );
});

Deno.test("what the field rules hide now is not shown of what was asked before", async () => {
  await using stage = await reviewStage();
  const { agent, shop, scope } = stage;
  const one = await agent.ask("update_row", { table: "item", key: 2, values: { secret: "told" } });
  await agent.ask("update_rows", {
    table: "item",
    filter: { column: "id", op: "lte", value: 4 },
    values: { price: 1 },
    expected_count: 4,
  });
  await setRules(shop.services, scope, "item", {
    ...OPEN_RULES,
    hidden: ["secret"],
    rowFilter: { column: "country", op: "eq", value: "NO" },
  });
  const views = await stage.waiting();
  const text = JSON.stringify(views);
  for (const word of ["canary", "told", '"SE"']) assert.ok(!text.includes(word), word);
  assert.deepEqual(views.map(({ rows, notShown }) => [rows.length, notShown]), [[1, 0], [2, 2]]);
  assert.deepEqual(views.map(({ conflict }) => conflict === null), [false, false]);
  const read = await readReview(shop.services, scope, one.change, { rows: 50, shown: null });
  assert.ok(!("secret" in read.rows[0]!.after!));
  await assert.rejects(approve(stage, one.change), {
    code: "CONFLICT",
    message: /has changed since/,
  });
  assert.ok(!/secret/.test((await stage.waiting())[0]!.conflict!));
  // Taken back, all of it is shown again and can be done.
  await setRules(shop.services, scope, "item", OPEN_RULES);
  await refreshPreview(shop.services, scope, one.change);
  await approve(stage, one.change);
  assert.equal((await stage.rows("SELECT secret FROM item WHERE id = 2"))[0]!["secret"], "told");
});

Deno.test("the queue is bounded for each actor and the endpoint, also for calls at once", async () => {
  await using stage = await reviewStage();
  const { agent, shop } = stage;
  const fill = (actor: string, count: number) =>
    shop.owner((sql) =>
      sql`INSERT INTO bulkhead.changes (id, state, tool, table_name, arguments, preview, actor, context)
        SELECT gen_random_uuid(), 'queued', 'delete_row', 'item', '{}',
          '{"count":1,"inserted":0,"updated":0,"deleted":1,"unchanged":0,"was":null,"effects":[]}',
          ${actor}, '{}' FROM generate_series(1, ${count})`
    );
  await fill(agent.tokenId, MAX_OWN_QUEUED - 3);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => agent.ask("update_row", price(i + 1, 8))),
  );
  assert.equal(answers.filter(({ state }) => state === "queued").length, 3);
  for (const { fault } of answers) {
    if (fault) assert.match(fault, /of your changes wait for a person/);
  }
  const other = await stage.newAgent();
  assert.equal((await other.ask("update_row", price(20, 8))).state, "queued");
  await fill("somebody", 1000 - MAX_OWN_QUEUED - 1);
  assert.match(
    (await other.ask("update_row", price(21, 8))).fault,
    /1000 changes wait for a person/,
  );
});

Deno.test("what nobody decides on in 30 days is rejected", async () => {
  await using stage = await reviewStage();
  const { agent, shop, scope } = stage;
  const { change } = await agent.ask("update_row", price(2, 8));
  const { change: later } = await agent.ask("update_row", price(3, 8));
  await shop.owner((sql) =>
    sql`UPDATE bulkhead.changes SET at = now() - interval '30 days' WHERE id = ${change}`
  );
  assert.deepEqual((await stage.waiting()).map(({ id }) => id), [later]);
  const page = { state: "decided", after: null, limit: 10 } as const;
  const { changes } = await listReview(shop.services, scope, page, { rows: 20, shown: null });
  assert.match(changes[0]!.note!, /Nobody decided on it within 30 days/);
  const [event] = await audited(stage, "change.rejected");
  assert.deepEqual([event!["actor_kind"], event!["detail"].change], ["system", change]);
  await assert.rejects(approve(stage, change), { message: /is rejected/ });
});

Deno.test("lists go on where a page ends", async () => {
  await using stage = await reviewStage();
  const { shop, scope } = stage;
  const ids: string[] = [];
  for (let id = 1; id <= 5; id++) {
    ids.push((await stage.agent.ask("update_row", price(id, 8))).change);
  }
  for (const id of ids.slice(0, 3)) await reject(stage, id as ChangeId);
  const walk = async (state: "queued" | "decided") => {
    const found: string[] = [];
    for (let after: ChangeId | null = null;;) {
      const page = await listReview(shop.services, scope, { state, after, limit: 2 }, {
        rows: 20,
        shown: null,
      });
      found.push(...page.changes.map(({ id }) => id));
      if (!page.next) return found;
      after = page.next;
    }
  };
  assert.deepEqual(await walk("queued"), ids.slice(3));
  assert.deepEqual(await walk("decided"), ids.slice(0, 3).reverse());
});

Deno.test("half of a surrogate pair is a fault of the arguments, and nothing is queued", async () => {
  await using stage = await reviewStage();
  const { fault } = await stage.agent.ask("update_row", {
    table: "item",
    key: 2,
    values: { name: "\ud800" },
  });
  assert.match(fault, /character/);
  assert.deepEqual(await stage.waiting(), []);
});

Deno.test("get_change follows one's own change from the queue into the journal, and nobody else's", async () => {
  await using stage = await reviewStage();
  const { agent, shop } = stage;
  const { change } = await agent.ask("update_row", price(2, 8));
  const follow = () => agent.ask("get_change", { change });
  const diff = {
    op: "update",
    key: { id: "2" },
    changed: ["price"],
    before: { id: "2", name: "i2", price: "2.00", country: "NO", secret: "canary2" },
    row: { id: "2", name: "i2", price: "8.00", country: "NO", secret: "canary2" },
  };
  const queued = await follow();
  assert.deepEqual([queued.state, queued.updated, queued.rows], ["queued", 1, [diff]]);
  const other = await stage.newAgent();
  const unknown = await other.ask("get_change", { change: newId() });
  const theirs = await other.ask("get_change", { change });
  assert.equal(theirs.fault.replace(/`.*`/, ""), unknown.fault.replace(/`.*`/, ""));
  await shop.owner((sql) => sql`UPDATE item SET country = 'DK' WHERE id = 2`);
  assert.match((await follow()).conflict, /has been changed since/);
  await refreshPreview(shop.services, stage.scope, change);
  await approve(stage, change);
  const applied = await follow();
  assert.deepEqual([applied.state, applied.updated, applied.rows[0].changed], ["applied", 1, [
    "price",
  ]]);
  assert.match((await other.ask("get_change", { change })).fault, /no change/);
  const second = await agent.ask("delete_row", { table: "item", key: 3 });
  await reject(stage, second.change, "keep it");
  const rejected = await agent.ask("get_change", { change: second.change });
  assert.deepEqual([rejected.state, rejected.deleted, rejected.note], ["rejected", 1, "keep it"]);
});

Deno.test("get_change tells of a change that was made at once, as far as it may be shown now", async () => {
  await using stage = await reviewStage("direct");
  const { agent, shop, scope } = stage;
  const { change } = await agent.ask("delete_rows", {
    table: "item",
    filter: { column: "id", op: "lte", value: 4 },
    expected_count: 4,
  });
  await setRules(shop.services, scope, "item", {
    ...OPEN_RULES,
    hidden: ["secret"],
    rowFilter: { column: "country", op: "eq", value: "NO" },
  });
  const told = await agent.ask("get_change", { change });
  assert.deepEqual([told.state, told.deleted, told.rows.length, told.not_shown], [
    "applied",
    4,
    2,
    2,
  ]);
  assert.ok(!/canary|"SE"/.test(JSON.stringify(told)));
});
