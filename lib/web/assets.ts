import { createHash } from "node:crypto";
import type { Log } from "../log.ts";
import { bundleIslands } from "./bundle.ts";

/** What the browser loads besides pages: kept in memory, under names that change with the content. */
export interface Assets {
  /** URL of the stylesheet. */
  readonly stylesheet: string;
  /** URL of the icon. */
  readonly icon: string;
  /** URL of the module that hydrates islands; null where none could be bundled. */
  readonly hydrate: string | null;
  /** URL of an island's module; null where it could not be bundled. Throws for an unknown name. */
  island(name: string): string | null;
  /** The answer to a request under `/assets/`; null where there is no such file. */
  serve(pathname: string): Response | null;
}

interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

const TYPES = { css: "text/css", svg: "image/svg+xml", js: "text/javascript" } as const;

function digest(...parts: Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 12);
}

async function stylesheet(folder: URL): Promise<Uint8Array<ArrayBuffer>> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.endsWith(".css")) names.push(entry.name);
  }
  // Numbered names: later files may rely on earlier ones.
  const texts = await Promise.all(
    names.sort().map((name) => Deno.readTextFile(new URL(name, folder))),
  );
  return new TextEncoder().encode(texts.join("\n"));
}

/**
 * Reads the stylesheet and the icon, bundles the islands of a folder, and keeps all of it in memory.
 * Where the bundler cannot be had, the log says so and pages go without scripts: every one of them
 * works so, and agents need none.
 *
 * @throws Error where an island has a fault.
 */
export async function loadAssets(islandsFolder: URL, log: Log): Promise<Assets> {
  const [css, icon, bundle] = await Promise.all([
    stylesheet(new URL("./styles/", import.meta.url)),
    Deno.readFile(new URL("./icons/favicon.svg", import.meta.url)),
    bundleIslands(islandsFolder, log),
  ]);
  const assets = new Map<string, Asset>();
  const add = (path: string, body: Uint8Array<ArrayBuffer>, type: keyof typeof TYPES) => {
    assets.set(`/assets/${path}`, { body, type: `${TYPES[type]}; charset=utf-8` });
    return `/assets/${path}`;
  };
  // Modules import each other by relative path, so one hash names the folder of all of them.
  const files = bundle?.files ?? [];
  const scripts = digest(...files.map((file) => file.body));
  for (const file of files) add(`${scripts}/${file.path}`, file.body, "js");

  return {
    stylesheet: add(`app-${digest(css)}.css`, css, "css"),
    icon: add(`icon-${digest(icon)}.svg`, icon, "svg"),
    hydrate: bundle && `/assets/${scripts}/${bundle.hydrate}`,
    island(name) {
      if (!bundle) return null;
      const path = bundle.islands.get(name);
      if (!path) throw new Error(`There is no island ${name}.`);
      return `/assets/${scripts}/${path}`;
    },
    serve(pathname) {
      const asset = assets.get(pathname);
      if (!asset) return null;
      return new Response(asset.body, {
        headers: {
          "content-type": asset.type,
          "cache-control": "public, max-age=31536000, immutable",
        },
      });
    },
  };
}
