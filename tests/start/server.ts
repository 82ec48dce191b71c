import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout: where people type `deno task start`. */
export const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));

/** A data folder that goes away, which Postgres's own user can enter. */
export async function dataFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "bulkhead-start-" }));
  await Deno.chmod(path, 0o711);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** What a process under test sees: a free port, the data folder, and nothing that this one is told. */
export function startEnvironment(data: string, more: Record<string, string> = {}) {
  const { BULKHEAD_TEST_PG: _, ...env } = Deno.env.toObject();
  return { ...env, PORT: "0", BULKHEAD_DATA: data, NO_COLOR: "1", ...more };
}

/** Processes, by PID, whose command line holds a text; those of Linux, from /proc. */
export function processesWith(text: string): number[] {
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name))
    .filter(Number.isInteger)
    .filter((pid) => pid !== Deno.pid && commandOf(pid).join(" ").includes(text));
}

/** The arguments of a process; none where it has ended. */
export function commandOf(pid: number): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/** Fails where a Postgres of a data folder runs. */
export function assertNoPostgres(data: string): void {
  const left = processesWith(`-D ${join(data, "postgres", "cluster")}`);
  assert.deepEqual(left, [], "a Postgres was left behind");
}

/** A start without a terminal. */
export interface Started extends AsyncDisposable {
  readonly child: Deno.ChildProcess;
  /** What it printed for programs. */
  readonly line: {
    readonly url: string;
    readonly mcp_url: string | null;
    readonly token: string | null;
    readonly sign_in_url: string | null;
  };
  /** The process that serves. */
  readonly pid: number;
  /** What it says on standard error; settles when it has ended. */
  readonly said: Promise<string>;
  stop(): Promise<Deno.CommandStatus>;
}

/** Runs `deno task start --json …` and waits until it serves. */
export async function start(
  data: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Started> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "start", "--json", ...args],
    cwd: CHECKOUT,
    clearEnv: true,
    env: startEnvironment(data, env),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it did not start: ${await said}`);
    text += value;
  }
  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    const status = await child.status;
    await reader.cancel();
    await said;
    return status;
  };
  return {
    child,
    said,
    stop,
    line: JSON.parse(text),
    pid: Number(await Deno.readTextFile(join(data, "postgres", "lock"))),
    [Symbol.asyncDispose]: async () => void await stop(),
  };
}

/** Runs `deno task start …` to an end that is near, such as a fault; answers what it said. */
export async function startAndEnd(
  data: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<{ readonly code: number; readonly said: string; readonly printed: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "start", ...args],
    cwd: CHECKOUT,
    clearEnv: true,
    env: startEnvironment(data, env),
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: text(stderr), printed: text(stdout) };
}
