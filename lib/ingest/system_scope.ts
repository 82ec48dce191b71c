import { enterEndpoint } from "../endpoints/mod.ts";
import { newId, type Slug } from "../ids.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import type { IngestRef } from "./ingest.ts";

/**
 * Lets a job into the one endpoint that it is for, with no abilities.
 *
 * @throws AppError ACCESS_DENIED, ENDPOINT_NOT_READY where the endpoint is gone or going.
 */
export function systemScope(
  services: Services,
  ref: IngestRef,
  slug: Slug,
  signal: AbortSignal,
): Promise<EndpointScope> {
  return enterEndpoint(services, {
    requestId: newId(),
    principal: {
      kind: "system",
      tenantId: ref.tenantId,
      userId: null,
      tokenId: null,
      label: "ingest",
      scope: "mcp",
      abilities: new Set(),
      review: false,
      endpoints: new Set([ref.endpointId]),
    },
    tenantId: ref.tenantId,
    network: null,
    signal,
  }, slug);
}
