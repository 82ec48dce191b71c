import { CacheKind } from "../../cache/mod.ts";
import { AppError } from "../../errors.ts";
import { type EndpointScope, reachIn } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { type CompiledManifest, compileManifest } from "./compile.ts";
import { narrowManifest } from "./narrow.ts";
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
 * The manifest of the endpoint's current version as the principal has it, ready for use: without the
 * tables that it does not reach. An endpoint whose manifest was never built has no tables.
 */
export async function loadManifest(
  services: Services,
  scope: EndpointScope,
): Promise<CompiledManifest> {
  const cache = services.caches.of(MANIFESTS);
  const key = `${scope.endpoint.id}@${scope.endpoint.manifestVersion}`;
  const whole = cache.peek(key) ?? await cache.get(key, () => read(services, scope));
  const reach = reachIn(scope.principal, scope.endpoint.id);
  if (reach === null) return whole;
  const narrowed = `${key} ${reach.key}`;
  return cache.peek(narrowed) ??
    await cache.get(narrowed, () => Promise.resolve(narrowManifest(whole, reach)));
}
