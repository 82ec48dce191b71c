import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { exists, readIfThere, syncFolder, writeWhole } from "./files.ts";
import { type Account, reasonIn, run, saysDiskFull } from "./run.ts";
import { StartupError } from "./startup_error.ts";

/** The name of the database superuser. */
export const SUPERUSER = "postgres";

const MAJOR = "18";

// Collation and case come from Postgres's own C.UTF-8 and are the same everywhere. Full-text search
// still asks the system's LC_CTYPE which characters are letters: under plain C every character outside
// ASCII is one, and “hello” in typographic quotes is not found by hello. First one the system knows.
const CTYPES = ["C.UTF-8", "en_US.UTF-8", "C"];

/** What `initCluster` needs to know. */
export interface ClusterPlan {
  readonly home: string;
  readonly binaries: Binaries;
  readonly account: Account | null;
  readonly password: string;
  readonly durable: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * The superuser's password: made at first, then read. It is written before the cluster is made, so
 * that no cluster is ever without it.
 *
 * @throws StartupError where a cluster is there and its password is not.
 */
export async function superuserPassword(home: string): Promise<string> {
  const path = join(home, "superuser_password");
  const kept = (await readIfThere(path))?.trim();
  if (kept) return kept;
  if (await exists(join(home, "cluster"))) {
    throw new StartupError(`The password file ${path} of the Postgres data beside it is missing.`);
  }
  const made = crypto.getRandomValues(new Uint8Array(24)).toBase64({ alphabet: "base64url" });
  await writeWhole(path, `${made}\n`);
  return made;
}

/**
 * Makes the cluster (initdb) unless it is there. It is made under another name and renamed when it is
 * whole, so that an interrupted attempt is never taken for a cluster.
 *
 * @throws StartupError where initdb fails, or the cluster is of another major version.
 */
export async function initCluster(plan: ClusterPlan): Promise<string> {
  const cluster = join(plan.home, "cluster");
  const version = (await readIfThere(join(cluster, "PG_VERSION")))?.trim();
  if (version === MAJOR) return cluster;
  if (version) {
    throw new StartupError(
      `The data in ${cluster} is of Postgres ${version}; this is Postgres ${MAJOR}. ` +
        `Move it away, or bring it over with pg_upgrade.`,
    );
  }
  if (await exists(cluster)) {
    throw new StartupError(`The folder ${cluster} holds no Postgres data. Move it away.`);
  }
  const attempt = join(plan.home, `tmp-${crypto.randomUUID()}`);
  await Deno.mkdir(attempt, { mode: 0o700 });
  try {
    const passwordFile = join(attempt, "password");
    await Deno.writeTextFile(passwordFile, `${plan.password}\n`, { mode: 0o600, createNew: true });
    if (plan.account) {
      await Deno.chown(passwordFile, plan.account.uid, plan.account.gid);
      await Deno.chown(attempt, plan.account.uid, plan.account.gid);
    }
    const fresh = join(attempt, "cluster");
    await initdb(plan, fresh, passwordFile);
    await Deno.rename(fresh, cluster);
    await syncFolder(plan.home);
  } finally {
    // An initdb that was told to end may still be clearing up in there: the next start removes the rest.
    await Deno.remove(attempt, { recursive: true }).catch(() => {});
  }
  return cluster;
}

async function initdb(plan: ClusterPlan, folder: string, passwordFile: string): Promise<void> {
  let output = "";
  for (const ctype of CTYPES) {
    const made = await run(
      plan.binaries.initdb,
      [
        `--pgdata=${folder}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        "--auth-local=scram-sha-256",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        `--lc-ctype=${ctype}`,
        "--text-search-config=english",
        "--no-instructions",
        ...(plan.durable ? [] : ["--no-sync"]),
      ],
      plan.account,
      { signal: plan.signal },
    );
    plan.signal?.throwIfAborted();
    if (made.ok) return;
    output = made.output;
    if (!output.includes("invalid locale name")) break;
  }
  throw new StartupError(
    saysDiskFull(output)
      ? `The disk that holds ${plan.home} is full: Postgres could not be prepared.`
      : `Postgres could not be prepared in ${plan.home}: ${reasonIn(output)}`,
  );
}
