import assert from "node:assert/strict";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import {
  cancelIngest,
  DuplicateFile,
  getIngest,
  listIngests,
  listRejects,
  startIngest,
} from "../../lib/ingest/mod.ts";
import { testTenant } from "../harness/mod.ts";
import { audited, nothing, query, storedFiles, tablesSeen, working } from "./ingest_look.ts";
import { file, ingestTest, load, manyRows, over, reach } from "./ingest_setup.ts";

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
    detail: {
      tables: [{ name: "people", mode: "create", rows: 2, rejected: 0 }],
      change: started.id,
      file: "people.csv",
      sha256: started.sha256,
    },
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
