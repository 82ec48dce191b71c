import assert from "node:assert/strict";
import { exportAudit, verifyExport } from "../../lib/audit/mod.ts";
import { deleteEndpoint, openEndpoint, sweepEndpoints } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import { carryRest, serveRelay } from "../../lib/journal/mod.ts";
import type { Control } from "../../lib/postgres/mod.ts";
import { sqlState } from "../../lib/postgres/mod.ts";
import { testServices, testTenant } from "../harness/mod.ts";
import type { RelayTask } from "./relay_child.ts";
import {
  auditedIds,
  auditedRows,
  lapse,
  relayEndpoint,
  relayState,
  type RelayTest,
  relayTest,
  round,
  saidBy,
  waiting,
  write,
} from "./relay_setup.ts";

const HEX = /^[0-9a-f]{64}$/;

/** Waits until something holds. */
async function until(what: () => Promise<boolean>): Promise<void> {
  while (!await what()) await new Promise((done) => setTimeout(done, 30));
}

const insert = (from: number, to = from) =>
  `INSERT INTO things (id, name) SELECT n, 'thing ' || n FROM generate_series(${from}, ${to}) n`;

/** Checks that the audit log holds each of so many entries once, in the order of their ids. */
async function assertOnce(test: RelayTest, entries: number): Promise<void> {
  assert.deepEqual(await auditedIds(test), Array.from({ length: entries }, (_, i) => i + 1));
  const text = await new Response(exportAudit(test.services.control, test.scope.tenantId, "ndjson"))
    .text();
  assert.equal((await verifyExport(text.trimEnd().split("\n"))).fault, null);
}

Deno.test("an entry goes over with who, which row and which columns, and no value", async () => {
  await using test = await relayTest();
  const said = saidBy(test.scope);
  await write(test.writer, "INSERT INTO things VALUES (1, 'a name', 'a secret')", said);
  await write(test.writer, "UPDATE things SET name = 'another name' WHERE id = 1", said);
  await test.owner`
    INSERT INTO bulkhead.rules (table_name, hidden) VALUES ('things', '{secret}')`;
  // The writer is not asked: an undo is the owner's.
  await write(test.owner, "DELETE FROM things WHERE id = 1", { ...said, undoes: 1 });
  assert.equal(await round(test), 3);
  const [inserted, updated, deleted] = await auditedRows(test);
  const { principal, requestId, network } = test.scope;
  for (const row of [inserted!, updated!, deleted!]) {
    assert.equal(row.kind, "dashboard");
    assert.equal(row.userId, principal.userId);
    assert.equal(row.tokenId, null);
    assert.equal(row.requestId, requestId);
    assert.equal(row.network, network);
    assert.equal(row.subject, "things");
    const { change, tool, client, grant, key, at } = row.detail;
    assert.deepEqual([change, tool, client, grant], [said.change, "insert_rows", null, null]);
    assert.match(key as string, HEX);
    assert.equal(key, inserted!.detail["key"]);
    assert.match(at as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.doesNotMatch(JSON.stringify(row), /a name|another name|secret/);
  }
  assert.deepEqual(
    [inserted, updated, deleted].map((row) => [row!.action, row!.detail["columns"]]),
    [
      ["row.inserted", ["id", "name"]],
      ["row.updated", ["name"]],
      ["row.deleted", ["id", "name"]],
    ],
  );
  const images = [inserted, updated, deleted].map((row) => [
    row!.detail["before"],
    row!.detail["after"],
    row!.detail["undoes"],
  ]);
  assert.deepEqual(images, [
    [null, images[0]![1], null],
    [images[0]![1], images[1]![1], null],
    [images[1]![1], null, "1"],
  ]);
  for (const image of [images[0]![1], images[1]![1]]) assert.match(image as string, HEX);
  assert.notEqual(images[0]![1], images[1]![1]);
});

Deno.test("a change of the rules goes over as such", async () => {
  await using test = await relayTest();
  await test.owner`
    WITH made AS (
      INSERT INTO bulkhead.journal (change_id, op, table_name, before, after, context)
      VALUES (${newId()}, 'rules', 'things', '{"hidden":[]}', '{"hidden":["name"]}',
        ${test.owner.json(saidBy(test.scope).by)})
      RETURNING id
    )
    INSERT INTO bulkhead.outbox SELECT id FROM made`;
  assert.equal(await round(test), 1);
  const [row] = await auditedRows(test);
  assert.equal(row!.action, "rules.changed");
  assert.deepEqual([row!.subject, row!.detail["columns"], row!.detail["key"]], [
    "things",
    ["hidden"],
    null,
  ]);
});

Deno.test("what a session says of itself is taken where it is the tenant's, and so written", async () => {
  await using test = await relayTest();
  const stranger = await testTenant(test.services, "Stranger");
  const by = { ...saidBy(test.scope).by };
  const forged = [
    null,
    { by: "nobody" },
    { by: { ...by, kind: "root", user: stranger.userId, tool: "x".repeat(5000) } },
    { by: { ...by, user: "1' OR 1=1", token: newId(), grant: newId(), request: 7 } },
    { by: { ...by, network: "anywhere", tool: { a: 1 }, more: "x".repeat(100_000) } },
    { by: [by] },
  ];
  for (const [i, says] of forged.entries()) await write(test.writer, insert(i), says);
  assert.equal(await round(test), forged.length);
  const rows = await auditedRows(test);
  assert.deepEqual(
    rows.map(({ kind, userId, tokenId, requestId, network, detail }) => [
      kind,
      userId,
      tokenId,
      requestId,
      network,
      detail["tool"],
      detail["grant"],
      detail["client"],
    ]),
    [
      ["system", null, null, null, null, null, null, null],
      ["system", null, null, null, null, null, null, null],
      ["system", null, null, test.scope.requestId, "192.0.2.0/24", null, null, null],
      ["dashboard", null, null, null, "192.0.2.0/24", "insert_rows", null, null],
      [
        "dashboard",
        test.scope.principal.userId,
        null,
        test.scope.requestId,
        null,
        null,
        null,
        null,
      ],
      ["system", null, null, null, null, null, null, null],
    ],
  );
});

Deno.test("a transaction that commits late, with a low id, is not passed by", async () => {
  await using test = await relayTest();
  const [began, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const late = test.writer.begin(async (tx) => {
    await tx.unsafe(insert(1));
    began.resolve();
    await commit.promise;
  });
  await began.promise;
  await write(test.writer, insert(2), null);
  assert.equal(await round(test), 1);
  assert.equal(await round(test), 0);
  commit.resolve();
  await late;
  assert.equal(await round(test), 1);
  assert.deepEqual(await auditedIds(test), [2, 1]);
  assert.deepEqual(await waiting(test), []);
});

Deno.test("entries go over in the order of their ids, or of commits where the server knows it", async () => {
  await using test = await relayTest();
  const [began, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const late = test.writer.begin(async (tx) => {
    await tx.unsafe(insert(1));
    began.resolve();
    await commit.promise;
  });
  await began.promise;
  await write(test.writer, insert(2, 3), null);
  commit.resolve();
  await late;
  // Of one row: the same order by either.
  await write(test.writer, "UPDATE things SET name = 'x' WHERE id = 2", null);
  await write(test.writer, "UPDATE things SET name = 'y' WHERE id = 2", null);
  const [{ tracked }] = await test.owner<[{ tracked: boolean }]>`
    SELECT current_setting('track_commit_timestamp')::boolean AS tracked`;
  const order = tracked ? [2, 3, 1, 4, 5] : [1, 2, 3, 4, 5];
  // A bound of one transaction's size changes nothing of it.
  while (await round(test, 2));
  assert.deepEqual(await auditedIds(test), order);
});

/** Services of another process over the same control database. */
async function another(test: RelayTest) {
  const other = await testServices({ control: test.test.control });
  const lease = await openEndpoint(other.services, test.scope, "owner");
  return {
    services: other.services,
    scope: test.scope,
    owner: lease.sql,
    async [Symbol.asyncDispose]() {
      lease.release();
      await other[Symbol.asyncDispose]();
    },
  };
}

Deno.test("two relays at once carry each entry over once, in order", async () => {
  await using test = await relayTest();
  await using other = await another(test);
  const WRITES = 300;
  let writing = true;
  const carry = async (by: Pick<RelayTest, "services" | "scope" | "owner">) => {
    let carried = 0;
    while (writing || (await waiting(by)).length > 0) carried += await round(by, 7) ?? 0;
    return carried;
  };
  const relays = Promise.all([carry(test), carry(other)]);
  for (let i = 0; i < WRITES; i += 3) await write(test.writer, insert(i, i + 2), null);
  writing = false;
  const [one, two] = await relays;
  assert.equal(one + two, WRITES);
  await assertOnce(test, WRITES);
});

/** A control database whose transactions do as they are told at their end. */
function faulty(control: Control, fault: "before commit" | "after commit"): Control {
  return {
    lookup: control.lookup,
    close: () => control.close(),
    async tenant(tenantId, work) {
      const answer = await control.tenant(tenantId, async (tx) => {
        const answer = await work(tx);
        if (fault === "before commit") throw new AppError("UNAVAILABLE");
        return answer;
      });
      if (fault === "after commit") throw new AppError("UNAVAILABLE");
      return answer;
    },
  };
}

Deno.test("a relay that breaks off before or after its commit loses and repeats nothing", async () => {
  await using test = await relayTest();
  const { control } = test.services;
  await write(test.writer, insert(1, 5), null);
  await assert.rejects(round(test, 3, faulty(control, "before commit")));
  assert.deepEqual(await auditedIds(test), []);
  await assert.rejects(round(test, 3, faulty(control, "after commit")));
  // Now three are in both; each is named in the batch.
  assert.deepEqual(await auditedIds(test), [1, 2, 3]);
  assert.deepEqual(await waiting(test), [1, 2, 3, 4, 5]);
  assert.deepEqual((await relayState(test)).batch, ["1", "2", "3"]);
  await assert.rejects(round(test, 1, faulty(control, "after commit")));
  assert.deepEqual((await relayState(test)).batch, ["4"]);
  assert.deepEqual(await waiting(test), [4, 5]);
  await assert.rejects(round(test, 9, faulty(control, "before commit")));
  assert.equal(await round(test, 9), 1);
  await assertOnce(test, 5);
  assert.deepEqual(await waiting(test), []);
});

Deno.test("a relay killed between the audit log and the outbox loses and repeats nothing", async () => {
  await using test = await relayTest();
  const { tenantId, endpoint } = test.scope;
  await write(test.writer, insert(1, 5), null);
  const { adminUrl, appUrl } = test.test.control;
  const task: RelayTask = {
    meeting: { adminUrl, appUrl, objectsDir: "/nowhere" },
    target: { endpointId: endpoint.id, tenantId, slug: endpoint.slug },
  };
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("relay_child.ts", import.meta.url).pathname,
      JSON.stringify(task),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const said = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await said.read()).value ?? "", /here/);
  child.kill("SIGKILL");
  await child.status;
  await said.cancel();
  assert.deepEqual(await auditedIds(test), [1, 2, 3, 4, 5]);
  assert.deepEqual(await waiting(test), [1, 2, 3, 4, 5]);
  await write(test.writer, insert(6), null);
  assert.equal(await round(test), 1);
  assert.deepEqual(await waiting(test), []);
  await assertOnce(test, 6);
});

Deno.test("a journal counts as drained when it was empty after every noted write had to be over", async () => {
  await using test = await relayTest();
  await write(test.writer, insert(1), null);
  assert.equal(await round(test), 1);
  assert.equal(await round(test), 0);
  assert.deepEqual(await relayState(test), { batch: [], wanted: true, drained: false });
  await lapse(test);
  // One that lasts longer than its note.
  await test.writer.begin(async (tx) => {
    await tx.unsafe(insert(2));
    assert.equal(await round(test), 0);
    assert.equal((await relayState(test)).drained, false);
  });
  assert.equal(await round(test), 1);
  assert.equal((await relayState(test)).drained, false);
  assert.equal(await round(test), 0);
  assert.equal((await relayState(test)).drained, true);
  // The next process that writes says so anew.
  await using other = await another(test);
  await other.services.relays.want(test.scope.endpoint);
  assert.deepEqual(await relayState(test), { batch: [], wanted: true, drained: false });
});

Deno.test("serveRelay() carries over what is written here, and what a killed process left", async () => {
  await using test = await relayTest();
  await write(test.writer, insert(1, 2500), null);
  const relay = serveRelay(test.services);
  await until(async () => (await auditedIds(test)).length === 2500);
  await write(test.writer, insert(2501), null);
  test.services.relays.wake(test.scope.endpoint.id);
  await until(async () => (await auditedIds(test)).length === 2501);
  await relay.stop();
  await assertOnce(test, 2501);
});

Deno.test("serveRelay() goes on past a journal that cannot be read", async () => {
  await using test = await relayTest();
  await using broken = await relayEndpoint(test.test, test.scope);
  await broken.owner`ALTER TABLE bulkhead.journal RENAME COLUMN context TO context_away`;
  await broken.owner`INSERT INTO bulkhead.outbox VALUES (7)`;
  await write(test.writer, insert(1), null);
  const relay = serveRelay(test.services);
  await until(async () => (await auditedIds(test)).length === 1);
  await until(() => Promise.resolve(test.test.logLines.some((line) => /relay\.failed/.test(line))));
  await broken.owner`ALTER TABLE bulkhead.journal RENAME COLUMN context_away TO context`;
  await write(broken.writer, insert(1), null);
  await until(async () => (await auditedIds(broken)).length === 1);
  await relay.stop();
  await assertOnce(test, 1);
});

Deno.test("deleteEndpoint() carries over what was acknowledged, and lets nothing come after it", async () => {
  await using test = await relayTest();
  const { services, scope } = test;
  await write(test.writer, insert(1, 1500), null);
  const [began, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const late = test.writer.begin(async (tx) => {
    await tx.unsafe(insert(1501));
    began.resolve();
    await commit.promise;
  });
  await began.promise;
  let closing = false;
  const deleting = deleteEndpoint(services, scope, async (...given) => {
    closing = true;
    await carryRest(...given);
    // What was let in before is refused from here on, as its owner too.
    for (const sql of [test.writer, test.owner]) {
      assert.equal(await sql.unsafe(insert(1502)).catch(sqlState), "23514");
    }
  });
  await until(() => Promise.resolve(closing));
  commit.resolve();
  await late;
  await deleting;
  await assertOnce(test, 1501);
});

Deno.test("sweepEndpoints() carries over what a broken off removal left", async () => {
  await using test = await relayTest();
  const { services, scope } = test;
  await write(test.writer, insert(1, 3), null);
  const broken = new Error("broken off");
  await assert.rejects(
    deleteEndpoint(services, scope, async (...given) => {
      await carryRest(...given);
      throw broken;
    }),
    broken,
  );
  assert.equal(await sweepEndpoints(services, carryRest), 1);
  assert.equal(await sweepEndpoints(services, carryRest), 0);
  await assertOnce(test, 3);
});
