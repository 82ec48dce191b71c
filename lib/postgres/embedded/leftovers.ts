import { join } from "node:path";
import { readIfThere } from "./files.ts";
import { hashPath } from "./home.ts";
import { listProcesses, type Process, signalProcess } from "./processes.ts";
import type { Account } from "./run.ts";
import { StartupError } from "./startup_error.ts";

const POLL_MS = 20;

/** How a server is recognised among the machine's processes. */
export interface ServerIdentity {
  readonly cluster: string;
  /** The setting cluster_name, which Postgres shows in the title of every child process. */
  readonly name: string;
  /** The user that runs it. */
  readonly uid: number;
}

/** The identity of the server whose home a folder is. */
export function identityOf(home: string, account: Account | null): ServerIdentity {
  return {
    cluster: join(home, "cluster"),
    name: `bulkhead-${hashPath(home)}`,
    uid: account?.uid ?? Deno.uid() ?? -1,
  };
}

/** Tells whether this process may look at other processes and signal them. */
export function maySignalOthers(): boolean {
  return Deno.permissions.querySync({ name: "run" }).state === "granted";
}

/** Whether a process with the PID from a PID file is the server of this cluster. */
async function isServer(process: Process, identity: ServerIdentity): Promise<boolean> {
  const program = process.command.split(" ", 1)[0] ?? "";
  // Children carry a title in place of their arguments; the PID file names the parent.
  if (process.uid !== identity.uid || !/(^|\/)postgres$/.test(program)) return false;
  if (process.command.includes(` -D ${identity.cluster} `)) return true;
  // The data folder may have been moved since: what counts is which folder it is, not its name.
  const named = / -D (\/\S+)/.exec(process.command)?.[1];
  const [theirs, ours] = await Promise.all(
    [named, identity.cluster].map((path) => path ? Deno.stat(path).catch(() => null) : null),
  );
  if (theirs && ours && (theirs.ino !== ours.ino || theirs.dev !== ours.dev)) return false;
  throw new StartupError(
    `A Postgres that was not started here (PID ${process.pid}) may be using ${identity.cluster}. ` +
      "Stop it first.",
  );
}

function childrenOf(processes: readonly Process[], identity: ServerIdentity): Process[] {
  return processes.filter((process) =>
    process.uid === identity.uid && process.command.startsWith(`postgres: ${identity.name}: `)
  );
}

/** Waits until no process of the list runs under the same command, as long as `patienceMs`. */
async function ended(awaited: readonly Process[], patienceMs: number): Promise<boolean> {
  for (const until = Date.now() + patienceMs; Date.now() < until;) {
    const running = new Map((await listProcesses()).map((it) => [it.pid, it.uid]));
    if (!awaited.some((process) => running.get(process.pid) === process.uid)) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

/**
 * Makes way for a new server on a cluster. To be called with the cluster's lock held, so that whatever
 * runs on it was left behind by a process that was killed. Such a server is stopped rather than taken
 * over: then every session of the dead process is gone and the settings are those of this start.
 * A PID file that names no server of this cluster is removed.
 *
 * @throws StartupError where a process on the cluster does not end, or is not ours.
 */
export async function clearLeftovers(
  identity: ServerIdentity,
  say: (line: string) => void,
): Promise<void> {
  const pidFile = join(identity.cluster, "postmaster.pid");
  const pid = Number.parseInt(await readIfThere(pidFile) ?? "", 10);
  const processes = await listProcesses();
  const server = processes.find((it) => it.pid === pid);
  if (server && await isServer(server, identity)) {
    say(`Stopping the Postgres that an earlier run left behind (PID ${server.pid}) …`);
    await stopServer(server, identity);
  } else if (pid) {
    say("An earlier Postgres was killed: what it had acknowledged is recovered from its log.");
  }
  const orphans = childrenOf(await listProcesses(), identity);
  await endOrphans(orphans, identity);
  await Deno.remove(pidFile).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

async function stopServer(server: Process, identity: ServerIdentity): Promise<void> {
  // Fast, then immediate shutdown. Both lose nothing; the second leaves recovery to the next start.
  for (const [signal, patienceMs] of [["SIGINT", 60_000], ["SIGQUIT", 15_000]] as const) {
    signalProcess(server.pid, signal);
    if (await ended([server], patienceMs)) return;
  }
  throw new StartupError(
    `The Postgres that an earlier run left on ${identity.cluster} (PID ${server.pid}) does not end.`,
  );
}

async function endOrphans(orphans: readonly Process[], identity: ServerIdentity): Promise<void> {
  if (!orphans.length) return;
  // They notice by themselves that their parent is gone, unless they are in the middle of a query.
  for (const [signal, patienceMs] of [["SIGTERM", 5_000], ["SIGKILL", 5_000]] as const) {
    for (const orphan of orphans) signalProcess(orphan.pid, signal);
    if (await ended(orphans, patienceMs)) return;
  }
  throw new StartupError(
    `Processes of a killed Postgres still use ${identity.cluster}: PID ${
      orphans.map((it) => it.pid).join(", ")
    }.`,
  );
}
