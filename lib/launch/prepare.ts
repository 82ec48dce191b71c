import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { buildIslands, type BundlePlaces, NoBundler } from "../bundle/mod.ts";
import { type Config, VARIABLES } from "../config.ts";
import { prepareEmbeddedPostgres } from "../postgres/embedded/mod.ts";
import type { Permits } from "./permissions.ts";

/**
 * Does what the serving process may not do itself: bundles the islands where they have changed, makes
 * the data folder, readies the programs and the account of Postgres, and ends what a killed process has
 * left running. Answers what the serving process is then allowed.
 *
 * @throws StartupError in words for the operator.
 */
export async function prepare(
  config: Pick<Config, "dataDir" | "databaseUrl">,
  places: BundlePlaces,
  say: (line: string) => void,
): Promise<Permits> {
  await buildIslands(places).catch((error) => {
    const what = error instanceof NoBundler
      ? "The bundler could not be fetched"
      : error instanceof Deno.errors.PermissionDenied
      ? "The folder .build may not be written"
      : null;
    if (!what) throw error;
    say(`${what}: pages work, without scripts. "deno task build" tries again.`);
  });
  const postgres = config.databaseUrl
    ? null
    : await prepareEmbeddedPostgres({ dataDir: config.dataDir, say });
  const given = resolve(config.dataDir);
  const real = await Deno.realPath(given).catch(() => given);
  return {
    write: [...new Set([given, real, ...(postgres ? [postgres.home] : [])])],
    run: postgres?.programs ?? [],
    // The native part of bcrypt lies beside its JavaScript.
    ffi: [dirname(createRequire(import.meta.url).resolve("bcrypt/package.json"))],
    env: VARIABLES,
  };
}
