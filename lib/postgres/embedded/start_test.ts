import assert from "node:assert/strict";
import { join } from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres, StartupError } from "./mod.ts";
import { run } from "./run.ts";
import { query } from "./test_query.ts";
import { temporaryFolder } from "./test_starter.ts";

function start(dataDir: string, said: string[] = []): Promise<EmbeddedPostgres> {
  const say = (line: string) => void said.push(line);
  return startEmbeddedPostgres({ dataDir, say, progress: say, sharedBuffersMb: 32 });
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name)).sort();
}

async function runs(pid: number): Promise<boolean> {
  return (await run("kill", ["-0", String(pid)], null)).ok;
}

Deno.test("startEmbeddedPostgres() prepares a closed, UTF-8 server and keeps its data", async (t) => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const said: string[] = [];
  const first = await start(dataDir, said);
  const home = join(dataDir, "postgres");
  const cluster = join(home, "cluster");

  await t.step("says what it does", () => {
    assert.deepEqual(said, [
      `Preparing a new Postgres in ${home} …`,
      `Postgres is running on 127.0.0.1:${first.port}.`,
    ]);
    assert.equal(first.dataDir, home);
  });

  await t.step("uses UTF-8 and the builtin locale in every database", async () => {
    const rows = await query(
      first.superuserUrl,
      `select distinct pg_encoding_to_char(encoding) as encoding, datlocprovider, datlocale, datcollate
       from pg_database`,
    );
    assert.deepEqual(rows, [
      { encoding: "UTF8", datlocprovider: "b", datlocale: "C.UTF-8", datcollate: "C" },
    ]);
    const [row] = await query(
      first.superuserUrl,
      `select upper('é') as upper, current_setting('timezone') as zone,
       to_tsvector('simple', '“hello”—Größe') @@ to_tsquery('simple', 'hello & größe') as found`,
    );
    assert.deepEqual(row, { upper: "É", zone: "UTC", found: true });
  });

  await t.step("is durable and asks for a password under scram", async () => {
    const settings = await query(
      first.superuserUrl,
      `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'jit',
       'listen_addresses', 'log_parameter_max_length_on_error', 'max_connections',
       'password_encryption', 'synchronous_commit', 'unix_socket_directories') order by name`,
    );
    assert.deepEqual(Object.fromEntries(settings.map((row) => [row.name, row.setting])), {
      fsync: "on",
      full_page_writes: "on",
      jit: "off",
      listen_addresses: "127.0.0.1",
      log_parameter_max_length_on_error: "0",
      max_connections: "300",
      password_encryption: "scram-sha-256",
      synchronous_commit: "on",
      unix_socket_directories: "",
    });
    const methods = await query(
      first.superuserUrl,
      "select distinct auth_method from pg_hba_file_rules",
    );
    assert.deepEqual(methods, [{ auth_method: "scram-sha-256" }]);
    const wrong = new URL(first.superuserUrl);
    wrong.password = "wrong";
    await assert.rejects(query(wrong.href, "select 1"), { code: "28P01" });
  });

  await t.step("leaves one password, in a file for its user alone", async () => {
    assert.deepEqual(await names(home), ["cluster", "lock", "port", "superuser_password"]);
    const { mode } = await Deno.stat(join(home, "superuser_password"));
    assert.equal((mode ?? 0) & 0o777, 0o600);
    assert.equal(((await Deno.stat(cluster)).mode ?? 0) & 0o777, 0o700);
  });

  await t.step({
    name: "runs in a session of its own, out of Ctrl-C's reach",
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      // Fields after the program's name: state, parent, process group, session (proc_pid_stat(5)).
      const stat = await Deno.readTextFile(`/proc/${first.pid}/stat`);
      const [, , group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
      assert.deepEqual([group, session], [first.pid, first.pid]);
    },
  });

  await t.step("refuses a second start and names the folder", async () => {
    await assert.rejects(start(dataDir), (error) => {
      assert.ok(error instanceof StartupError);
      assert.match(error.message, new RegExp(`PID ${Deno.pid}`));
      return error.message.includes(home);
    });
    assert.equal((await query(first.superuserUrl, "select 1 as one"))[0]?.one, 1);
  });

  await t.step("keeps failed statements and their values out of the shared log", async () => {
    await assert.rejects(query(first.superuserUrl, "select 'a tenant''s value'::int"));
    for (const name of await names(join(cluster, "log"))) {
      assert.doesNotMatch(await Deno.readTextFile(join(cluster, "log", name)), /tenant/);
    }
  });

  await t.step("stops in order, and starts again on the same data and port", async () => {
    await query(first.superuserUrl, "create table kept as select 42 as answer");
    await Promise.all([first.stop(), first.stop()]);
    assert.equal(await runs(first.pid), false);
    const again: string[] = [];
    const second = await start(dataDir, again);
    assert.deepEqual(again, [`Postgres is running on 127.0.0.1:${first.port}.`]);
    assert.equal(second.superuserUrl, first.superuserUrl);
    assert.deepEqual(await query(second.superuserUrl, "select answer from kept"), [{ answer: 42 }]);
    await second.stop();
  });

  await t.step("takes another port where the last one is in use", async () => {
    const blocker = Deno.listen({ hostname: "127.0.0.1", port: first.port });
    const third = await start(dataDir);
    assert.notEqual(third.port, first.port);
    await third.stop();
    blocker.close();
  });

  await t.step("recovers from a PID file whose process is gone", async () => {
    await Deno.writeTextFile(join(cluster, "postmaster.pid"), `2147480000\n${cluster}\n1\n5432\n`);
    const server = await start(dataDir);
    await server.stop();
  });

  await t.step("recovers from a PID file whose number another program has now", async () => {
    const { uid, gid } = await Deno.stat(cluster);
    const other = new Deno.Command("sleep", { args: ["60"], uid: uid ?? 0, gid: gid ?? 0 }).spawn();
    const pidFile = join(cluster, "postmaster.pid");
    await Deno.writeTextFile(pidFile, `${other.pid}\n${cluster}\n1\n5432\n`);
    await Deno.chown(pidFile, uid, gid);
    const server = await start(dataDir);
    assert.equal(await runs(other.pid), true);
    await server.stop();
    other.kill();
    await other.status;
  });

  await t.step("recovers what was acknowledged before the server was killed", async () => {
    const lines: string[] = [];
    const server = await start(dataDir, lines);
    await query(server.superuserUrl, "insert into kept values (43)");
    await run("kill", ["-KILL", String(server.pid)], null);
    await server.ended;
    assert.match(lines.at(-1) ?? "", /^Postgres has ended by itself/);
    const next = await start(dataDir, lines);
    assert.match(lines.join("\n"), /recovered/);
    const rows = await query(next.superuserUrl, "select answer from kept order by 1");
    assert.deepEqual(rows, [{ answer: 42 }, { answer: 43 }]);
    await next.stop();
  });

  await t.step("refuses the data of another major version", async () => {
    await Deno.writeTextFile(join(cluster, "PG_VERSION"), "17\n");
    await assert.rejects(start(dataDir), /is of Postgres 17; this is Postgres 18/);
  });
});

Deno.test("startEmbeddedPostgres() can be ended at any moment of the first start", async () => {
  await using folder = await temporaryFolder();
  const reason = new Error("not now");
  await assert.rejects(
    startEmbeddedPostgres({
      dataDir: folder.path,
      say: () => {},
      signal: AbortSignal.abort(reason),
    }),
    reason,
  );
  const preparing = new AbortController();
  await assert.rejects(
    startEmbeddedPostgres({
      dataDir: folder.path,
      // Said right before initdb is started.
      say: () => {},
      progress: () => setTimeout(() => preparing.abort(reason), 100),
      signal: preparing.signal,
    }),
    reason,
  );
  assert.equal((await names(join(folder.path, "postgres"))).includes("cluster"), false);
  const server = await startEmbeddedPostgres({
    dataDir: folder.path,
    say: () => {},
    durable: false,
  });
  const [row] = await query(server.superuserUrl, "select current_setting('fsync') as fsync");
  assert.equal(row?.fsync, "off");
  await server.stop();
});

Deno.test("startEmbeddedPostgres() lets one of two simultaneous first starts win", async () => {
  await using folder = await temporaryFolder();
  const outcomes = await Promise.allSettled([start(folder.path), start(folder.path)]);
  const [winner, ...others] = outcomes.filter((outcome) => outcome.status === "fulfilled");
  const [loser] = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.equal(others.length, 0);
  assert.ok(winner);
  assert.ok(loser?.reason instanceof StartupError);
  assert.deepEqual(await query(winner.value.superuserUrl, "select 1 as one"), [{ one: 1 }]);
  await winner.value.stop();
});

Deno.test("startEmbeddedPostgres() refuses a cluster folder that holds none", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(join(folder.path, "postgres", "cluster"), { recursive: true });
  await assert.rejects(start(folder.path), StartupError);
});
