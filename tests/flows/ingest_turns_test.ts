import assert from "node:assert/strict";
import { abortSignalOf } from "../../lib/call_signal.ts";
import { deleteEndpoint } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { type IngestId, newId } from "../../lib/ids.ts";
import {
  cancelIngest,
  getIngest,
  runIngest,
  serveIngests,
  startIngest,
} from "../../lib/ingest/mod.ts";
import { STOPPING } from "../../lib/jobs/mod.ts";
import { audited, heard, nothing, query, storedFiles, tablesSeen, working } from "./ingest_look.ts";
import { file, ingestTest, load, manyRows, openAt, over } from "./ingest_setup.ts";

Deno.test("cancelIngest() ends a load that waits at once", async () => {
  await using test = await ingestTest();
  const { id } = await startIngest(test.services, test.scope, file("id\n1\n"));
  const cancelled = await cancelIngest(test.services, test.scope, id);
  assert.equal(cancelled.status, "cancelled");
  assert.deepEqual(await storedFiles(test), []);
  assert.deepEqual((await audited(test)).map((it) => it.action), ["data.load_cancelled"]);
  await assert.rejects(cancelIngest(test.services, test.scope, id), { code: "CONFLICT" });
  await assert.rejects(cancelIngest(test.services, test.scope, newId()), { code: "NOT_FOUND" });

  // Its job finds nothing to do, and the bytes may come again.
  await using _worker = await working(test);
  assert.equal((await load(test, file("id\n1\n"))).status, "done");
  assert.equal((await getIngest(test.services, test.scope, id)).status, "cancelled");
});

Deno.test("cancelIngest() stops a load under way, of which nothing stays and nothing was seen", async () => {
  await using test = await ingestTest();
  const gate = test.gate();
  await using _worker = await working(test, nothing, gate.services);
  const { id } = await startIngest(test.services, test.scope, file(manyRows(20_000)));
  await gate.amid;
  assert.equal((await getIngest(test.services, test.scope, id)).status, "running");
  assert.deepEqual(await tablesSeen(test), []);
  await assert.rejects(query(test, "reader", "SELECT FROM bulkhead.loads"), /permission denied/);
  const asked = await cancelIngest(test.services, test.scope, id);
  assert.equal(asked.cancelRequested, true);
  await heard(test, id);
  gate.open();
  assert.equal((await over(test, id)).status, "cancelled");
  assert.deepEqual(await tablesSeen(test), []);
  assert.deepEqual(await storedFiles(test), []);
  assert.deepEqual((await audited(test)).map((it) => it.action), ["data.load_cancelled"]);
  const left = await query(
    test,
    "owner",
    "SELECT FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'staging')",
  );
  assert.equal(left.length, 0);
});

Deno.test("runIngest() leaves a load alone that another process works on", async () => {
  await using test = await ingestTest();
  const gate = test.gate();
  await using _worker = await working(test, nothing, gate.services);
  const { id } = await startIngest(test.services, test.scope, file(manyRows(20_000)));
  await gate.amid;
  const ref = { tenantId: test.scope.tenantId, endpointId: test.scope.endpoint.id, ingestId: id };
  const claimed = () =>
    test.services.control.tenant(ref.tenantId, async (tx) => [
      ...await tx`SELECT claim, attempts FROM ingests WHERE id = ${id}`,
    ]);
  const before = await claimed();
  assert.equal(before[0]!["attempts"], 1);
  let rebuilt = 0;
  const second = await openAt(test.meeting);
  await runIngest(
    second.services,
    ref,
    () => Promise.resolve(void rebuilt++),
    abortSignalOf(test.scope.signal),
  );
  await second.close();
  assert.equal(rebuilt, 0);
  assert.deepEqual(await claimed(), before);
  assert.equal((await getIngest(test.services, test.scope, id)).status, "running");
  gate.open();
  const done = await over(test, id);
  assert.equal(done.status, "done");
  assert.equal(done.report!.tables[0]!.rows, 20_000);
  assert.deepEqual((await audited(test)).map((it) => it.action), ["data.loaded"]);
});

Deno.test("loads of one endpoint go one at a time, in their order", async () => {
  await using test = await ingestTest();
  const gate = test.gate();
  const worker = await serveIngests(gate.services, nothing, { concurrency: 3 });
  const first = await startIngest(test.services, test.scope, file(manyRows(20_000)));
  await gate.amid;
  const more: IngestId[] = [];
  for (const id of [20_001, 20_002]) {
    const text = `id,name,born\n${id},late,2001-02-03\n`;
    const appended = file(text, { options: { mode: "append", table: "people" } });
    more.push((await startIngest(test.services, test.scope, appended)).id);
  }
  // Long enough for an idle worker to have asked for work.
  await heard(test, first.id);
  await heard(test, first.id);
  for (const id of more) {
    assert.equal((await getIngest(test.services, test.scope, id)).status, "queued");
  }
  gate.open();
  for (const id of [first.id, ...more]) assert.equal((await over(test, id)).status, "done");
  await worker.stop();
  const order = (await audited(test)).map((event) => event.subject);
  assert.deepEqual(order, [first.id, ...more]);
  assert.deepEqual(await query(test, "reader", "SELECT count(*)::int AS n FROM people"), [
    { n: 20_002 },
  ]);
});

Deno.test("a load that lost its claim ends nothing", async () => {
  await using test = await ingestTest();
  const gate = test.gate();
  const { id } = await startIngest(test.services, test.scope, file(manyRows(20_000)));
  const ref = { tenantId: test.scope.tenantId, endpointId: test.scope.endpoint.id, ingestId: id };
  const stalled = runIngest(gate.services, ref, nothing, abortSignalOf(test.scope.signal));
  await gate.amid;
  // As if it had been silent for long: another takes it, and does it.
  await test.services.control.tenant(
    ref.tenantId,
    (tx) => tx`UPDATE ingests SET claim = gen_random_uuid() WHERE id = ${id}`,
  );
  gate.open();
  await stalled;
  const ingest = await getIngest(test.services, test.scope, id);
  assert.equal(ingest.status, "running");
  assert.deepEqual(await audited(test), []);
  assert.equal((await storedFiles(test)).length, 1);
});

Deno.test("jobs.close() gives a load back, and the next process does it", async () => {
  await using test = await ingestTest();
  const first = await openAt(test.meeting);
  const gate = test.gate(first.services);
  const worker = await serveIngests(gate.services, nothing);
  const { id } = await startIngest(test.services, test.scope, file(manyRows(20_000)));
  await gate.amid;
  await worker.stop();
  const closed = first.services.jobs.close(0);
  // The file goes on once the load has been told to stop.
  setTimeout(gate.open, 100);
  await closed;
  assert.equal((await getIngest(test.services, test.scope, id)).status, "queued");
  await first.close();
  await using _worker = await working(test);
  const done = await over(test, id);
  assert.equal(done.status, "done");
  assert.equal(done.report!.tables[0]!.rows, 20_000);
});

Deno.test("a load that costs its process the job counts as begun, so that it is given up in the end", async () => {
  await using test = await ingestTest();
  const { id } = await startIngest(test.services, test.scope, file(manyRows(20_000)));
  const ref = { tenantId: test.scope.tenantId, endpointId: test.scope.endpoint.id, ingestId: id };
  const attempts = async (reason: Error) => {
    const gate = test.gate();
    const halt = new AbortController();
    const run = runIngest(gate.services, ref, nothing, halt.signal);
    await gate.amid;
    halt.abort(reason);
    gate.open();
    await assert.rejects(run);
    const [row] = await test.services.control.tenant(
      ref.tenantId,
      (tx) => tx<{ attempts: number }[]>`SELECT attempts FROM ingests WHERE id = ${id}`,
    );
    return row!.attempts;
  };
  assert.equal(await attempts(STOPPING), 0);
  assert.equal(await attempts(new Error("the job is no longer active")), 1);
});

Deno.test("a load whose manifest cannot be made at first is tried again, without loading twice", async () => {
  await using test = await ingestTest();
  let asked = 0;
  await using _worker = await working(test, () => {
    if (++asked === 1) throw new AppError("UNAVAILABLE");
    return Promise.resolve();
  });
  const ingest = await load(test, file("id\n1\n"));
  assert.equal(ingest.status, "done");
  assert.equal(asked, 2);
  assert.deepEqual(await query(test, "reader", "SELECT count(*)::int AS n FROM people"), [{
    n: 1,
  }]);
});

Deno.test("a load of an endpoint that was deleted leaves no file", async () => {
  await using test = await ingestTest();
  await startIngest(test.services, test.scope, file("id\n1\n"));
  await deleteEndpoint(test.services, test.scope, () => Promise.resolve());
  await using _worker = await working(test);
  while ((await storedFiles(test)).length > 0) await new Promise((done) => setTimeout(done, 30));
});
