import { join } from "node:path";
import { serverAccount } from "./account.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { initCluster, SUPERUSER, superuserPassword } from "./cluster.ts";
import { exists } from "./files.ts";
import { chooseHome, makeFolder, recordedHome } from "./home.ts";
import { clearLeftovers, identityOf, maySignalOthers } from "./leftovers.ts";
import { lockFolder } from "./lock.ts";
import { removeOldLogs } from "./logs.ts";
import { choosePort, isFree, rememberPort } from "./port.ts";
import { type Account, saysDiskFull } from "./run.ts";
import { EarlyEnd, type Server, startServer } from "./server.ts";
import { inOperatorsWords, StartupError } from "./startup_error.ts";

const ATTEMPTS = 5;

/** How to start an embedded Postgres. */
export interface EmbeddedPostgresOptions {
  /** The folder for everything kept on this machine; made if missing. */
  readonly dataDir: string;
  /** Told, in plain sentences, what somebody should know. */
  readonly say: (line: string) => void;
  /** Told what is being done. */
  readonly progress?: (text: string) => void;
  /** False trades safety for speed (no fsync): for throwaway data alone. Default true. */
  readonly durable?: boolean;
  /** Default 300. */
  readonly maxConnections?: number;
  /** Default 256. */
  readonly sharedBuffersMb?: number;
  /** Ends the start; what was begun is undone, and the signal's reason is thrown. */
  readonly signal?: AbortSignal;
  /** Ends the server at once, without a checkpoint: the next start recovers. */
  readonly hurry?: AbortSignal;
}

/** A running embedded Postgres. */
export interface EmbeddedPostgres {
  /** `postgres://` URL of the superuser, password included. */
  readonly superuserUrl: string;
  /** The port on 127.0.0.1. */
  readonly port: number;
  /** The folder that holds the cluster, its password file and its port. */
  readonly dataDir: string;
  /** The server's process id. */
  readonly pid: number;
  /** Settles when the server has ended, whether it was stopped or ended by itself. */
  readonly ended: Promise<void>;
  /** Stops the server in order and waits for its end. A second call waits for the same end. */
  stop(): Promise<void>;
}

/**
 * Starts a Postgres of this process's own on a data folder, preparing it at the first time. It listens
 * on 127.0.0.1 alone. It outlives Ctrl-C and even a kill of this process: the caller calls `stop`, and
 * where it could not, the next start clears up. A process without the permission to run everything
 * cannot: there, `prepareEmbeddedPostgres` comes before it, in a process that has it.
 *
 * @throws StartupError in words for the operator, also where another process has the folder.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  return await inOperatorsWords(options.dataDir, () => start(options));
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { say, signal } = options;
  signal?.throwIfAborted();
  await makeFolder(options.dataDir);
  const inside = join(await Deno.realPath(options.dataDir), "postgres");
  await makeFolder(inside);

  using locks = new DisposableStack();
  locks.use(await lockFolder(inside));
  const recorded = await recordedHome(inside);
  const account = await serverAccount(join(recorded ?? inside, "cluster"), say);
  const home = await chooseHome(inside, recorded, account, say);
  if (home !== inside) locks.use(await lockFolder(home));

  await removeAttempts(home);
  const binaries = await findBinaries(account, say);
  const password = await superuserPassword(home);
  const progress = options.progress ?? (() => {});
  if (!await exists(join(home, "cluster"))) progress(`Preparing a new Postgres in ${home} …`);
  const durable = options.durable ?? true;
  const cluster = await initCluster({ home, binaries, account, password, durable, signal });

  const { server, port } = await launch(home, cluster, binaries, account, options);
  await rememberPort(home, port);
  progress(`Postgres is running on 127.0.0.1:${port}.`);

  const held = locks.move();
  let stopping: Promise<void> | null = null;
  const ended = server.ended.then(() => {
    held.dispose();
    if (!stopping) say(`Postgres has ended by itself; its log is in ${join(cluster, "log")}.`);
  });
  return {
    superuserUrl: `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`,
    port,
    dataDir: home,
    pid: server.pid,
    ended,
    stop: () => stopping ??= server.stop().then(() => ended),
  };
}

/** What interrupted starts left half done. */
async function removeAttempts(home: string): Promise<void> {
  for await (const entry of Deno.readDir(home)) {
    if (!entry.name.startsWith("tmp-")) continue;
    // An initdb that outlived its starter may still be writing there: then the next start removes it.
    await Deno.remove(join(home, entry.name), { recursive: true }).catch(() => {});
  }
}

async function launch(
  home: string,
  cluster: string,
  binaries: Binaries,
  account: Account | null,
  options: EmbeddedPostgresOptions,
): Promise<{ server: Server; port: number }> {
  const identity = identityOf(home, account);
  // Else `prepareEmbeddedPostgres` has done it, in a process that may.
  if (maySignalOthers()) await clearLeftovers(identity, options.say);
  await removeOldLogs(cluster);
  for (let attempt = 1;; attempt++) {
    const port = await choosePort(home);
    const settings = {
      port,
      name: identity.name,
      durable: options.durable ?? true,
      maxConnections: options.maxConnections ?? 300,
      sharedBuffersMb: options.sharedBuffersMb ?? 256,
    };
    try {
      const server = await startServer(
        binaries,
        cluster,
        settings,
        account,
        options,
      );
      return { server, port };
    } catch (error) {
      if (!(error instanceof EarlyEnd)) throw error;
      // Somebody may have taken the port between the choice and the start.
      if (attempt < ATTEMPTS && !isFree(port)) continue;
      throw new StartupError(
        saysDiskFull(error.message)
          ? `The disk that holds ${home} is full: Postgres could not start.`
          : `Postgres could not start: ${error.message || `see ${join(cluster, "log")}`}`,
      );
    }
  }
}
