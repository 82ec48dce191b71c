import { createHash } from "node:crypto";
import { bundlePlaces, readBuild } from "../bundle/mod.ts";
import type { Log } from "../log.ts";

/** What the browser loads besides pages: kept in memory, under names that change with the content. */
export interface Assets {
  /** URL of the stylesheet. */
  readonly stylesheet: string;
  /** URL of the icon. */
  readonly icon: string;
  /** URL of the module that hydrates islands; null where there is no build. */
  readonly hydrate: string | null;
  /** URL of an island's module; null where there is no build. Throws for an unknown name. */
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
 * Reads the stylesheet, the icon and the build of the islands, and keeps all of it in memory. Where
 * there is no build of the sources as they are, the log says so and pages go without scripts: every one
 * of them works so, and agents need none.
 *
 * @param root The checkout.
 */
export async function loadAssets(root: URL, log: Log): Promise<Assets> {
  const [css, icon, bundle] = await Promise.all([
    stylesheet(new URL("./styles/", import.meta.url)),
    Deno.readFile(new URL("./icons/favicon.svg", import.meta.url)),
    readBuild(bundlePlaces(root)),
  ]);
  if (!bundle) log.warn("islands.not_built", { task: "deno task build" });
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
