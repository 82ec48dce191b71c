import type { SourceFile } from "./tree.ts";

/**
 * The order of the house, lowest first. A unit is a folder of lib, a file at its root, or a folder at
 * the top; it imports units of earlier steps only. Rank 1 has three steps, since the jobs run over our
 * own driver and the driver's bootstrap derives passwords.
 */
export const STEPS: readonly (readonly string[])[] = [
  // rank 0: words that everybody uses
  [
    "call_signal.ts",
    "config.ts",
    "redirect_schemes.ts",
    "errors.ts",
    "ids.ts",
    "clock.ts",
    "log.ts",
    "table_reach.ts",
    "principal.ts",
    "snippets.ts",
    "islands",
    "text",
  ],
  // rank 1: drivers and primitives
  ["bundle", "cache", "crypto", "http", "kv", "limits", "mail", "objects"],
  ["postgres"],
  ["jobs", "launch"],
  // rank 2: who owns what, what happened
  ["audit", "relays", "replicas", "tenants"],
  ["services.ts"],
  // rank 3: who may enter, and where; whoever leaves takes their tokens along
  ["endpoints", "tokens"],
  ["auth"],
  // rank 4: domains
  ["connectors", "files", "inventory", "journal", "oauth"],
  // an import is a change, which the journal keeps
  ["ingest"],
  // what ends what the domains below have issued
  ["leaks"],
  // rank 5
  ["tools"],
  // rank 6: surfaces
  ["mcp", "rest", "web"],
  // rank 7: wiring
  ["start"],
  // what answers a URL, and the top
  ["routes"],
  ["main.ts", "start.ts", "build.ts", "audit_verify.ts"],
];

/** Where a file stands; null for one whose unit is not in the order. */
export function rankOf(path: string): { readonly unit: string; readonly step: number } | null {
  const parts = path.split("/");
  const unit = (parts[0] === "lib" ? parts[1] : parts[0])!;
  const step = STEPS.findIndex((units) => units.includes(unit));
  return step < 0 ? null : { unit, step };
}

/** Finds circles among the imports that exist at run time; each is told once, by its members. */
export function circles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      found.push(`${[...trail.slice(trail.indexOf(path)), path].join(" → ")}`);
      return;
    }
    if (done.has(path)) return;
    for (const { specifier, typeOnly } of byPath.get(path)?.local ?? []) {
      if (!typeOnly) walk(specifier, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of files) walk(path, []);
  return found;
}
