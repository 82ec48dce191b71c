/**
 * For the tests of this folder: a data folder that goes away, and a start of Postgres by another
 * process, which can be killed. Run as a program, this file is that other process.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Account } from "./run.ts";
import { startEmbeddedPostgres } from "./mod.ts";

/** The running server as another process reports it. */
export interface Report {
  readonly superuserUrl: string;
  readonly pid: number;
  readonly dataDir: string;
}

/** A process that starts Postgres. */
export interface Starter extends AsyncDisposable {
  readonly process: Deno.ChildProcess;
  /** What the start said, up to the report. */
  readonly said: string;
  readonly report: Report;
  /** Lets the process stop its Postgres and end. */
  stop(): Promise<void>;
}

/** A temporary folder that other users may pass through, removed at the end. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "bulkhead-test-" }));
  await Deno.chmod(path, 0o711);
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Starts the other process without waiting for its Postgres. */
export function spawnStarter(
  dataDir: string,
  { checkout, account }: { checkout?: string; account?: Account } = {},
): Deno.ChildProcess {
  const script = checkout
    ? join(checkout, "lib", "postgres", "embedded", "test_starter.ts")
    : fileURLToPath(import.meta.url);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", script, dataDir],
    ...(account && {
      uid: account.uid,
      gid: account.gid,
      cwd: "/",
      clearEnv: true,
      env: { DENO_DIR: join(checkout ?? dataDir, "deno"), PATH: "/usr/bin:/bin" },
    }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Starts Postgres in another process and waits until it runs. */
export async function startElsewhere(
  dataDir: string,
  options: { checkout?: string; account?: Account } = {},
): Promise<Starter> {
  const process = spawnStarter(dataDir, options);
  const said = new Response(process.stderr).text();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader.read();
  if (!first.value) throw new Error(`the other process did not start Postgres: ${await said}`);
  const { lines, ...report } = JSON.parse(first.value);
  const end = async () => {
    await process.stdin.close().catch(() => {});
    await process.status;
    await reader.cancel();
    await said;
  };
  return { process, report, said: lines, stop: end, [Symbol.asyncDispose]: end };
}

async function main(): Promise<void> {
  const lines: string[] = [];
  const server = await startEmbeddedPostgres({
    dataDir: Deno.args[0] ?? "",
    say: (line) => lines.push(line),
  });
  const { superuserUrl, pid, dataDir } = server;
  console.log(JSON.stringify({ superuserUrl, pid, dataDir, lines: lines.join("\n") }));
  for await (const _ of Deno.stdin.readable);
  await server.stop();
}

if (import.meta.main) await main();
