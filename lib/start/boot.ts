import type { Config } from "../config.ts";
import { parseKey } from "../config.ts";
import { localMasterKey, type MasterKey, readKeyFile } from "../crypto/mod.ts";
import { prepareJobs } from "../jobs/mod.ts";
import type { Log } from "../log.ts";
import {
  bootstrap,
  type EmbeddedPostgres,
  readMigrations,
  startEmbeddedPostgres,
} from "../postgres/mod.ts";
import { type OpenServices, openServices } from "./services.ts";

/** What the start is given. */
export interface BootInput {
  readonly config: Config;
  /** The checkout: migrations lie under it. */
  readonly root: URL;
  readonly baseUrl: URL;
  /** Told in plain sentences what somebody should know. */
  readonly say: (line: string) => void;
  /** Told what is being done. */
  readonly progress: (text: string) => void;
  readonly log: Log;
  /** Ends the start. */
  readonly stop: AbortSignal;
  /** Ends a Postgres of our own at once. */
  readonly hurry: AbortSignal;
}

/** Everything that runs beneath the server. */
export interface Booted extends OpenServices {
  /** Settles when a Postgres of our own ends; never settles with one that is somebody else's. */
  readonly databaseEnded: Promise<void>;
}

async function masterKeyOf(config: Config): Promise<MasterKey> {
  if (config.masterKey) return await localMasterKey(parseKey(config.masterKey.reveal())!);
  await Deno.mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  return await localMasterKey(await readKeyFile(`${config.dataDir}/master.key`));
}

/** The database of a URL, which names the control database; `bulkhead` where it names none. */
function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1)) || "bulkhead";
}

/** Starts or finds Postgres, brings the control plane up to date, opens the services. */
export async function boot(input: BootInput): Promise<Booted> {
  const { config, root, say, progress, log, stop } = input;
  let postgres: EmbeddedPostgres | null = null;
  let url = config.databaseUrl?.reveal();
  if (!url) {
    // Before anything else makes the data folder: as root, Postgres's own user must reach into it.
    postgres = await startEmbeddedPostgres({
      dataDir: config.dataDir,
      say,
      progress,
      signal: stop,
      hurry: input.hurry,
    });
    url = postgres.superuserUrl;
  }
  try {
    const masterKey = await masterKeyOf(config);
    progress("Bringing the control plane up to date …");
    const ready = await bootstrap({
      url,
      controlDatabase: postgres ? "bulkhead" : databaseOf(url),
      masterKey,
      migrations: await readMigrations(new URL("migrations/control/", root)),
      hardening: await Deno.readTextFile(new URL("migrations/cluster/harden_base.sql", root)),
      warn: say,
      prepare: prepareJobs,
    });
    stop.throwIfAborted();
    const open = await openServices({
      ...ready,
      baseUrl: input.baseUrl,
      allowedOrigins: config.allowedOrigins,
      trustedProxies: config.trustedProxies,
      mail: config.mail,
      redirectSchemes: config.redirectSchemes,
      hstsSubdomains: config.hstsSubdomains,
      anchorWebhook: config.anchorWebhook,
      objectsDir: `${config.dataDir}/uploads`,
      masterKey,
      tenantMigrations: await readMigrations(new URL("migrations/tenant/", root)),
      log,
    });
    return {
      services: open.services,
      databaseEnded: postgres?.ended ?? new Promise(() => {}),
      async close() {
        await open.close();
        await postgres?.stop();
      },
    };
  } catch (error) {
    await postgres?.stop();
    throw error;
  }
}
