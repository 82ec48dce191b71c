import assert from "node:assert/strict";
import { connect, type Sql } from "../connect.ts";
import { testCluster } from "../../../tests/harness/mod.ts";
import { ConnectionLost, ReadPool, type ReadPoolOptions, ServerFault, targetOf } from "./mod.ts";

const OPTIONS: Omit<ReadPoolOptions, "target"> = {
  settings: { application_name: "read pool test" },
  quick: 2,
  slow: 3,
  quickMs: 100,
  slowMs: 10_000,
  idleMs: 60_000,
};

const never = new AbortController().signal;
const QUICK = { quick: true, signal: never };
const SLOW = { quick: false, signal: never };
const sql = (text: string, ...values: (string | null)[]) => ({ text, values });

interface Test extends AsyncDisposable {
  readonly pool: ReadPool;
  readonly admin: Sql;
  /** Sessions of the pool. */
  sessions(): Promise<{ pid: number; state: string }[]>;
}

async function start(options: Partial<ReadPoolOptions> = {}): Promise<Test> {
  const { superuserUrl } = await testCluster();
  const name = `read pool ${crypto.randomUUID().slice(0, 8)}`;
  const admin = connect(superuserUrl, { max: 2 });
  const pool = new ReadPool({
    ...OPTIONS,
    target: targetOf(superuserUrl),
    ...options,
    settings: { application_name: name, ...options.settings },
  });
  return {
    pool,
    admin,
    sessions: async () => [
      ...await admin<{ pid: number; state: string }[]>`
        SELECT pid, state FROM pg_stat_activity WHERE application_name = ${name} ORDER BY pid`,
    ],
    async [Symbol.asyncDispose]() {
      pool.end();
      await admin.end();
    },
  };
}

Deno.test("query() answers what Postgres wrote, by either kind of connection", async () => {
  await using test = await start();
  const large = "é".repeat(3_000_000);
  for (const options of [QUICK, SLOW]) {
    assert.deepEqual(
      await test.pool.query(
        sql("SELECT $1::text, NULL, 1.50::numeric, ''", "ünï '\" \\ 😀"),
        options,
      ),
      [["ünï '\" \\ 😀", null, "1.50", ""]],
    );
    assert.deepEqual(await test.pool.query(sql("SELECT 1 WHERE false"), options), []);
    assert.deepEqual(await test.pool.query(sql("SELECT $1::text", large), options), [[large]]);
    assert.deepEqual(await test.pool.query(sql("SELECT $1::text", null), options), [[null]]);
    const rows = await test.pool.query(sql("SELECT n FROM generate_series(1, 20000) n"), options);
    assert.equal(rows.length, 20_000);
    assert.deepEqual(rows.at(-1), ["20000"]);
  }
});

Deno.test("query() sends many at once over few connections, and a fault is that query's alone", async () => {
  await using test = await start();
  const answers = await Promise.allSettled(
    Array.from({ length: 600 }, (_, n) =>
      test.pool.query(
        n % 7 === 0 ? sql("SELECT 1 / $1::int", "0") : sql("SELECT $1::int + 1", String(n)),
        QUICK,
      )),
  );
  for (const [n, answer] of answers.entries()) {
    if (n % 7) {
      assert.deepEqual(answer, { status: "fulfilled", value: [[String(n + 1)]] });
    } else {
      assert.equal(answer.status === "rejected" && answer.reason.code, "22012");
    }
  }
  assert.equal((await test.sessions()).length, 2);
});

Deno.test("query() moves what is not quick to a connection of its own, and does not try it twice", async () => {
  await using test = await start();
  const sleep = sql("SELECT pg_sleep(0.3), $1::int", "1");
  const [slept, ...others] = await Promise.all([
    test.pool.query(sleep, QUICK),
    ...Array.from({ length: 40 }, (_, n) => test.pool.query(sql("SELECT $1::int", `${n}`), QUICK)),
  ]);
  assert.equal(slept[0]![1], "1");
  assert.deepEqual(others.map((rows) => rows[0]![0]), Array.from({ length: 40 }, (_, n) => `${n}`));
  assert.equal((await test.sessions()).length, 3);
  const [{ cancelled }] = await test.admin`
    SELECT count(*) FILTER (WHERE query LIKE '%pg_sleep%' AND state = 'active')::int AS cancelled
    FROM pg_stat_activity` as unknown as [{ cancelled: number }];
  assert.ok(cancelled >= 1);
  await test.pool.query(sleep, QUICK);
});

Deno.test("query() is ended in the server when its signal is aborted, and nothing else is", async () => {
  await using test = await start({ slow: 1 });
  const gone = new AbortController();
  const sleeping = test.pool.query(sql("SELECT pg_sleep(30)"), {
    quick: false,
    signal: gone.signal,
  });
  const behind = test.pool.query(sql("SELECT 'behind'"), SLOW);
  const leaves = new AbortController();
  const left = test.pool.query(sql("SELECT 'left'"), { quick: false, signal: leaves.signal });
  while (!(await test.sessions()).some(({ state }) => state === "active"));
  leaves.abort();
  await assert.rejects(left, { name: "AbortError" });
  gone.abort();
  await assert.rejects(sleeping, { code: "57014" });
  assert.deepEqual(await behind, [["behind"]]);
  await assert.rejects(
    test.pool.query(sql("SELECT 1"), { quick: true, signal: gone.signal }),
    { name: "AbortError" },
  );
});

Deno.test("query() fails with the connection that it is under way on, and the next one opens anew", async () => {
  await using test = await start({ quick: 1, slow: 1, quickMs: 20_000, slowMs: 20_000 });
  const lost = [QUICK, QUICK, SLOW].map((options) =>
    test.pool.query(sql("SELECT pg_sleep(20)"), options).catch((error) => error)
  );
  const active = async () =>
    (await test.sessions()).filter(({ state }) => state === "active").map(({ pid }) => pid);
  while ((await active()).length < 2);
  for (const pid of await active()) await test.admin`SELECT pg_terminate_backend(${pid})`;
  for (const fault of await Promise.all(lost)) {
    assert.ok(fault.code === "57P01" || fault instanceof ConnectionLost, String(fault));
  }
  assert.deepEqual(await test.pool.query(sql("SELECT 2"), QUICK), [["2"]]);
  assert.deepEqual(await test.pool.query(sql("SELECT 2"), SLOW), [["2"]]);
});

Deno.test("query() prepares anew what no longer fits the tables", async () => {
  await using test = await start({ quick: 1 });
  const table = `t_${crypto.randomUUID().slice(0, 8)}`;
  await test.admin.unsafe(`CREATE TABLE ${table} AS SELECT 1 AS a`);
  try {
    const read = () => test.pool.query(sql(`SELECT * FROM ${table} WHERE a > $1`, "0"), QUICK);
    for (let time = 0; time < 4; time++) assert.deepEqual(await read(), [["1"]]);
    await test.admin.unsafe(`ALTER TABLE ${table} ADD COLUMN b text DEFAULT 'x'`);
    assert.deepEqual(await Promise.all([read(), read(), read()]), Array(3).fill([["1", "x"]]));
    await test.admin.unsafe(`DROP TABLE ${table}`);
    await assert.rejects(read(), { code: "42P01" });
    await test.admin.unsafe(`CREATE TABLE ${table} AS SELECT 7 AS a`);
    assert.deepEqual(await read(), [["7"]]);
    // However many texts there are, a session keeps a bounded number of them.
    for (let n = 0; n < 450; n++) {
      for (let time = 0; time < 2; time++) {
        await test.pool.query(sql(`SELECT ${n} WHERE $1 = ''`, ""), QUICK);
      }
    }
    const [[kept]] = await test.pool.query(
      sql("SELECT count(*) FROM pg_prepared_statements"),
      QUICK,
    ) as [[string]];
    assert.ok(Number(kept) <= 200, kept);
  } finally {
    await test.admin.unsafe(`DROP TABLE IF EXISTS ${table}`);
  }
});

Deno.test("query() tells why no connection can be made, each time anew", async () => {
  const { superuserUrl } = await testCluster();
  const wrong = new URL(superuserUrl);
  wrong.password = "wrong";
  const closed = new URL(superuserUrl);
  closed.port = "1";
  for (const [url, code] of [[wrong, "28P01"], [closed, "CONNECTION_CLOSED"]] as const) {
    const pool = new ReadPool({ ...OPTIONS, target: targetOf(url.href) });
    for (let time = 0; time < 2; time++) {
      for (const options of [QUICK, SLOW]) {
        await assert.rejects(
          pool.query(sql("SELECT 1"), options),
          { code },
        );
      }
    }
    pool.end();
    await assert.rejects(pool.query(sql("SELECT 1"), QUICK), ConnectionLost);
  }
});

Deno.test("end() fails what is under way and what waits", async () => {
  const test = await start({ slow: 1 });
  const all = Promise.allSettled([
    test.pool.query(sql("SELECT pg_sleep(20)"), SLOW),
    test.pool.query(sql("SELECT pg_sleep(20)"), SLOW),
    test.pool.query(sql("SELECT 1"), SLOW),
  ]);
  while (!(await test.sessions()).some(({ state }) => state === "active"));
  await test[Symbol.asyncDispose]();
  for (const answer of await all) {
    assert.ok(answer.status === "rejected" && answer.reason instanceof ConnectionLost);
  }
});

Deno.test("ServerFault tells SQLSTATE and fields", async () => {
  await using test = await start();
  const fault = await test.pool.query(sql("SELECT nothing FROM pg_class"), QUICK).catch((error) =>
    error
  );
  assert.ok(fault instanceof ServerFault);
  assert.equal(fault.code, "42703");
  assert.match(fault.message, /nothing/);
});
