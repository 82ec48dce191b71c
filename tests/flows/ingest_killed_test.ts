import assert from "node:assert/strict";
import {
  cancelIngest,
  getIngest,
  listIngests,
  serveIngests,
  startIngest,
} from "../../lib/ingest/mod.ts";
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { setWrites } from "../../lib/tools/mod.ts";
import { quoteIdent } from "../../lib/postgres/mod.ts";
import type { ChildTask } from "./ingest_child.ts";
import { audited, query, storedFiles, tablesSeen } from "./ingest_look.ts";
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

const ROWS = 20_000;

/** Starts another process, waits until it stands where it should be killed, and kills it there. */
async function killAt(test: IngestTest, act: ChildTask["act"]): Promise<void> {
  const task: ChildTask = {
    meeting: test.meeting,
    tenantId: test.scope.tenantId,
    slug: test.scope.endpoint.slug,
    act,
  };
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("ingest_child.ts", import.meta.url).pathname,
      JSON.stringify(task),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaints = new Response(child.stderr).text();
  const said = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let heard = "";
  while (!heard.includes("here")) {
    const { value, done } = await said.read();
    assert.ok(!done, `the child ended by itself: ${done && await complaints}`);
    heard += value;
  }
  child.kill("SIGKILL");
  await child.status;
  await said.cancel();
  await complaints;
}

/** Lets the time pass after which a silent process counts as gone. */
async function lapse(test: IngestTest): Promise<void> {
  await test.services.control.tenant(
    test.scope.tenantId,
    (tx) => tx`UPDATE ingests SET heartbeat_at = heartbeat_at - interval '1 minute'`,
  );
}

const actions = async (test: IngestTest) => (await audited(test)).map((event) => event.action);

async function rowsOf(test: IngestTest, table: string): Promise<number> {
  const [row] = await query<{ n: number }>(
    test,
    "reader",
    `SELECT count(*)::int AS n FROM ${quoteIdent(table)}`,
  );
  return row!.n;
}

Deno.test("a process killed amid an upload leaves a failed load, and no file", async () => {
  await using test = await ingestTest();
  await killAt(test, "upload");
  const [left] = await listIngests(test.services, test.scope);
  assert.equal(left!.status, "uploading");
  assert.equal((await storedFiles(test)).length, 1);
  await lapse(test);
  const worker = await serveIngests(test.services, () => Promise.resolve());
  const failed = await over(test, left!.id);
  await worker.stop();
  assert.equal(failed.status, "failed");
  assert.equal(failed.error!.code, "INVALID_REQUEST");
  assert.match(failed.error!.detail!, /broke off/);
  assert.equal((await storedFiles(test)).length, 0);
  assert.deepEqual(await actions(test), ["data.load_failed"]);
});

Deno.test("a process killed between upload and queue leaves a whole file, which is loaded", async () => {
  await using test = await ingestTest();
  // What such a kill leaves: the file under its name, the row still `uploading`.
  const { id } = await startIngest(test.services, test.scope, file(manyRows(ROWS)));
  await test.services.control.tenant(
    test.scope.tenantId,
    (tx) =>
      tx`UPDATE ingests SET status = 'uploading', sha256 = NULL, size_bytes = NULL
         WHERE id = ${id}`,
  );
  await lapse(test);
  const worker = await serveIngests(test.services, () => Promise.resolve());
  const done = await over(test, id);
  await worker.stop();
  assert.equal(done.status, "done");
  assert.equal(done.sizeBytes, manyRows(ROWS).length);
  assert.equal(await rowsOf(test, "people"), ROWS);
});

Deno.test("an upload that was cancelled after its process was killed is over, and leaves no file", async () => {
  await using test = await ingestTest();
  const { id } = await startIngest(test.services, test.scope, file(manyRows(ROWS)));
  await test.services.control.tenant(
    test.scope.tenantId,
    (tx) =>
      tx`UPDATE ingests SET status = 'uploading', sha256 = NULL, size_bytes = NULL
         WHERE id = ${id}`,
  );
  await cancelIngest(test.services, test.scope, id);
  await lapse(test);
  const worker = await serveIngests(test.services, () => Promise.resolve());
  assert.equal((await over(test, id)).status, "cancelled");
  await worker.stop();
  assert.equal((await storedFiles(test)).length, 0);
});

Deno.test("a load whose process was killed amid it shows nothing, and is done by another", async () => {
  await using test = await ingestTest();
  const { id } = await startIngest(test.services, test.scope, file(manyRows(ROWS)));
  await killAt(test, "load");
  assert.equal((await getIngest(test.services, test.scope, id)).status, "running");
  assert.deepEqual(await tablesSeen(test), []);
  // While it may still live, nobody takes it.
  let worker = await serveIngests(test.services, () => Promise.resolve());
  await worker.stop();
  assert.equal((await getIngest(test.services, test.scope, id)).status, "running");
  await lapse(test);
  worker = await serveIngests(test.services, () => Promise.resolve());
  const done = await over(test, id);
  await worker.stop();
  assert.equal(done.status, "done");
  assert.equal(done.report!.tables[0]!.rows, ROWS);
  assert.equal(await rowsOf(test, "people"), ROWS);
  assert.equal((await storedFiles(test)).length, 0);
  assert.deepEqual(await actions(test), ["data.loaded"]);
});

Deno.test("a load whose process was killed after its tables were visible ends with their report", async () => {
  await using test = await ingestTest();
  const { id } = await startIngest(test.services, test.scope, file(manyRows(ROWS)));
  await killAt(test, "loaded");
  assert.equal((await getIngest(test.services, test.scope, id)).status, "running");
  assert.equal(await rowsOf(test, "people"), ROWS);
  await lapse(test);
  let rebuilt = 0;
  const worker = await serveIngests(test.services, () => Promise.resolve(void rebuilt++));
  const done = await over(test, id);
  await worker.stop();
  assert.equal(done.status, "done");
  assert.deepEqual(done.report!.tables.map(({ name, rows }) => [name, rows]), [["people", ROWS]]);
  assert.equal(await rowsOf(test, "people"), ROWS);
  assert.equal(rebuilt, 1);
  assert.deepEqual(await actions(test), ["data.loaded"]);
});

Deno.test("a load that is interrupted again and again is given up", async () => {
  await using test = await ingestTest();
  const { id } = await startIngest(test.services, test.scope, file("id\n1\n"));
  await test.services.control.tenant(
    test.scope.tenantId,
    (tx) => tx`UPDATE ingests SET status = 'running', attempts = 5 WHERE id = ${id}`,
  );
  await lapse(test);
  const worker = await serveIngests(test.services, () => Promise.resolve());
  const failed = await reach(test, id, "failed");
  await worker.stop();
  assert.equal(failed.error!.code, "INTERNAL");
  assert.match(failed.error!.detail!, /interrupted 5 times/);
  assert.deepEqual(await tablesSeen(test), []);
});

Deno.test("a load whose file is gone fails and says so", async () => {
  await using test = await ingestTest();
  const { id } = await startIngest(test.services, test.scope, file("id\n1\n"));
  const { tenantId, endpoint } = test.scope;
  await test.services.objects.remove(`${tenantId}/${endpoint.id}/${id}`);
  const worker = await serveIngests(test.services, () => Promise.resolve());
  const failed = await over(test, id);
  await worker.stop();
  assert.equal(failed.error!.code, "UNREADABLE_FILE");
  assert.match(failed.error!.detail!, /Upload it again/);
});

for (const mode of ["append", "replace"] as const) {
  Deno.test(`a token's import killed amid it, to ${mode} rows, changes nothing, and is done by another whole`, async () => {
    await using test = await ingestTest();
    const { services, scope } = test;
    // By services of their own, whose end ends their jobs, too.
    const first = await openAt(test.meeting);
    const others = await serveIngests(first.services, () => Promise.resolve());
    await load(test, file("id,name,born\n0,before,2001-02-03\n"));
    await others.stop();
    await first.close();
    await setWrites(services, scope, "direct");
    const { view } = await mintToken(services, scope, {
      name: "importer",
      scope: "mcp:write",
      abilities: ["files:write", "rows:insert", "rows:delete"],
      endpoints: "all",
    });
    const entered = await enterEndpoint(services, scope, scope.endpoint.slug);
    const principal = {
      ...scope.principal,
      kind: "rest",
      tokenId: view.id,
      scope: "mcp:write",
      abilities: new Set(view.abilities),
    } as const;
    const { id } = await startIngest(
      services,
      { ...entered, principal },
      file(manyRows(ROWS), { options: { mode } }),
    );
    await killAt(test, "load");
    const kept = () =>
      query(test, "owner", "SELECT mode, added::int, removed::int FROM bulkhead.import_entries");
    const aside = () =>
      query(test, "owner", "SELECT FROM pg_namespace WHERE nspname LIKE 'bulkhead_kept%'");
    assert.equal(await rowsOf(test, "people"), 1);
    assert.deepEqual(await kept(), [{ mode: "create", added: 1, removed: 0 }]);
    assert.deepEqual(await aside(), []);
    await lapse(test);
    const worker = await serveIngests(services, () => Promise.resolve());
    const done = await over(test, id);
    await worker.stop();
    assert.equal(done.status, "done", JSON.stringify(done.error));
    const removed = mode === "replace" ? 1 : 0;
    assert.equal(await rowsOf(test, "people"), ROWS + 1 - removed);
    assert.deepEqual((await kept()).at(-1), { mode, added: ROWS, removed });
    assert.equal((await aside()).length, 1);
    assert.deepEqual((await actions(test)).filter((action) => action === "data.loaded").length, 2);
  });
}
