import { createHash } from "node:crypto";
import { join } from "node:path";
import { exists, readIfThere, writeWhole } from "./files.ts";
import { type Account, run } from "./run.ts";
import { StartupError } from "./startup_error.ts";

/** Where a service's data belongs on a Linux machine (Filesystem Hierarchy Standard 3.0, 5.8). */
export const ELSEWHERE = "/var/lib/bulkhead";

// Names the folder where the data is, when that is not the folder in which this file lies. Without it
// a moved checkout would lose its data, and a removed one would hand its data to the next.
const POINTER = "location";

async function reaches(account: Account, folder: string): Promise<boolean> {
  // The system enters the folder as that user before it runs the program.
  return (await run("id", [], account, { cwd: folder })).ok;
}

/** A name for a folder's path: 16 hexadecimal digits of its SHA-256. */
export function hashPath(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 16);
}

/**
 * Makes a folder that the server's user can pass through, but not list, when this process is root;
 * otherwise one that nobody else can enter. An existing folder stays as it is.
 */
export async function makeFolder(path: string): Promise<void> {
  if (await exists(path)) return;
  const mode = Deno.uid() === 0 ? 0o711 : 0o700;
  await Deno.mkdir(path, { recursive: true, mode });
  await Deno.chmod(path, mode);
}

/**
 * Where an earlier start put the data, or null.
 *
 * @param inside the folder `postgres` under the data folder
 * @throws StartupError where the recorded place is gone: an empty database in its stead would look
 * like lost data.
 */
export async function recordedHome(inside: string): Promise<string | null> {
  const recorded = (await readIfThere(join(inside, POINTER)))?.trim();
  if (!recorded) return await exists(join(inside, "cluster")) ? inside : null;
  if (await exists(recorded)) return recorded;
  throw new StartupError(
    `The Postgres data of ${inside} was kept in ${recorded}, which is gone. Put it back, or remove ` +
      `${join(inside, POINTER)} to begin with an empty database.`,
  );
}

async function elsewhere(inside: string): Promise<string> {
  const first = join(ELSEWHERE, hashPath(inside));
  // A data folder that was removed leaves its database behind: it is kept, never taken over, since
  // the keys that open its secrets went with the folder.
  let home = first;
  for (let n = 2; await exists(join(home, "cluster")); n++) home = `${first}-${n}`;
  await makeFolder(ELSEWHERE);
  await makeFolder(home);
  await writeWhole(join(inside, POINTER), `${home}\n`);
  return home;
}

/**
 * Decides where binaries' copy, cluster and password lie: in the data folder, or, where the server's
 * user cannot reach that, under /var/lib/bulkhead. Says so in the second case.
 *
 * @param inside the folder `postgres` under the data folder, existing
 * @throws StartupError where data that could be reached once cannot be reached now.
 */
export async function chooseHome(
  inside: string,
  recorded: string | null,
  account: Account | null,
  say: (line: string) => void,
): Promise<string> {
  if (!account) return recorded ?? inside;
  const reached = await reaches(account, recorded ?? inside);
  if (recorded && !reached) {
    throw new StartupError(
      `The user ${account.name}, who runs Postgres here, can no longer enter ${recorded}. ` +
        "Let others pass through the folders above it (chmod o+x).",
    );
  }
  const home = recorded ?? (reached ? inside : await elsewhere(inside));
  // Told once: later starts find it recorded.
  if (home !== inside && !recorded) {
    say(
      `The user ${account.name}, who runs Postgres here, cannot enter ${inside}: ` +
        `its programs and data are in ${home}.`,
    );
  }
  return home;
}
