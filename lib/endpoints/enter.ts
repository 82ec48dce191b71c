import { CacheKind } from "../cache/mod.ts";
import { AppError } from "../errors.ts";
import type { Slug } from "../ids.ts";
import { covers, type EndpointScope, type RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { type EndpointRow, lookUpSlug } from "./store.ts";

/** Endpoints by slug, for at most a second; also the slugs that nobody has. */
export const SLUGS = new CacheKind<EndpointRow | null>("endpoints.slug", 1000, 20_000);

/**
 * Lets a request into an endpoint. Another tenant's endpoint, one that the credential does not cover
 * and one that does not exist are refused alike.
 *
 * @throws AppError ACCESS_DENIED, or ENDPOINT_NOT_READY for one's own.
 */
export async function enterEndpoint(
  services: Services,
  scope: RequestScope,
  slug: Slug,
): Promise<EndpointScope> {
  const cache = services.caches.of(SLUGS);
  const row = cache.peek(slug) ??
    await cache.get(slug, () => lookUpSlug(services.control.lookup, slug));
  if (!row || !covers(scope.principal, row)) throw new AppError("ACCESS_DENIED");
  if (row.status !== "ready") throw new AppError("ENDPOINT_NOT_READY");
  return { ...scope, endpoint: row };
}

/**
 * Begins to look an endpoint up before it is known whether who asks may enter, so that a call after a
 * rest waits for token and endpoint together. What is wrong is told to who enters.
 */
export function lookAhead(services: Services, slug: Slug): void {
  services.caches.of(SLUGS).get(slug, () => lookUpSlug(services.control.lookup, slug))
    .catch(() => {});
}

/** What anybody may know of an endpoint: whether its tenant opened its description to the public. */
export async function publicEndpoint(services: Services, slug: Slug): Promise<EndpointRow | null> {
  const row = await services.caches.of(SLUGS).get(
    slug,
    () => lookUpSlug(services.control.lookup, slug),
  );
  return row?.status === "ready" && row.settings.publicLlmsTxt ? row : null;
}
