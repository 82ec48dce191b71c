import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { readIfThere } from "./files.ts";
import { type Account, isolated, reasonIn } from "./run.ts";
import { serverArguments, type ServerSettings } from "./settings.ts";
import { StartupError } from "./startup_error.ts";

const POLL_MS = 10;
const SLOW_START_MS = 3_000;
const FAST_STOP_MS = 60_000;
const IMMEDIATE_STOP_MS = 15_000;

/** A started server process. */
export interface Server {
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends every session, writes a checkpoint and waits for the end of the process. */
  stop(): Promise<void>;
}

/** The server ended before it accepted connections. */
export class EarlyEnd extends Error {
  override readonly name = "EarlyEnd";
}

/** Why the server ended: what it wrote to its error stream, and then, in this run, to its log. */
async function lastWords(cluster: string, stream: string): Promise<string> {
  if (!stream.includes("logging collector")) return reasonIn(stream);
  const current = (await readIfThere(join(cluster, "current_logfiles")))?.match(/stderr (.+)/)?.[1];
  const log = current ? await readIfThere(join(cluster, current)) : null;
  return reasonIn(log?.split("LOG:  starting PostgreSQL").at(-1) ?? stream);
}

/** Waits until the PID file says that the server takes connections (its eighth line, as pg_ctl does). */
async function ready(cluster: string, pid: number): Promise<boolean> {
  const lines = (await readIfThere(join(cluster, "postmaster.pid")))?.split("\n");
  return Number(lines?.[0]) === pid && lines?.[7]?.trim() === "ready";
}

async function within(ms: number, event: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), ms));
  try {
    return await Promise.race([event.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whom to tell, and what ends the server. */
export interface ServerWishes {
  readonly say: (line: string) => void;
  /** Ends the start in order. */
  readonly signal?: AbortSignal;
  /** Ends the server at once, whenever it comes. */
  readonly hurry?: AbortSignal;
}

/**
 * Starts the server and waits until it accepts connections, however long recovery takes.
 *
 * @throws EarlyEnd with the server's own reason, where it ends instead.
 */
export async function startServer(
  binaries: Binaries,
  cluster: string,
  settings: ServerSettings,
  account: Account | null,
  { say, signal, hurry }: ServerWishes,
): Promise<Server> {
  const child = new Deno.Command(binaries.postgres, {
    ...isolated(account),
    args: serverArguments(cluster, settings),
    stdout: "null",
    stderr: "piped",
  }).spawn();
  // The stream ends when the server has opened its log.
  const stream = new Response(child.stderr).text();
  let running = true;
  const ended = child.status.then(() => {
    running = false;
  });

  const send = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  // Immediate shutdown: nothing acknowledged is lost, and recovery is left to the next start.
  const hasten = () => send("SIGQUIT");
  hurry?.addEventListener("abort", hasten);
  void ended.then(() => hurry?.removeEventListener("abort", hasten));
  const stop = async () => {
    // Fast, then immediate shutdown. Both lose nothing; the second leaves recovery to the next start.
    send("SIGINT");
    if (await within(FAST_STOP_MS, ended)) return;
    say("Postgres does not end in order: ending it at once. The next start will recover.");
    send("SIGQUIT");
    if (await within(IMMEDIATE_STOP_MS, ended)) return;
    throw new StartupError(`Postgres (PID ${child.pid}) does not end.`);
  };

  const begun = Date.now();
  let told = false;
  while (!await ready(cluster, child.pid)) {
    if (signal?.aborted) {
      await stop();
      await stream;
      throw signal.reason;
    }
    if (!running) throw new EarlyEnd(await lastWords(cluster, await stream));
    if (!told && Date.now() - begun > SLOW_START_MS) {
      told = true;
      say("Postgres is still starting; after a kill it first replays its log …");
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { pid: child.pid, ended, stop };
}
