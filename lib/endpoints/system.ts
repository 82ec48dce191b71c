import { newId } from "../ids.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { enterEndpoint } from "./enter.ts";
import type { SystemTarget } from "./store.ts";

/**
 * Lets work that nobody asked for into the one endpoint that it is for, with no abilities.
 *
 * @param label What the work is, for logs.
 * @throws AppError ACCESS_DENIED, ENDPOINT_NOT_READY where the endpoint is gone or going.
 */
export function enterAsSystem(
  services: Services,
  { endpointId, tenantId, slug }: SystemTarget,
  label: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<EndpointScope> {
  return enterEndpoint(services, {
    requestId: newId(),
    principal: {
      kind: "system",
      tenantId,
      userId: null,
      tokenId: null,
      label,
      scope: "mcp",
      review: false,
      abilities: new Set(),
      role: "owner",
      endpoints: new Set([endpointId]),
    },
    tenantId,
    network: null,
    signal,
  }, slug);
}
