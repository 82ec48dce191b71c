import { enterEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import { clientOf } from "../http/mod.ts";
import type { Slug } from "../ids.ts";
import type { EndpointScope, RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { authenticate, countCall } from "../tokens/mod.ts";
import { loadManifest } from "../tools/mod.ts";
import { endpointTarget } from "./endpoint_target.ts";
import type { Door, Knock } from "./server.ts";

/** Authenticates a request. */
async function scopeOf(
  services: Services,
  { request, requestId, peer, signal }: Knock,
): Promise<RequestScope> {
  const client = clientOf(request, peer, services);
  const authorization = request.headers.get("authorization");
  const presented = { ...client, requestId, authorization, kind: "mcp" } as const;
  const principal = await authenticate(services, presented);
  const { tenantId } = principal;
  return { requestId, principal, tenantId, network: client.network, signal };
}

async function enter(services: Services, scope: RequestScope, slug: Slug): Promise<EndpointScope> {
  try {
    return await enterEndpoint(services, scope, slug);
  } catch (error) {
    services.denials.record(scope, error, "enter");
    // An access token for another audience is none here: the client is told to ask for one that is,
    // in the same words whether the endpoint exists or not.
    const elsewhere = error instanceof AppError && error.code === "ACCESS_DENIED";
    if (elsewhere && scope.principal.grantId) throw new AppError("AUTHENTICATION_REQUIRED");
    throw error;
  }
}

/**
 * Authenticates, counts the call, then enters: nothing is said of a slug to who is not known.
 *
 * @throws AUTHENTICATION_REQUIRED, also for an access token of another audience; RATE_LIMITED,
 * ACCESS_DENIED, ENDPOINT_NOT_READY.
 */
export async function enterWithToken(services: Services, knock: Knock): Promise<EndpointScope> {
  const scope = await scopeOf(services, knock);
  countCall(services, scope.principal);
  return await enter(services, scope, knock.slug);
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
          // Its own look whether it may go on is no call of the client's.
          async () => await enter(services, await scopeOf(services, knock), knock.slug),
        ),
        owner,
        caller: `${owner}\0${scope.endpoint.id}\0${scope.network}`,
      };
    },
  };
}
