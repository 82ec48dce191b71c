import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { createControl } from "../../tests/harness/mod.ts";
import { createLog } from "../log.ts";
import { connect, type Tx } from "../postgres/mod.ts";
import { createJobs, type Jobs, prepareJobs } from "./mod.ts";

interface Queue extends AsyncDisposable {
  readonly jobs: Jobs;
  /** A second replica. */
  another(): Promise<Jobs>;
  readonly url: string;
  readonly adminUrl: string;
  readonly logLines: string[];
}

async function queue(): Promise<Queue> {
  const control = await createControl();
  const logLines: string[] = [];
  const log = createLog((line) => void logLines.push(line));
  const open: Jobs[] = [];
  const another = async () => {
    const jobs = await createJobs({ url: control.appUrl, log });
    open.push(jobs);
    return jobs;
  };
  return {
    jobs: await another(),
    another,
    url: control.appUrl,
    adminUrl: control.adminUrl,
    logLines,
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((jobs) => jobs.close(0)));
      await control.drop();
    },
  };
}

/** Collects what a handler is given; `count(n)` resolves at the n-th. */
function collector() {
  const seen: unknown[] = [];
  let wake = Promise.withResolvers<void>();
  return {
    seen,
    add(item: unknown) {
      seen.push(item);
      wake.resolve();
      wake = Promise.withResolvers();
    },
    async count(n: number) {
      while (seen.length < n) await wake.promise;
    },
  };
}

Deno.test("enqueue() hands a job with its payload to a worker, once", async () => {
  await using test = await queue();
  const got = collector();
  const payload = { id: "a'b\"c\\d", n: 7, yes: true, none: null };
  const other = await test.another();
  await test.jobs.enqueue(null, "greet", payload);
  await test.jobs.enqueue(null, "greet", { id: "last" });
  for (const jobs of [test.jobs, other]) {
    await jobs.work("greet", (item) => Promise.resolve(got.add(item)), { concurrency: 2 });
  }
  await got.count(2);
  assert.deepEqual(got.seen.find((item) => (item as { n?: number }).n), payload);
  assert.equal(got.seen.length, 2);
});

Deno.test("enqueue() in a transaction queues nothing when it is rolled back", async () => {
  await using test = await queue();
  const sql = connect(test.url, { max: 1 });
  const got = collector();
  await test.jobs.work("tx", (item) => Promise.resolve(got.add(item)), { concurrency: 1 });
  await assert.rejects(
    sql.begin(async (tx) => {
      await test.jobs.enqueue(tx as unknown as Tx, "tx", { outcome: "rolled back" });
      throw new Error("no");
    }),
    /^Error: no$/,
  );
  await sql.begin((tx) => test.jobs.enqueue(tx as unknown as Tx, "tx", { outcome: "committed" }));
  await got.count(1);
  assert.deepEqual(got.seen, [{ outcome: "committed" }]);
  await sql.end();
});

Deno.test("enqueue() lets one job a key wait, and another after the first was taken", async () => {
  await using test = await queue();
  for (let i = 0; i < 3; i++) await test.jobs.enqueue(null, "keyed", { i }, { key: "k" });
  await test.jobs.enqueue(null, "keyed", { i: 9 }, { key: "other" });
  const got = collector();
  const gate = Promise.withResolvers<void>();
  await test.jobs.work("keyed", async (item) => {
    got.add(item);
    if (got.seen.length === 1) await gate.promise;
  }, { concurrency: 2 });
  await got.count(2);
  await test.jobs.enqueue(null, "keyed", { i: 5 }, { key: "k" });
  gate.resolve();
  await got.count(3);
  const numbers = got.seen.map((item) => (item as { i: number }).i);
  assert.deepEqual(numbers.toSorted(), [0, 5, 9]);
});

Deno.test("work() runs a job again when its handler throws, and tells the log alone why", async () => {
  await using test = await queue();
  const got = collector();
  await test.jobs.work("fragile", (item) => {
    got.add(item);
    if (got.seen.length === 1) throw new Error("secret detail");
    return Promise.resolve();
  }, { concurrency: 1 });
  await test.jobs.enqueue(null, "fragile", { id: "x" });
  await got.count(2);
  assert.ok(test.logLines.some((line) => line.includes("secret detail")));
  const admin = connect(test.adminUrl, { max: 1 });
  const rows = await admin<
    { output: unknown }[]
  >`SELECT output FROM jobs.job WHERE name = 'fragile'`;
  assert.ok(rows.length > 0);
  assert.doesNotMatch(JSON.stringify(rows), /secret detail/);
  await admin.end();
});

Deno.test("close() aborts what outlives its grace, and leaves it to another replica", async () => {
  await using test = await queue();
  const started = Promise.withResolvers<void>();
  await test.jobs.work("slow", async (_item, signal) => {
    started.resolve();
    const { promise, reject } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => reject(new Error("stopped")));
    await promise;
  }, { concurrency: 1 });
  await test.jobs.enqueue(null, "slow", { id: "x" });
  await started.promise;
  await test.jobs.close(0);
  const got = collector();
  const other = await test.another();
  await other.work("slow", (item) => Promise.resolve(got.add(item)), { concurrency: 1 });
  await got.count(1);
  assert.deepEqual(got.seen, [{ id: "x" }]);
});

Deno.test("a job that outlasts a heartbeat stays with its worker", async () => {
  await using test = await queue();
  await test.jobs.enqueue(null, "long", { id: "x" });
  const admin = connect(test.adminUrl, { max: 1 });
  const beats = async () => {
    const [row] = await admin<{ at: string }[]>`
      SELECT heartbeat_on::text AS at FROM jobs.job WHERE name = 'long'`;
    return row!.at;
  };
  const lost = await new Promise<boolean>((resolve, reject) => {
    const handle = async (_item: unknown, signal: AbortSignal) => {
      const first = await beats();
      // The worker judges its claim right after the heartbeat that is seen here.
      while (!signal.aborted && await beats() === first) await wait(100);
      await wait(500);
      resolve(signal.aborted);
    };
    test.jobs.work("long", (item, signal) => handle(item, signal).catch(reject), {
      concurrency: 1,
    }).catch(reject);
  });
  await admin.end();
  assert.equal(lost, false);
});

Deno.test("a job whose worker fell silent is given to another", async () => {
  await using test = await queue();
  await test.jobs.enqueue(null, "orphan", { id: "x" });
  // What a worker leaves that was killed a minute ago.
  const admin = connect(test.adminUrl, { max: 1 });
  await admin`
    UPDATE jobs.job SET state = 'active', started_on = now() - interval '1 minute',
      heartbeat_on = now() - interval '1 minute'
    WHERE name = 'orphan'`;
  await admin.end();
  const got = collector();
  await test.jobs.work("orphan", (item) => Promise.resolve(got.add(item)), { concurrency: 1 });
  await got.count(1);
  assert.deepEqual(got.seen, [{ id: "x" }]);
});

Deno.test("prepareJobs() can run again, and gives the application no table of its own to make", async () => {
  await using test = await queue();
  const admin = connect(test.adminUrl, { max: 2 });
  await prepareJobs(admin);
  const app = connect(test.url, { max: 1 });
  await assert.rejects(app`CREATE TABLE jobs.mine (id int)`, /permission denied/);
  const [row] = await admin<{ public: boolean }[]>`
    SELECT has_schema_privilege('public', 'jobs', 'USAGE') AS public`;
  assert.equal(row!.public, false);
  await admin.end();
  await app.end();
});
