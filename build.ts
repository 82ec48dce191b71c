/** What `deno task build` runs: bundles the islands where they have changed. */
import { buildIslands, bundlePlaces } from "./lib/bundle/mod.ts";
import { sentenceOf } from "./lib/launch/mod.ts";

if (import.meta.main) {
  try {
    const made = await buildIslands(bundlePlaces(new URL("./", import.meta.url)));
    console.error(made ? "Bundled the islands." : "The islands are bundled already.");
  } catch (error) {
    console.error(sentenceOf(error));
    Deno.exit(1);
  }
}
