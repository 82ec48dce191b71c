import { type EndpointView, enterEndpoint } from "../../lib/endpoints/mod.ts";
import { countWaiting } from "../../lib/journal/mod.ts";
import type { EndpointScope, RequestScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";

/**
 * How many changes of an endpoint wait for a person; null where its database does not say just now, which
 * keeps no page from being shown.
 */
export async function waitingIn(services: Services, scope: EndpointScope): Promise<number | null> {
  try {
    return await countWaiting(services, scope);
  } catch (error) {
    services.log.warn("review.uncounted", { endpoint: scope.endpoint.id, error });
    return null;
  }
}

// Each is a question to a database of its own.
const COUNTED = 30;

/** How many changes wait in each of some endpoints that agents may write to, by slug. */
export async function waitingInEach(
  services: Services,
  scope: RequestScope,
  endpoints: readonly EndpointView[],
): Promise<ReadonlyMap<string, number>> {
  const written = endpoints.filter(({ status, settings }) =>
    status === "ready" && settings.writes !== "off"
  );
  const counts = await Promise.all(
    written.slice(0, COUNTED).map(async ({ slug }): Promise<[string, number]> => {
      // One that was removed a moment ago has nothing that waits.
      const entered = await enterEndpoint(services, scope, slug).catch(() => null);
      return [slug, entered ? await waitingIn(services, entered) ?? 0 : 0];
    }),
  );
  return new Map(counts);
}
