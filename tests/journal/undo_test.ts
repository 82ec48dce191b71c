import assert from "node:assert/strict";
import { actorOf } from "../../lib/audit/mod.ts";
import { type GrantId, newId } from "../../lib/ids.ts";
import {
  carryOver,
  MAX_SHOWN,
  readChange,
  ROUND_LIMIT,
  undoChanges,
  undoOwnChanges,
  type UndoResult,
  type UndoTarget,
} from "../../lib/journal/mod.ts";
import type { Ability, EndpointScope } from "../../lib/principal.ts";
import { agentOf, contents, openStage, type Stage } from "./stage.ts";

const DDL = `
  CREATE TABLE item (id int PRIMARY KEY, name text, price numeric, secret text, country text);
  INSERT INTO item VALUES (1, 'Rope', 1.50, 's1', 'NO'), (2, 'Anchor', 2, 's2', 'NO'),
    (3, 'Buoy', 3, 's3', 'SE');
`;

const DO = { preview: false } as const;

const items = (stage: Stage) => contents(stage.owner, "item", "id");

const refusals = (result: UndoResult) => result.rows.map(({ refusal }) => refusal);

const counts = ({ restored, refused, already, notShown }: UndoResult) => ({
  restored,
  refused,
  already,
  notShown,
});

Deno.test("undoChanges() refuses row by row what has changed since, and does the rest", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const change = await stage.change((tx) => tx`UPDATE item SET price = price + 1`);
  await stage.change((tx) => tx`UPDATE item SET name = 'Hawser' WHERE id = 1`);
  await stage.change((tx) => tx`DELETE FROM item WHERE id = 2`);
  const target: UndoTarget = { kind: "change", change };
  const before = await items(stage);
  const tried = await undoChanges(services, scope, target, { preview: true });
  assert.deepEqual(await items(stage), before);
  const done = await undoChanges(services, scope, target, DO);
  assert.deepEqual(counts(done), { restored: 1, refused: 2, already: 0, notShown: 0 });
  assert.deepEqual(counts(done), counts(tried));
  assert.deepEqual(refusals(done), ["row_gone", "row_changed", null]);
  assert.deepEqual(done.rows.map(({ entry }) => entry.key["id"]), [2, 1, 3]);
  const rows = await owner`SELECT id, price FROM item ORDER BY id`;
  assert.deepEqual([...rows], [{ id: 1, price: "2.50" }, { id: 3, price: "3" }]);

  const again = await undoChanges(services, scope, target, DO);
  assert.deepEqual(counts(again), { restored: 0, refused: 2, already: 1, notShown: 0 });
  assert.equal(again.change, null);
  assert.deepEqual(
    await undoChanges(services, scope, { kind: "change", change: newId() }, DO)
      .catch((error) => error.code),
    "NOT_FOUND",
  );
});

Deno.test("undoChanges() is a change itself: kept with what it undoes, told in the audit log, undone", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const before = await items(stage);
  const change = await stage.change((tx) => tx`DELETE FROM item WHERE id < 3`);
  const after = await items(stage);
  const undo = await undoChanges(services, scope, { kind: "change", change }, DO);
  assert.deepEqual(await items(stage), before);
  const entries = await owner`
    SELECT j.op, u.op AS undid, j.context ->> 'tool' AS tool, j.context ->> 'kind' AS kind,
      (SELECT count(*)::int FROM bulkhead.outbox o WHERE o.entry = j.id) AS waiting
    FROM bulkhead.journal j JOIN bulkhead.journal u ON u.id = j.undoes
    WHERE j.change_id = ${undo.change}`;
  const kept = {
    op: "insert",
    undid: "delete",
    tool: "undo_change",
    kind: "dashboard",
    waiting: 1,
  };
  assert.deepEqual([...entries], [kept, kept]);
  const view = await readChange(services, scope, change, { after: null, limit: 10 });
  assert.deepEqual([view.rows, view.undone, view.undoing], [2, 2, 0]);
  assert.ok(view.entries.every(({ undoneBy }) => undoneBy?.changeId === undo.change));
  await carryOver(services.control, scope.endpoint, owner, { limit: ROUND_LIMIT, wait: true });
  const events = await services.control.tenant(
    scope.tenantId,
    (tx) =>
      tx<{ actor_kind: string; detail: Record<string, unknown> }[]>`
      SELECT actor_kind, detail FROM audit_events WHERE action = 'change.undone'`,
  );
  assert.equal(events.length, 1);
  assert.equal(events[0]!.actor_kind, actorOf(scope).kind);
  assert.deepEqual(events[0]!.detail, {
    change: undo.change,
    undoes: change,
    restored: 2,
    refused: 0,
  });

  const redo = await undoChanges(services, scope, { kind: "change", change: undo.change! }, DO);
  assert.deepEqual(await items(stage), after);
  assert.equal((await readChange(services, scope, change, { after: null, limit: 1 })).undone, 0);
  const entry = view.entries[0]!.id;
  const once = await undoChanges(services, scope, { kind: "entry", entry }, DO);
  assert.equal(once.restored, 1);
  const twice = await undoChanges(services, scope, { kind: "change", change: redo.change! }, DO);
  assert.deepEqual(refusals(twice), ["key_taken", null]);
  assert.deepEqual(await items(stage), before);
});

Deno.test("undoChanges() takes back what a token, an app or a person did since a time", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const [agent, other] = [agentOf(stage), agentOf(stage)];
  const app = agentOf(stage, [], { grantId: newId<GrantId>() });
  await stage.change((tx) => tx`UPDATE item SET name = 'before' WHERE id = 1`, agent);
  const [moment] = await owner<{ now: Date }[]>`SELECT clock_timestamp() + interval '1 ms' AS now`;
  await owner`SELECT pg_sleep(0.01)`.catch(() => {});
  const since = moment!.now;
  const start = await items(stage);
  await stage.change((tx) => tx`UPDATE item SET name = 'a1' WHERE id = 1`, agent);
  await stage.change((tx) => tx`UPDATE item SET name = 'a2' WHERE id = 1`, agent);
  await stage.change((tx) => tx`INSERT INTO item VALUES (9, 'new', 0, NULL, 'NO')`, agent);
  await stage.change((tx) => tx`UPDATE item SET name = 'theirs' WHERE id = 2`, other);
  await stage.change((tx) => tx`DELETE FROM item WHERE id = 3`, app);
  await stage.change((tx) => tx`UPDATE item SET price = 7 WHERE id = 2`);

  const token = agent.principal.tokenId!;
  const done = await undoChanges(services, scope, { kind: "token", token, since }, DO);
  assert.deepEqual(counts(done), { restored: 3, refused: 0, already: 0, notShown: 0 });
  const repeated = await undoChanges(services, scope, { kind: "token", token, since }, DO);
  assert.deepEqual(counts(repeated), { restored: 0, refused: 0, already: 3, notShown: 0 });
  const grant = app.principal.grantId!;
  assert.equal((await undoChanges(services, scope, { kind: "app", grant, since }, DO)).restored, 1);
  const person = scope.principal.userId!;
  const own = await undoChanges(services, scope, { kind: "person", person, since }, {
    preview: true,
  });
  // Their own update, and the undos that they asked for.
  assert.equal(own.restored + own.refused, 5);
  const price = await owner`SELECT price FROM item WHERE id = 2`;
  assert.equal(price[0]!["price"], "7");
  const left = await undoChanges(services, scope, {
    kind: "token",
    token: other.principal.tokenId!,
    since,
  }, DO);
  assert.deepEqual(refusals(left), ["row_changed"]);
  assert.notDeepEqual(await items(stage), start);
});

Deno.test("undoChanges() takes back an agent's own undo before what that had taken back", async () => {
  await using stage = await openStage(DDL);
  const { services, scope } = stage;
  const agent = agentOf(stage);
  const start = await items(stage);
  const change = await stage.change((tx) => tx`UPDATE item SET name = 'x' WHERE id = 1`, agent);
  assert.equal((await undoOwnChanges(services, agent, { kind: "change", change }, DO)).restored, 1);
  const token = agent.principal.tokenId!;
  const since = new Date(0);
  const done = await undoChanges(services, scope, { kind: "token", token, since }, DO);
  assert.deepEqual(counts(done), { restored: 2, refused: 0, already: 0, notShown: 0 });
  assert.deepEqual(await items(stage), start);
});

Deno.test("undoOwnChanges() is bounded to the caller's changes, abilities and the endpoint's policy", async () => {
  await using stage = await openStage(DDL);
  const { services } = stage;
  const agent = agentOf(stage);
  const change = await stage.change((tx) => tx`UPDATE item SET name = 'x' WHERE id = 1`, agent);
  const code = (by: EndpointScope, options = DO as { preview: boolean }) =>
    undoOwnChanges(services, by, { kind: "change", change }, options)
      .then(() => "done", (error) => error.code);
  const as = (writes: "off" | "review") => ({
    ...agent,
    endpoint: { ...agent.endpoint, settings: { ...agent.endpoint.settings, writes } },
  });
  assert.equal(await code(agentOf(stage)), "NOT_FOUND");
  assert.equal(await code(as("off")), "WRITES_OFF");
  assert.equal(await code(as("review")), "CONFLICT");
  const watched = { ...agent, principal: { ...agent.principal, review: true } };
  assert.equal(await code(watched), "CONFLICT");
  assert.equal(await code(watched, { preview: true }), "done");
  const weak = {
    ...agent,
    principal: { ...agent.principal, abilities: new Set<Ability>(["rows:insert"]) },
  };
  assert.equal(await code(weak), "INSUFFICIENT_SCOPE");
  assert.equal(await code(weak, { preview: true }), "INSUFFICIENT_SCOPE");
  assert.equal(await code(agent), "done");
});

Deno.test("undoOwnChanges() keeps to the field rules as they are now; an owner restores hidden columns", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const agent = agentOf(stage);
  const start = await items(stage);
  const renamed = await stage.change((tx) => tx`UPDATE item SET secret = 'x' WHERE id = 1`, agent);
  const gone = await stage.change((tx) => tx`DELETE FROM item WHERE id = 2`, agent);
  const filtered = await stage.change((tx) => tx`DELETE FROM item WHERE id = 3`, agent);
  await owner`INSERT INTO bulkhead.rules (table_name, hidden, row_filter, row_filter_sql)
    VALUES ('item', '{secret}', '{}', ${"country = 'NO'"})`;
  await stage.allow();
  const undo = (change: typeof gone, by: EndpointScope) =>
    (by === agent ? undoOwnChanges : undoChanges)(services, by, { kind: "change", change }, DO);
  assert.deepEqual(refusals(await undo(renamed, agent)), ["not_yours"]);
  const hidden = await undo(filtered, agent);
  assert.deepEqual(counts(hidden), { restored: 0, refused: 1, already: 0, notShown: 1 });
  assert.deepEqual(hidden.rows, []);
  const view = await readChange(services, scope, filtered, { after: null, limit: 10 });
  assert.deepEqual([view.entries, view.notShown, view.rows], [[], 1, 1]);
  assert.equal((await undo(gone, agent)).restored, 1);
  const shown = await undo(renamed, scope);
  assert.equal(shown.restored, 1);
  assert.ok(!JSON.stringify(shown).includes("secret") && !JSON.stringify(shown).includes("s1"));
  assert.equal((await undo(filtered, scope)).restored, 1);
  assert.deepEqual(await items(stage), start);
});

Deno.test("undoChanges() tells why constraints refuse a row", async () => {
  await using stage = await openStage(`
    CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE);
    CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, code text);
    CREATE TABLE loose (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
    CREATE TABLE bare (parent int REFERENCES parent ON DELETE SET NULL);
    INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c');
    INSERT INTO child VALUES (1, 1, 'x');
  `);
  const { services, scope, owner } = stage;
  const why = async (work: Parameters<Stage["change"]>[0], meanwhile: string) => {
    const change = await stage.change(work);
    await owner.unsafe(meanwhile);
    const result = await undoChanges(services, scope, { kind: "change", change }, DO);
    assert.equal(result.restored, 0);
    return refusals(result);
  };
  assert.deepEqual(
    await why((tx) => tx`INSERT INTO parent VALUES (4, 'd')`, "INSERT INTO child VALUES (4, 4)"),
    ["pointed_to"],
  );
  assert.deepEqual(
    await why((tx) => tx`INSERT INTO parent VALUES (5, 'e')`, "INSERT INTO loose VALUES (5, 5)"),
    ["carries_others"],
  );
  assert.deepEqual(
    await why((tx) => tx`INSERT INTO parent VALUES (6, 'f')`, "INSERT INTO bare VALUES (6)"),
    ["carries_others"],
  );
  assert.deepEqual(
    await why(
      (tx) => tx`UPDATE child SET parent = 2 WHERE id = 1`,
      "DELETE FROM parent WHERE id = 1",
    ),
    ["points_nowhere"],
  );
  assert.deepEqual(
    await why((tx) => tx`DELETE FROM child WHERE id = 1`, "INSERT INTO child VALUES (1, 2)"),
    ["key_taken"],
  );
  assert.deepEqual(
    await why(
      (tx) => tx`UPDATE parent SET code = 'z' WHERE id = 3`,
      "INSERT INTO parent VALUES (7, 'c')",
    ),
    ["value_taken"],
  );
  assert.deepEqual(
    await why(
      (tx) => tx`UPDATE parent SET code = 'y' WHERE id = 3`,
      "ALTER TABLE parent DROP COLUMN code",
    ),
    ["columns_changed"],
  );
  assert.deepEqual(
    await why((tx) => tx`DELETE FROM child WHERE id = 1`, "DROP TABLE child"),
    ["table_gone"],
  );
});

Deno.test("undoChanges() minds columns that were added since", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const added = await stage.change((tx) => tx`INSERT INTO item VALUES (4, 'Line'), (5, 'Chain')`);
  const changed = await stage.change((tx) => tx`UPDATE item SET name = 'x' WHERE id = 1`);
  const gone = await stage.change((tx) => tx`DELETE FROM item WHERE id = 2`);
  await owner`ALTER TABLE item ADD COLUMN note text`;
  await owner`UPDATE item SET note = 'kept' WHERE id IN (1, 4)`;
  const undo = (change: typeof gone) =>
    undoChanges(services, scope, { kind: "change", change }, DO);
  assert.equal((await undo(changed)).restored, 1);
  assert.equal((await undo(gone)).restored, 1);
  assert.deepEqual(refusals(await undo(added)), ["row_changed", null]);
  const rows = await owner`SELECT id, name, note FROM item ORDER BY id`;
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    [1, "Rope", "kept"],
    [2, "Anchor", null],
    [3, "Buoy", null],
    [4, "Line", "kept"],
  ]);
});

Deno.test("undoChanges() restores rows that refer to each other in whatever order they went", async () => {
  await using stage = await openStage(`
    CREATE TABLE person (id int PRIMARY KEY, boss int REFERENCES person);
    INSERT INTO person SELECT n, nullif(n - 1, 0) FROM generate_series(1, 300) n;
  `);
  const { services, scope, owner } = stage;
  const before = await contents(owner, "person", "id");
  const change = await stage.change((tx) => tx`DELETE FROM person`);
  const undo = await undoChanges(services, scope, { kind: "change", change }, DO);
  assert.deepEqual(counts(undo), { restored: 300, refused: 0, already: 0, notShown: 0 });
  assert.deepEqual(await contents(owner, "person", "id"), before);
  const again = await undoChanges(services, scope, { kind: "change", change: undo.change! }, DO);
  assert.equal(again.restored, 300);
});

Deno.test("two undos of one change at once take each row back once", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const start = await items(stage);
  const change = await stage.change((tx) => tx`UPDATE item SET price = price * 2`);
  const results = await Promise.all(
    [1, 2, 3].map(() => undoChanges(services, scope, { kind: "change", change }, DO)),
  );
  assert.deepEqual(results.map((result) => result.restored).sort(), [0, 0, 3]);
  assert.deepEqual(results.map((result) => result.already).sort(), [0, 3, 3]);
  assert.deepEqual(await items(stage), start);
  assert.equal((await owner`SELECT FROM bulkhead.journal`).length, 6);
});

Deno.test("undoChanges() works while writing is off, and keeps what it did", async () => {
  await using stage = await openStage(DDL);
  const { services, scope, owner } = stage;
  const start = await items(stage);
  const change = await stage.change((tx) => tx`DELETE FROM item`);
  await owner`UPDATE bulkhead.access SET writes = false`;
  await owner`SELECT bulkhead.apply_access_everywhere()`;
  const undo = await undoChanges(services, scope, { kind: "change", change }, DO);
  assert.equal(undo.restored, 3);
  assert.deepEqual(await items(stage), start);
  assert.equal((await owner`SELECT FROM bulkhead.journal`).length, 6);
});

Deno.test("undoChanges() bounds what it answers and says that there is more", async () => {
  await using stage = await openStage("CREATE TABLE n (id int PRIMARY KEY, t text)");
  const { services, scope } = stage;
  const change = await stage.change((tx) =>
    tx`INSERT INTO n SELECT i, 'row ' || i FROM generate_series(1, ${MAX_SHOWN + 5}::int) i`
  );
  await stage.change((tx) => tx`UPDATE n SET t = '' WHERE id <= 2`);
  const undo = await undoChanges(services, scope, { kind: "change", change }, DO);
  assert.deepEqual(counts(undo), { restored: MAX_SHOWN + 3, refused: 2, already: 0, notShown: 0 });
  assert.equal(undo.rows.length, MAX_SHOWN + 2);
  assert.equal(undo.more, true);
  assert.equal(undo.capped, false);
});

Deno.test("undoChanges() gets through where it and a writer wait for each other", async () => {
  await using stage = await openStage(
    "CREATE TABLE n (id int PRIMARY KEY, t text); INSERT INTO n SELECT i, '' FROM generate_series(1, 9) i",
  );
  const { services, scope, owner } = stage;
  const change = await stage.change((tx) => tx`UPDATE n SET t = 'x'`);
  const [first] = await owner<{ key: number; last: number }[]>`
    SELECT (array_agg((key ->> 'id')::int ORDER BY id))[1] AS key,
      (array_agg((key ->> 'id')::int ORDER BY id DESC))[1] AS last
    FROM bulkhead.journal`;
  const held = Promise.withResolvers<void>();
  const writer = stage.change(async (tx) => {
    await tx`UPDATE n SET t = 'mine' WHERE id = ${first!.key}`;
    held.resolve();
    // Until the undo, which begins at the other end, waits for the row above.
    let waits = false;
    while (!waits) {
      const [row] = await owner<{ waits: boolean }[]>`
        SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted) AS waits`;
      waits = row!.waits;
    }
    await tx`UPDATE n SET t = 'mine' WHERE id = ${first!.last}`;
  }).then(() => true, () => false);
  await held.promise;
  const undo = await undoChanges(services, scope, { kind: "change", change }, DO);
  const wrote = await writer;
  assert.equal(undo.restored + undo.refused, 9);
  assert.equal(undo.refused, wrote ? 2 : 0);
  const rows = await owner<{ t: string }[]>`SELECT t FROM n`;
  assert.equal(rows.filter(({ t }) => t === "mine").length, wrote ? 2 : 0);
  assert.equal(rows.filter(({ t }) => t === "").length, undo.restored);
});
