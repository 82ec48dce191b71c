import assert from "node:assert/strict";
import {
  createEndpoint,
  type DatabaseRole,
  deleteEndpoint,
  openEndpoint,
} from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import {
  cancelIngest,
  DuplicateFile,
  getIngest,
  listIngests,
  listRejects,
  runIngest,
  serveIngests,
  startIngest,
} from "../../lib/ingest/mod.ts";
import { type IngestId, newId } from "../../lib/ids.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  file,
  type IngestTest,
  ingestTest,
  load,
  manyRows,
  openAt,
  over,
  reach,
} from "./ingest_setup.ts";
import { testTenant } from "../harness/mod.ts";

const nothing = () => Promise.resolve();

/** Runs a worker of this process while a test needs one. */
async function working(
  test: IngestTest,
  afterLoad: (scope: EndpointScope) => Promise<void> = nothing,
  services = test.services,
): Promise<AsyncDisposable> {
  const worker = await serveIngests(services, afterLoad);
  return { [Symbol.asyncDispose]: () => worker.stop() };
}

async function query<T>(test: IngestTest, role: DatabaseRole, text: string): Promise<T[]> {
  const { sql, release } = await openEndpoint(test.services, test.scope, role);
  try {
    return [...await sql.unsafe(text)] as T[];
  } finally {
    release();
  }
}

interface Audited {
  action: string;
  subject: string;
  detail: unknown;
  kind: string;
}

/** What the tenant's audit log says of loads, oldest first. */
async function audited(test: IngestTest): Promise<Audited[]> {
  return await test.services.control.tenant(test.scope.tenantId, async (tx) => [
    ...await tx<Audited[]>`
      SELECT action, subject, detail, actor_kind AS kind FROM audit_events
      WHERE action LIKE 'data.%' ORDER BY at, id`,
  ]);
}

/** Waits until whoever works on a load has reported twice, and so heard what was asked before. */
async function heard(test: IngestTest, id: IngestId): Promise<void> {
  let last: string | undefined;
  for (let reports = -1; reports < 2;) {
    const [row] = await test.services.control.tenant(test.scope.tenantId, async (tx) => [
      ...await tx<{ at: string }[]>`SELECT heartbeat_at::text AS at FROM ingests WHERE id = ${id}`,
    ]);
    if (row!.at !== last) reports++;
    last = row!.at;
    await new Promise((done) => setTimeout(done, 30));
  }
}

async function storedFiles(test: IngestTest): Promise<string[]> {
  const found: string[] = [];
  async function walk(folder: string): Promise<void> {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) await walk(path);
      else found.push(path);
    }
  }
  await walk(test.meeting.objectsDir);
  return found;
}

const tablesSeen = (test: IngestTest) =>
  query<{ name: string }>(
    test,
    "reader",
    `SELECT c.relname AS name FROM pg_catalog.pg_class c
     WHERE c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')
       AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
     ORDER BY 1`,
  ).then((rows) => rows.map((row) => row.name));

Deno.test("startIngest() leads from bytes to a table that the reader sees, and tells how", async () => {
  await using test = await ingestTest();
  const rebuilt: string[] = [];
  await using _worker = await working(test, async (scope) => {
    // The tables are there before the load is done.
    assert.deepEqual(await tablesSeen(test), ["people"]);
    rebuilt.push(scope.endpoint.slug);
  });
  const handed = file("id,name\n1,Ada\n2,Grace\n");
  const started = await startIngest(test.services, test.scope, handed);
  assert.equal(started.status, "queued");
  assert.equal(started.sizeBytes, 22);
  const ingest = await over(test, started.id);
  assert.equal(ingest.status, "done", JSON.stringify(ingest.error));
  const [table] = ingest.report!.tables;
  assert.deepEqual([table!.name, table!.rows, table!.rejected], ["people", 2, 0]);
  assert.deepEqual(rebuilt, [test.scope.endpoint.slug]);
  assert.deepEqual(await query(test, "reader", "SELECT id, name FROM people ORDER BY id"), [
    { id: 1, name: "Ada" },
    { id: 2, name: "Grace" },
  ]);
  assert.deepEqual(await audited(test), [{
    action: "data.loaded",
    subject: started.id,
    detail: { tables: [{ name: "people", mode: "create", rows: 2, rejected: 0 }] },
    kind: "dashboard",
  }]);
  assert.deepEqual(await storedFiles(test), []);
  assert.deepEqual((await listIngests(test.services, test.scope)).map((it) => it.id), [started.id]);
});

Deno.test("startIngest() refuses the same bytes until asked for them again", async () => {
  await using test = await ingestTest();
  await using _worker = await working(test);
  const first = await load(test, file("id\n1\n"));
  await assert.rejects(
    startIngest(test.services, test.scope, file("id\n1\n", { fileName: "again.csv" })),
    (error) => error instanceof DuplicateFile && error.earlier.id === first.id,
  );
  assert.equal((await listIngests(test.services, test.scope)).length, 1);
  assert.deepEqual(await storedFiles(test), []);
  const again = await load(test, file("id\n1\n", { fileName: "again.csv", allowDuplicate: true }));
  assert.equal(again.status, "done");
  assert.deepEqual(await tablesSeen(test), ["again", "people"]);

  // Another endpoint of the same tenant knows nothing of it.
  const other = { ...test, scope: await createEndpoint(test.services, test.scope, "other") };
  assert.equal((await load(other, file("id\n1\n"))).status, "done");
});

Deno.test("startIngest() lets one of two identical uploads at once win", async () => {
  await using test = await ingestTest();
  for (let round = 0; round < 5; round++) {
    const text = `id\n${round}\n`;
    const both = await Promise.allSettled(
      [1, 2, 3].map(() => startIngest(test.services, test.scope, file(text))),
    );
    const won = both.filter((one) => one.status === "fulfilled");
    assert.equal(won.length, 1, `round ${round}`);
    for (const one of both) {
      if (one.status === "rejected") assert.ok(one.reason instanceof DuplicateFile);
    }
  }
  assert.equal((await listIngests(test.services, test.scope)).length, 5);
  assert.equal((await storedFiles(test)).length, 5);
});

Deno.test("startIngest() keeps nothing of an upload that is too large or breaks off", async () => {
  await using test = await ingestTest();
  await assert.rejects(
    startIngest(test.services, test.scope, file("id\n1\n", { maxBytes: 4 })),
    { code: "PAYLOAD_TOO_LARGE" },
  );
  async function* broken() {
    yield new TextEncoder().encode("id\n");
    await Promise.resolve();
    throw new TypeError("connection reset");
  }
  await assert.rejects(
    startIngest(test.services, test.scope, file("", { body: ReadableStream.from(broken()) })),
    { code: "INVALID_REQUEST" },
  );
  const gone = new AbortController();
  async function* leaving() {
    yield new TextEncoder().encode("id\n");
    gone.abort();
    await new Promise(() => {});
  }
  await assert.rejects(
    startIngest(
      test.services,
      { ...test.scope, signal: gone.signal },
      file("", { body: ReadableStream.from(leaving()) }),
    ),
    { code: "INVALID_REQUEST" },
  );
  assert.deepEqual(await storedFiles(test), []);
  const listed = await listIngests(test.services, test.scope);
  assert.deepEqual(listed.map((it) => [it.status, it.error!.code]).toSorted(), [
    ["failed", "INVALID_REQUEST"],
    ["failed", "INVALID_REQUEST"],
    ["failed", "PAYLOAD_TOO_LARGE"],
  ]);
});

Deno.test("a load that fails says why, and the same bytes may come again", async () => {
  await using test = await ingestTest();
  await using _worker = await working(test);
  const failed = await load(test, file("PK\u0003\u0004 not a table", { fileName: "book.xlsx" }));
  assert.equal(failed.status, "failed");
  assert.equal(failed.error!.code, "UNSUPPORTED_FORMAT");
  assert.match(failed.error!.detail!, /CSV, TSV, JSON or NDJSON/);
  assert.ok(failed.finishedAt);
  const [event] = await audited(test);
  assert.deepEqual([event!.action, event!.detail], ["data.load_failed", {
    code: "UNSUPPORTED_FORMAT",
  }]);
  assert.deepEqual(await storedFiles(test), []);
  const again = await load(test, file("PK\u0003\u0004 not a table", { fileName: "book.xlsx" }));
  assert.equal(again.status, "failed");
});

Deno.test("listRejects() pages through what was set aside, for the endpoint alone", async () => {
  await using test = await ingestTest();
  await using _worker = await working(test);
  let text = "id,name\n";
  for (let id = 1; id <= 60; id++) {
    text += id % 4 === 0 ? `${id},x,too,many\n` : `${id},name ${id}\n`;
  }
  const ingest = await load(test, file(text));
  assert.equal(ingest.status, "done", JSON.stringify(ingest.error));
  assert.deepEqual([ingest.report!.tables[0]!.rows, ingest.report!.rejects], [45, 15]);
  const lines: number[] = [];
  let after: string | undefined;
  do {
    const page = await listRejects(test.services, test.scope, ingest.id, { limit: 4, after });
    assert.ok(page.rejects.length <= 4);
    for (const reject of page.rejects) {
      lines.push(reject.line);
      assert.equal(reject.table, "people");
      assert.ok(reject.reason.length > 0 && reject.raw.includes("too"));
    }
    after = page.next ?? undefined;
  } while (after);
  assert.deepEqual(lines, Array.from({ length: 15 }, (_, index) => (index + 1) * 4 + 1));

  await assert.rejects(
    listRejects(test.services, test.scope, ingest.id, { after: "1; DROP TABLE people" }),
    { code: "INVALID_CURSOR" },
  );
  const stranger = await testTenant(test.services, "Stranger");
  const theirs = await createEndpoint(test.services, stranger.scope, "theirs");
  const ours = await createEndpoint(test.services, test.scope, "ours");
  for (const scope of [theirs, ours]) {
    for (const ask of [getIngest, listRejects, cancelIngest]) {
      await assert.rejects(ask(test.services, scope, ingest.id), { code: "NOT_FOUND" }, ask.name);
    }
    assert.deepEqual(await listIngests(test.services, scope), []);
  }
});

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
  await runIngest(second.services, ref, () => Promise.resolve(void rebuilt++), test.scope.signal);
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
  const stalled = runIngest(gate.services, ref, nothing, test.scope.signal);
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
  await deleteEndpoint(test.services, test.scope);
  await using _worker = await working(test);
  while ((await storedFiles(test)).length > 0) await new Promise((done) => setTimeout(done, 30));
});

Deno.test("getIngest() tells how far a load is while it runs", async () => {
  await using test = await ingestTest();
  const gate = test.gate();
  await using _worker = await working(test, nothing, gate.services);
  const { id } = await startIngest(test.services, test.scope, file(manyRows(20_000)));
  await reach(test, id, "running");
  while (true) {
    const { progress } = await getIngest(test.services, test.scope, id);
    if (progress && progress.phase !== "upload") {
      assert.equal(progress.bytesTotal, manyRows(20_000).length);
      break;
    }
    await new Promise((done) => setTimeout(done, 30));
  }
  gate.open();
  assert.equal((await over(test, id)).status, "done");
});
