import { CallAbort } from "../lib/call_signal.ts";
import { publicEndpoint } from "../lib/endpoints/mod.ts";
import { AppError, problemResponse, toAppError } from "../lib/errors.ts";
import { newId, type RequestId, type Slug } from "../lib/ids.ts";
import { enterWithToken, type McpRequest, metadataUrl, wwwAuthenticate } from "../lib/mcp/mod.ts";
import { type EndpointScope, requireAbility } from "../lib/principal.ts";
import type { Services } from "../lib/services.ts";
import { countedManifest, llmsTxt } from "../lib/tools/mod.ts";

/** Who asks without a token sees what anybody may see: nothing but this text. */
async function enterAsAnybody(services: Services, asked: McpRequest): Promise<EndpointScope> {
  const endpoint = await publicEndpoint(services, asked.slug);
  // As for one that does not exist, or is not public.
  if (!endpoint) throw new AppError("AUTHENTICATION_REQUIRED");
  return {
    requestId: asked.requestId,
    principal: {
      kind: "mcp",
      tenantId: endpoint.tenantId,
      userId: null,
      tokenId: null,
      label: "anybody",
      scope: "mcp",
      abilities: new Set(),
      role: "viewer",
      review: false,
      endpoints: new Set([endpoint.id]),
    },
    tenantId: endpoint.tenantId,
    network: null,
    signal: asked.call,
    endpoint,
  };
}

async function describe(services: Services, asked: McpRequest): Promise<string> {
  let scope: EndpointScope;
  if (asked.request.headers.has("authorization")) {
    scope = await enterWithToken(services, asked);
    requireAbility(scope.principal, "rows:read");
  } else scope = await enterAsAnybody(services, asked);
  if (!["GET", "HEAD"].includes(asked.request.method)) throw new AppError("METHOD_NOT_ALLOWED");
  const manifest = await countedManifest(services, scope);
  const known = scope.principal.tokenId === null ? undefined : scope.principal;
  return llmsTxt(manifest, scope.endpoint, services.baseUrl, known);
}

/** `GET /mcp/{slug}/llms.txt`: what is there, for a model that reads before it connects. */
export async function answerLlmsTxt(
  services: Services,
  request: Request,
  slug: Slug,
  peer: string | null,
): Promise<Response> {
  const requestId = newId<RequestId>();
  const call = new CallAbort();
  request.signal.addEventListener("abort", () => call.abort());
  try {
    const text = await describe(services, {
      request,
      requestId,
      slug,
      peer,
      call,
    });
    return new Response(text, {
      headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    });
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.kind.status >= 500) {
      services.log.error("llms_txt.failed", { request_id: requestId, code: error.code, error });
    }
    const challenge = wwwAuthenticate(error, {
      metadataUrl: metadataUrl(services.baseUrl, slug),
      presented: request.headers.has("authorization"),
    });
    return problemResponse(
      error,
      requestId,
      challenge ? { "www-authenticate": challenge } : {},
    );
  }
}
