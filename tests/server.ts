/**
 * A throwaway Postgres: `deno run -A tests/server.ts`. Prints its superuser URL, runs until SIGINT or
 * SIGTERM, and leaves nothing behind. With `--while-stdin` it also ends with its standard input, and so
 * with the process that holds the other end, however that process ends.
 */
import { fileURLToPath } from "node:url";
import { startEmbeddedPostgres } from "../lib/postgres/embedded/mod.ts";

const WHILE_STDIN = "--while-stdin";

/**
 * Starts a throwaway Postgres that lasts as long as this process: a test run cannot wait for a server
 * to stop when it ends, and a server that nobody stops would stay.
 *
 * @returns its superuser URL.
 */
export async function startThrowawayServer(): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", fileURLToPath(import.meta.url), WHILE_STDIN],
    // Ctrl-C is for this process; the server follows by its input.
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  // A test run must not wait for it.
  child.unref();
  const url = /^ready (\S+)/.exec(value)?.[1];
  if (!url) throw new Error("the throwaway Postgres did not start");
  return url;
}

async function main(): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "bulkhead-server-" });
  // Postgres may have to run as another user, who must get in.
  await Deno.chmod(dataDir, 0o711);
  const asked = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, asked.resolve);
  }
  const held = Deno.args.includes(WHILE_STDIN);
  if (held) Deno.stdin.readable.pipeTo(new WritableStream()).finally(asked.resolve);
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir,
      say: held ? () => {} : (line) => console.error(line),
      durable: false,
      maxConnections: 500,
    });
    console.log(`ready ${postgres.superuserUrl}`);
    await Promise.race([asked.promise, postgres.ended]);
    await postgres.stop();
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

if (import.meta.main) {
  await main();
  Deno.exit();
}
