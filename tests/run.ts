/**
 * Runs the tests on one throwaway Postgres: `deno task test [path …]`. Ends with a line
 * `N passed, N failed, N skipped`.
 */
import { fileURLToPath } from "node:url";
import { buildIslands, bundlePlaces } from "../lib/bundle/mod.ts";
import { startThrowawayServer } from "./server.ts";

// What only tests need is named in tests/deno.json and lies in tests/node_modules.
const CONFIG = fileURLToPath(new URL("deno.json", import.meta.url));
const FLAGS = ["--config", CONFIG, "-A", "--parallel", "--no-check"];

async function run(args: readonly string[], env: Record<string, string>): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", ...FLAGS, ...args],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    Deno.stdout.writeSync(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4096);
  }
  const { code } = await child.status;
  const count = (what: string) =>
    Number(
      new RegExp(`\\| (\\d+) ${what}`).exec(tail.replace(/(\d+) passed/, "| $1 passed"))?.[1] ?? 0,
    );
  console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("ignored")} skipped`);
  return code;
}

await buildIslands(bundlePlaces(new URL("../", import.meta.url)));
const url = Deno.env.get("BULKHEAD_TEST_PG") ?? await startThrowawayServer();
Deno.exit(await run(Deno.args, { BULKHEAD_TEST_PG: url }));
