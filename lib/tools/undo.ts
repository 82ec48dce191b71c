import { undoChanges, type UndoResult, type UndoTarget } from "../journal/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { rebuildManifest } from "./manifest/rebuild.ts";

/**
 * Undoes changes as `undoChanges` does, and makes the tools anew where that changed which tables there are,
 * or how large they are.
 *
 * @throws as `undoChanges` does.
 */
export async function undoAndRebuild(
  services: Services,
  scope: EndpointScope,
  target: UndoTarget,
  options: { readonly preview: boolean },
): Promise<UndoResult> {
  const result = await undoChanges(services, scope, target, options);
  if (!options.preview && result.change !== null && result.imports.length > 0) {
    await rebuildManifest(services, scope, "an import was undone");
  }
  return result;
}
