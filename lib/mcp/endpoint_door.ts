import { enterEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import { networkOf } from "../http/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { authenticate } from "../tokens/mod.ts";
import { loadManifest } from "../tools/mod.ts";
import { endpointTarget } from "./endpoint_target.ts";
import type { Door, Knock } from "./server.ts";

/**
 * Authenticates, then enters: nothing is said of a slug to who is not known.
 *
 * @throws AUTHENTICATION_REQUIRED, also for an access token of another audience; RATE_LIMITED,
 * ACCESS_DENIED, ENDPOINT_NOT_READY.
 */
export async function enterWithToken(
  services: Services,
  { request, requestId, slug, peer, signal }: Knock,
): Promise<EndpointScope> {
  const network = networkOf(request, peer, services);
  const authorization = request.headers.get("authorization");
  const principal = await authenticate(services, authorization, network);
  const { tenantId } = principal;
  const scope = { requestId, principal, tenantId, network, signal };
  try {
    return await enterEndpoint(services, scope, slug);
  } catch (error) {
    services.denials.record(scope, error, "enter");
    // An access token for another audience is none here: the client is told to ask for one that is,
    // in the same words whether the endpoint exists or not.
    const elsewhere = error instanceof AppError && error.code === "ACCESS_DENIED";
    if (elsewhere && principal.grantId) throw new AppError("AUTHENTICATION_REQUIRED");
    throw error;
  }
}

/** The door to every tenant's endpoints. */
export function endpointDoor(services: Services): Door {
  return {
    policy: services,
    log: services.log,
    async enter(knock) {
      const scope = await enterWithToken(services, knock);
      const manifest = await loadManifest(services, scope);
      const owner = String(scope.principal.tokenId);
      return {
        target: endpointTarget(
          services,
          scope,
          manifest,
          () => enterWithToken(services, knock),
        ),
        owner,
        caller: `${owner}\0${scope.endpoint.id}\0${scope.network}`,
      };
    },
  };
}
