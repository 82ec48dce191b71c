import assert from "node:assert/strict";
import { type ChangeId, newId, type UserId } from "../../lib/ids.ts";
import { MAX_OWN_QUEUED } from "../../lib/journal/mod.ts";
import { openEndpoint } from "../../lib/endpoints/mod.ts";
import { connect, isStrayWrite } from "../../lib/postgres/mod.ts";
import { testCluster } from "../harness/mod.ts";
import { revokeToken, rotateToken } from "../../lib/tokens/mod.ts";
import {
  approveChange,
  listReview,
  readReview,
  refreshPreview,
  rejectChange,
  setRules,
  setWrites,
} from "../../lib/tools/mod.ts";
import { OPEN_RULES } from "../../lib/tools/mod.ts";
import { reviewStage, type Stage } from "./stage.ts";

const price = (id: number, value: number) => ({ table: "item", key: id, values: { price: value } });

const approve = ({ shop, scope }: Stage, change: ChangeId, version: string | null = null) =>
  approveChange(shop.services, scope, change, version);

const reject = ({ shop, scope }: Stage, change: ChangeId, note: string | null = null) =>
  rejectChange(shop.services, scope, change, note);

async function priceOf({ rows }: Stage, id: number) {
  const [row] = await rows(`SELECT price FROM item WHERE id = ${id}`);
  return row!["price"];
}

async function journalled({ rows }: Stage): Promise<number> {
  return (await rows("SELECT FROM bulkhead.journal WHERE op <> 'rules'")).length;
}

async function audited({ shop, scope }: Stage, action: string) {
  return await shop.services.control.tenant(
    scope.tenantId,
    (tx) =>
      tx`SELECT user_id, token_id, actor_kind, subject, detail FROM audit_events
      WHERE action = ${action} ORDER BY at`,
  );
}

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
  const view = await readReview(shop.services, scope, gone);
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
  const forgive = (event: ErrorEvent) => void (isStrayWrite(event.error) && event.preventDefault());
  addEventListener("error", forgive);
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
  removeEventListener("error", forgive);
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
    approveChange(shop.services, { ...scope, endpoint: off }, change, null),
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
  await assert.rejects(approveChange(services, agent.scope, change, null), {
    code: "ACCESS_DENIED",
    message: /asked for themselves/,
  });
  const replaced = await rotateToken(services, shop.tenant.scope, agent.tokenId, 0);
  const successor = { ...agent.scope.principal, tokenId: replaced.view.id };
  await assert.rejects(
    approveChange(services, { ...agent.scope, principal: successor }, change, null),
    { message: /asked for themselves/ },
  );
  const reviewed = await stage.newAgent({ review: true });
  await assert.rejects(approveChange(services, reviewed.scope, change, null), {
    code: "ACCESS_DENIED",
  });
  const reading = { ...stage.scope.principal, abilities: new Set(["api:changes:read"] as const) };
  await assert.rejects(
    approveChange(services, { ...stage.scope, principal: reading }, change, null),
    { code: "INSUFFICIENT_SCOPE" },
  );
  const stranger = { ...stage.scope.principal, userId: newId<UserId>() };
  await assert.rejects(
    approveChange(services, { ...stage.scope, principal: stranger }, change, null),
    { code: "ACCESS_DENIED", message: /Owners and admins/ },
  );
  assert.equal(await stage.stateOf(change), "queued");
  const another = await stage.newAgent();
  await approveChange(services, another.scope, change, null);
  assert.equal(await stage.stateOf(change), "applied");
});

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
  const read = await readReview(shop.services, scope, one.change);
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
  const { changes } = await listReview(shop.services, scope, page);
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
      const page = await listReview(shop.services, scope, { state, after, limit: 2 });
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
