import { join } from "node:path";
import { serverAccount } from "./account.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { initCluster, SUPERUSER, superuserPassword } from "./cluster.ts";
import { exists } from "./files.ts";
import { chooseHome, hashPath, makeFolder, recordedHome } from "./home.ts";
import { clearLeftovers, type ServerIdentity } from "./leftovers.ts";
import { lockFolder } from "./lock.ts";
import { removeOldLogs } from "./logs.ts";
import { choosePort, isFree, rememberPort } from "./port.ts";
import { type Account, saysDiskFull } from "./run.ts";
import { EarlyEnd, type Server, startServer } from "./server.ts";
import { StartupError } from "./startup_error.ts";

const ATTEMPTS = 5;

/** How to start an embedded Postgres. */
export interface EmbeddedPostgresOptions {
  /** The folder for everything kept on this machine; made if missing. */
  readonly dataDir: string;
  /** Told, in plain sentences, what is being done. */
  readonly say: (line: string) => void;
  /** False trades safety for speed (no fsync): for throwaway data alone. Default true. */
  readonly durable?: boolean;
  /** Default 300. */
  readonly maxConnections?: number;
  /** Default 256. */
  readonly sharedBuffersMb?: number;
  /** Ends the start; what was begun is undone, and the signal's reason is thrown. */
  readonly signal?: AbortSignal;
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
 * where it could not, the next start clears up.
 *
 * @throws StartupError in words for the operator, also where another process has the folder.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new StartupError(
        `The user of this process may not use the Postgres data under ${options.dataDir}: ` +
          `${error.message}. Start as its owner, or set BULKHEAD_DATA to another folder.`,
        { cause: error },
      );
    }
    if (error instanceof Error && saysDiskFull(error.message)) {
      throw new StartupError(`The disk that holds the Postgres data is full.`, { cause: error });
    }
    throw error;
  }
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
  const binaries = await findBinaries(home, account, say);
  const password = await superuserPassword(home);
  if (!await exists(join(home, "cluster"))) say(`Preparing a new Postgres in ${home} …`);
  const durable = options.durable ?? true;
  const cluster = await initCluster({ home, binaries, account, password, durable, signal });

  const { server, port } = await launch(home, cluster, binaries, account, options);
  await rememberPort(home, port);
  say(`Postgres is running on 127.0.0.1:${port}.`);

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
  const name = `bulkhead-${hashPath(home)}`;
  const identity: ServerIdentity = { cluster, name, uid: account?.uid ?? Deno.uid() ?? -1 };
  await clearLeftovers(identity, options.say);
  await removeOldLogs(cluster);
  for (let attempt = 1;; attempt++) {
    const port = await choosePort(home);
    const settings = {
      port,
      name,
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
        options.say,
        options.signal,
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
