import { type Account, run } from "./run.ts";
import { StartupError } from "./startup_error.ts";

// macOS gives the accounts of services a leading underscore.
const NAMES = ["postgres", "_postgres"];

async function find(nameOrUid: string): Promise<Account | null> {
  const [uid, gid, name] = await Promise.all(
    ["-u", "-g", "-nu"].map((flag) => run("id", [flag, nameOrUid], null)),
  );
  if (!uid?.ok || !gid?.ok || !name?.ok) return null;
  return { uid: Number(uid.output), gid: Number(gid.output), name: name.output };
}

async function create(say: (line: string) => void): Promise<Account> {
  say("Postgres refuses to run as root. Creating the system user postgres for it.");
  const made = await run(
    "useradd",
    ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "postgres"],
    null,
  );
  // A second start at the same moment may have made it: what counts is that it is there.
  const account = await find("postgres");
  if (account) return account;
  throw new StartupError(
    "Postgres refuses to run as root, and the user postgres could not be created for it: " +
      `${made.output || "useradd failed"}. Create that user, start as an ordinary user, or set ` +
      "DATABASE_URL to a Postgres of your own.",
  );
}

/**
 * Decides who runs Postgres: null for the user of this process, an account where that user is root.
 * An existing cluster is run by its owner.
 *
 * @param cluster the cluster's folder; it may not exist yet
 * @throws StartupError where the cluster belongs to somebody else, or no account can be had.
 */
export async function serverAccount(
  cluster: string,
  say: (line: string) => void,
): Promise<Account | null> {
  const owner = await Deno.stat(cluster).then((info) => info.uid, () => null);
  const self = Deno.uid();
  if (self !== 0) {
    if (owner === null || owner === self) return null;
    const name = (await find(String(owner)))?.name ?? `with the id ${owner}`;
    throw new StartupError(
      `The Postgres data in ${cluster} belongs to the user ${name}. ` +
        "Start as that user or as root, or set BULKHEAD_DATA to another folder.",
    );
  }
  if (owner) {
    const account = await find(String(owner));
    return account ?? { uid: owner, gid: owner, name: String(owner) };
  }
  for (const name of NAMES) {
    const account = await find(name);
    if (account) return account;
  }
  return await create(say);
}
