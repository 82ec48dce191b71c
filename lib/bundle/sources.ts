import { createHash } from "node:crypto";

/** Where the checkout keeps what it is bundled from, and what is made of it. */
export interface BundlePlaces {
  /** Islands, one file each. */
  readonly islands: URL;
  /** The module that hydrates a page's islands. */
  readonly hydrate: URL;
  /** Folder in which a build lies under its digest. */
  readonly builds: URL;
  /** Files besides those that decide what comes out: packages and settings. */
  readonly settings: readonly URL[];
}

/** The places in a checkout. */
export function bundlePlaces(root: URL): BundlePlaces {
  return {
    islands: new URL("islands/", root),
    hydrate: new URL("lib/web/browser/hydrate.ts", root),
    builds: new URL(".build/islands/", root),
    settings: ["deno.json", "deno.lock"].map((name) => new URL(name, root)),
  };
}

const SOURCE = /(?<!_test)\.tsx?$/;

/** The digest of everything that decides what a bundle is: 16 hexadecimal digits of a SHA-256. */
export async function sourceDigest(places: BundlePlaces): Promise<string> {
  const hash = createHash("sha256").update(Deno.version.deno);
  for (const folder of [places.islands, new URL("./", places.hydrate)]) {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(folder)) if (SOURCE.test(name)) names.push(name);
    for (const name of names.sort()) {
      hash.update(`\0${name}\0`).update(await Deno.readFile(new URL(name, folder)));
    }
  }
  for (const file of places.settings) hash.update("\0").update(await Deno.readFile(file));
  return hash.digest("hex").slice(0, 16);
}
