import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { bundleIslands, type IslandBundle } from "./bundle.ts";
import { type BundlePlaces, sourceDigest } from "./sources.ts";

const INDEX = "index.json";

const index = z.object({
  hydrate: z.string(),
  islands: z.record(z.string(), z.string()),
  files: z.array(z.string()),
});

/**
 * The build of the sources as they are; null where there is none. One of other sources is never
 * answered, so that nothing stale is served.
 */
export async function readBuild(places: BundlePlaces): Promise<IslandBundle | null> {
  const folder = join(fileURLToPath(places.builds), await sourceDigest(places));
  const text = await Deno.readTextFile(join(folder, INDEX)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (text === null) return null;
  const { hydrate, islands, files } = index.parse(JSON.parse(text));
  return {
    hydrate,
    islands: new Map(Object.entries(islands)),
    files: await Promise.all(files.map(async (path) => ({
      path,
      body: await Deno.readFile(join(folder, path)),
    }))),
  };
}

/**
 * Bundles the islands where the sources have changed since the last build, and removes earlier builds.
 * A build is there whole or not at all, also where several processes make it at once.
 *
 * @returns Whether it had to be made.
 * @throws NoBundler; Error where an island has a fault, or where the folder may not be written.
 */
export async function buildIslands(places: BundlePlaces): Promise<boolean> {
  const builds = fileURLToPath(places.builds);
  const digest = await sourceDigest(places);
  const target = join(builds, digest);
  if (await Deno.stat(join(target, INDEX)).then(() => true, () => false)) return false;
  const bundle = await bundleIslands(places.islands, places.hydrate);
  const fresh = join(builds, `tmp-${crypto.randomUUID()}`);
  for (const { path, body } of bundle.files) {
    const file = join(fresh, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeFile(file, body);
  }
  await Deno.writeTextFile(
    join(fresh, INDEX),
    JSON.stringify({
      hydrate: bundle.hydrate,
      islands: Object.fromEntries(bundle.islands),
      files: bundle.files.map(({ path }) => path),
    }),
  );
  await Deno.rename(fresh, target).catch(async (error) => {
    await Deno.remove(fresh, { recursive: true });
    // Another process has made the same one meanwhile.
    if (!await Deno.stat(join(target, INDEX)).then(() => true, () => false)) throw error;
  });
  await removeOthers(builds, digest);
  return true;
}

const TEN_MINUTES_MS = 10 * 60 * 1000;

async function removeOthers(builds: string, digest: string): Promise<void> {
  for await (const { name } of Deno.readDir(builds)) {
    if (name === digest) continue;
    const path = join(builds, name);
    const made = await Deno.stat(path).then((info) => info.mtime?.getTime() ?? 0, () => null);
    // One that is being made, or that a process is just about to read, is young.
    if (made === null || Date.now() - made < TEN_MINUTES_MS) continue;
    await Deno.remove(path, { recursive: true }).catch(() => {});
  }
}
