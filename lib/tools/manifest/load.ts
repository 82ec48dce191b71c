import { CacheKind } from "../../cache/mod.ts";
import { AppError } from "../../errors.ts";
import type { EndpointScope } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { type CompiledManifest, compileManifest } from "./compile.ts";
import { manifestBody } from "./shape.ts";
import { selectManifest } from "./store.ts";

/** Compiled manifests; a version never changes, so an entry needs no lease. */
export const MANIFESTS = new CacheKind<CompiledManifest>("tools.manifest", Infinity, 500);

async function read(services: Services, scope: EndpointScope): Promise<CompiledManifest> {
  const { id, tenantId, manifestVersion } = scope.endpoint;
  if (manifestVersion === 0) return compileManifest(scope.endpoint, 0, { tables: [] });
  const body = await services.control.tenant(
    tenantId,
    (tx) => selectManifest(tx, id, manifestVersion),
  );
  if (body === undefined) throw new AppError("ENDPOINT_NOT_READY");
  return compileManifest(scope.endpoint, manifestVersion, manifestBody.parse(body));
}

/**
 * The manifest of the endpoint's current version, ready for use. An endpoint whose manifest was never
 * built has no tables.
 */
export async function loadManifest(
  services: Services,
  scope: EndpointScope,
): Promise<CompiledManifest> {
  const cache = services.caches.of(MANIFESTS);
  const key = `${scope.endpoint.id}@${scope.endpoint.manifestVersion}`;
  return cache.peek(key) ?? await cache.get(key, () => read(services, scope));
}
