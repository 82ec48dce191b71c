import { fileURLToPath } from "node:url";

/** One file of the bundle, by its path below the folder that all of them share. */
export interface BundledFile {
  readonly path: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The browser's code: every island as an entry of its own, what they share in chunks. */
export interface IslandBundle {
  /** Path of the module that hydrates a page's islands. */
  readonly hydrate: string;
  /** Island name (its file's name) to the path of its module. */
  readonly islands: ReadonlyMap<string, string>;
  readonly files: readonly BundledFile[];
}

// The folder is never written to: the bundler wants a name to which it resolves the outputs.
const OUT = "/bundle";
const ISLAND = /^[A-Z][A-Za-z0-9]*\.tsx$/;

/** There is no bundler: the runtime fetches it at its first use, and could not. */
export class NoBundler extends Error {
  override readonly name = "NoBundler";
}

/**
 * Bundles every `PascalCase.tsx` of a folder for the browser. Takes about 0.2 s.
 *
 * @param hydrate The module that hydrates a page's islands.
 * @throws NoBundler; Error with the bundler's messages where an island has a fault.
 */
export async function bundleIslands(folder: URL, hydrate: URL): Promise<IslandBundle> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile && ISLAND.test(entry.name)) names.push(entry.name.replace(/\.tsx$/, ""));
  }
  names.sort();
  const result = await Deno.bundle({
    entrypoints: [
      fileURLToPath(hydrate),
      ...names.map((name) => fileURLToPath(new URL(`${name}.tsx`, folder))),
    ],
    outputDir: OUT,
    platform: "browser",
    codeSplitting: true,
    minify: true,
    write: false,
  }).catch((cause) => {
    throw new NoBundler("The bundler could not be fetched.", { cause });
  });
  if (!result.success) {
    throw new Error(`bundling islands: ${result.errors.map((fault) => fault.text).join("; ")}`);
  }
  const files = (result.outputFiles ?? []).map((file) => ({
    path: file.path.slice(OUT.length + 1).replaceAll("\\", "/"),
    body: file.contents!,
  }));
  const entry = (name: string) => {
    const file = files.find(({ path }) => path === `${name}.js` || path.endsWith(`/${name}.js`));
    if (!file) throw new Error(`The bundle lacks ${name}.`);
    return file.path;
  };
  return {
    hydrate: entry("hydrate"),
    islands: new Map(names.map((name) => [name, entry(name)])),
    files,
  };
}
