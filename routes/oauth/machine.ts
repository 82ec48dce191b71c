import type { AuditActor } from "../../lib/audit/mod.ts";
import { readBody, readJson, requireContentType } from "../../lib/http/mod.ts";
import { newId, type RequestId } from "../../lib/ids.ts";
import {
  answerRevocation,
  answerTokenRequest,
  authenticateClient,
  countRefusal,
  errorJson,
  METADATA_PATHS,
  OAUTH_ALIASES,
  OAUTH_PATHS,
  OAuthError,
  Parameters,
  preflightAnswer,
  privateJson,
  publicJson,
  registerClient,
  serverMetadata,
  toOAuthError,
} from "../../lib/oauth/mod.ts";
import type { Services } from "../../lib/services.ts";
import type { Client } from "../../lib/web/mod.ts";

const MAX_FORM = 16 * 1024;
const MAX_REGISTRATION = 64 * 1024;

/** One request of a machine. */
interface Call {
  readonly services: Services;
  readonly request: Request;
  readonly network: string | null;
  readonly actor: AuditActor;
}

/** What a path answers: JSON with its status. */
type Answer = (call: Call) => Promise<{ status: number; body: unknown }>;

async function readParameters({ request }: Call): Promise<Parameters> {
  requireContentType(request, "application/x-www-form-urlencoded");
  const bytes = await readBody(request, MAX_FORM);
  return new Parameters(new URLSearchParams(new TextDecoder().decode(bytes)));
}

/** Runs what needs a proven client; its refusals count, whoever it is. */
async function asClient<T>(
  call: Call,
  work: (parameters: Parameters, ...args: [Awaited<ReturnType<typeof authenticateClient>>]) => T,
): Promise<Awaited<T>> {
  const { services, network } = call;
  const parameters = await readParameters(call);
  const authorization = call.request.headers.get("authorization");
  try {
    return await work(parameters, await authenticateClient(services, authorization, parameters));
  } catch (error) {
    if (error instanceof OAuthError && error.counts) {
      countRefusal(services.limiter, network, authorization, parameters);
    }
    throw error;
  }
}

const token: Answer = async (call) => ({
  status: 200,
  body: await asClient(
    call,
    (parameters, client) => answerTokenRequest(call.services, client, parameters, call.actor),
  ),
});

const revoke: Answer = async (call) => ({
  status: 200,
  body: await asClient(call, async (parameters, client) => {
    await answerRevocation(call.services, client, parameters, call.actor);
    return {};
  }),
});

const register: Answer = async ({ services, request, network }) => ({
  status: 201,
  body: await registerClient(services, await readJson(request, MAX_REGISTRATION), network),
});

const POSTS: Readonly<Record<string, Answer>> = {
  [OAUTH_PATHS.token]: token,
  [OAUTH_PATHS.revoke]: revoke,
  [OAUTH_PATHS.register]: register,
  [OAUTH_ALIASES.token]: token,
  [OAUTH_ALIASES.register]: register,
};

/**
 * Makes what answers the authorization server's machine endpoints: metadata, token, revocation,
 * registration. Null for every other path.
 */
export function oauthRoutes(
  services: Services,
): (request: Request, client: Client) => Promise<Response> | null {
  const metadata = serverMetadata(services.baseUrl);

  async function post(request: Request, network: string | null, answer: Answer): Promise<Response> {
    if (request.method === "OPTIONS") return preflightAnswer("POST");
    const requestId = newId<RequestId>(services.clock.now());
    const actor: AuditActor = { kind: "mcp", userId: null, tokenId: null, requestId, network };
    const call: Call = { services, request, network, actor };
    try {
      if (request.method !== "POST") {
        throw new OAuthError("invalid_request", "Send a POST.", { status: 405 });
      }
      const { status, body } = await answer(call);
      return privateJson(body, status);
    } catch (thrown) {
      const error = toOAuthError(thrown);
      if (error.status >= 500) {
        services.log.error("oauth.failed", { requestId, error: error.cause ?? error });
      }
      return errorJson(error);
    }
  }

  function read(request: Request): Response {
    if (request.method === "OPTIONS") return preflightAnswer("GET");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD, OPTIONS" } });
    }
    return publicJson(metadata);
  }

  return (request, client) => {
    const { pathname } = new URL(request.url);
    if ((METADATA_PATHS as readonly string[]).includes(pathname)) {
      return Promise.resolve(read(request));
    }
    const answer = Object.hasOwn(POSTS, pathname) ? POSTS[pathname] : undefined;
    return answer ? post(request, client.network, answer) : null;
  };
}
