/** The serving process may write to its data folder, run Postgres, and little else. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { commandOf, start } from "./server.ts";

const ON_LINUX = Deno.build.os === "linux";
const ATTEMPTS = fileURLToPath(new URL("attempts.ts", import.meta.url));

/** The runtime's flags of a server that runs. */
function flagsOf(pid: number): string[] {
  const command = commandOf(pid);
  const script = command.findIndex((arg) => arg.endsWith("/main.ts"));
  assert.ok(script > 0, command.join(" "));
  return command.slice(1, script);
}

async function attempt(flags: readonly string[], data: string): Promise<string[]> {
  const outside = `${await Deno.makeTempDir()}/attempt`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...flags, ATTEMPTS, data, outside],
    env: { FOREIGN_SECRET: "x" },
    // What attempts.ts imports is nothing; the lock file of the tests is not the server's.
    cwd: data,
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "a server writes in its data folder alone, and runs nothing but Postgres",
  ignore: !ON_LINUX,
  async fn() {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "bulkhead start-" }));
    await Deno.chmod(folder, 0o711);
    const data = { path: folder };
    try {
      const server = await start(data.path);
      const flags = flagsOf(server.pid);
      for (const flag of ["-A", "--allow-all", "--allow-write", "--allow-run", "--allow-ffi"]) {
        assert.ok(!flags.includes(flag), `it runs with ${flag}`);
      }
      assert.deepEqual(await attempt(flags, data.path), ["write in the data folder"]);
      // And it can do what it is for.
      const page = await fetch(new URL("/sign-up", server.line.url));
      assert.equal(page.status, 200);
      await page.body?.cancel();
      await server.stop();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
