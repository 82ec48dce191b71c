import assert from "node:assert/strict";
import { join } from "node:path";
import { startEmbeddedPostgres } from "./mod.ts";
import { query } from "./test_query.ts";
import { spawnStarter, startElsewhere, temporaryFolder } from "./test_starter.ts";

async function madeIn(home: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(home), (entry) => entry.name);
  } catch {
    return [];
  }
}

Deno.test("startEmbeddedPostgres() stops the server of a killed process and keeps its data", async () => {
  await using folder = await temporaryFolder();
  const killed = await startElsewhere(folder.path);
  await query(killed.report.superuserUrl, "create table kept as select 7 as answer");
  killed.process.kill("SIGKILL");
  await killed.stop();
  assert.deepEqual(
    await query(killed.report.superuserUrl, "select answer from kept"),
    [{ answer: 7 }],
    "the server outlives its starter",
  );

  const said: string[] = [];
  const next = await startEmbeddedPostgres({
    dataDir: folder.path,
    say: (line) => said.push(line),
  });
  assert.equal(
    said[0],
    `Stopping the Postgres that an earlier run left behind (PID ${killed.report.pid}) …`,
  );
  assert.notEqual(next.pid, killed.report.pid);
  assert.deepEqual(await query(next.superuserUrl, "select answer from kept"), [{ answer: 7 }]);
  await next.stop();
});

Deno.test("startEmbeddedPostgres() ends the orphans of a server killed with its starter", async () => {
  await using folder = await temporaryFolder();
  const killed = await startElsewhere(folder.path);
  // In the middle of a query a session does not notice that its server is gone.
  const busy = query(
    killed.report.superuserUrl,
    "do $$ begin loop end loop; end $$",
  );
  const failed = assert.rejects(busy);
  await query(killed.report.superuserUrl, "create table kept as select 8 as answer");
  killed.process.kill("SIGKILL");
  await killed.stop();
  Deno.kill(killed.report.pid, "SIGKILL");

  const next = await startEmbeddedPostgres({ dataDir: folder.path, say: () => {} });
  await failed;
  assert.deepEqual(await query(next.superuserUrl, "select answer from kept"), [{ answer: 8 }]);
  await next.stop();
});

Deno.test("startEmbeddedPostgres() does an interrupted preparation again", async () => {
  await using folder = await temporaryFolder();
  const home = join(folder.path, "postgres");
  const process = spawnStarter(folder.path);
  const half = async () => (await madeIn(home)).find((name) => name.startsWith("tmp-"));
  let attempt: string | undefined;
  while (!attempt || !(await madeIn(join(home, attempt, "cluster"))).includes("PG_VERSION")) {
    attempt = await half();
  }
  process.kill("SIGKILL");
  await Promise.all([
    process.status,
    process.stdin.close().catch(() => {}),
    process.stdout.cancel(),
    process.stderr.cancel(),
  ]);
  assert.equal((await madeIn(home)).includes("cluster"), false);

  const next = await startEmbeddedPostgres({ dataDir: folder.path, say: () => {} });
  assert.deepEqual(await query(next.superuserUrl, "select 1 as one"), [{ one: 1 }]);
  await next.stop();
});

Deno.test("startEmbeddedPostgres() refuses a folder that another process uses", async () => {
  await using folder = await temporaryFolder();
  await using other = await startElsewhere(folder.path);
  await assert.rejects(
    startEmbeddedPostgres({ dataDir: folder.path, say: () => {} }),
    new RegExp(`PID ${other.process.pid}\\b.*${folder.path}`),
  );
  assert.deepEqual(await query(other.report.superuserUrl, "select 1 as one"), [{ one: 1 }]);
});
