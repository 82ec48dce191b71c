import { AppError } from "../errors.ts";
import { checkOrigin, type OriginPolicy, parseJson, preflight } from "../http/mod.ts";
import { readBody, requireContentType, setCorsHeaders } from "../http/mod.ts";
import { newId, type RequestId, type Slug } from "../ids.ts";
import type { Log } from "../log.ts";
import { Departures } from "./departures.ts";
import { createDispatcher } from "./dispatcher.ts";
import { metadataUrl } from "./protected_resource.ts";
import { type Challenge, errorResponse, tellable } from "./respond.ts";
import type { McpTarget } from "./target.ts";

/** The largest message that is read, in bytes. */
const MAX_BODY = 4 * 1024 * 1024;

const METHODS = "POST, OPTIONS";

/** A request at the door. */
export interface Knock {
  readonly request: Request;
  readonly requestId: RequestId;
  readonly slug: Slug;
  /** The address at the other end of the connection; null where there is none. */
  readonly peer: string | null;
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal;
}

/** Who was let in, to what. */
export interface Entered {
  readonly target: McpTarget;
  /** The credential; bounds what it holds open. */
  readonly owner: string;
  /** The credential with where and on what it is used; tells its calls apart. */
  readonly caller: string;
}

/** What a server needs of the house around it. */
export interface Door {
  readonly policy: OriginPolicy;
  readonly log: Log;
  /**
   * Lets a request in. Whether the slug exists is told to nobody who is not known.
   *
   * @throws AUTHENTICATION_REQUIRED, ACCESS_DENIED, RATE_LIMITED, …
   */
  enter(knock: Knock): Promise<Entered>;
}

/** MCP over Streamable HTTP at `/mcp/{slug}`. */
export interface McpServer {
  /** @param peer The address at the other end of the connection; null where there is none. */
  answer(request: Request, slug: Slug, peer: string | null): Promise<Response>;
  /** Ends the open subscriptions, so that the process can stop. */
  close(): void;
}

/** Makes the server behind a door. */
export function createMcpServer(door: Door): McpServer {
  const dispatcher = createDispatcher(door.log);
  const departures = new Departures();

  async function serve(knock: Knock, challenge: Challenge): Promise<Response> {
    const { request, requestId, signal } = knock;
    // Who is nobody learns nothing else, not even that GET is not allowed: clients take another
    // answer than 401 for a server without authorization.
    const entered = await door.enter(knock);
    if (request.method !== "POST") {
      const error = new AppError("METHOD_NOT_ALLOWED");
      const response = errorResponse(error, undefined, requestId, challenge);
      response.headers.set("allow", METHODS);
      return response;
    }
    requireContentType(request, "application/json");
    const body = parseJson(await readBody(request, MAX_BODY));
    return await dispatcher.answer({ request, body, requestId, signal, challenge, ...entered });
  }

  return {
    async answer(request, slug, peer) {
      const requestId = newId<RequestId>();
      // Getters, since few requests are refused.
      const challenge = {
        get metadataUrl() {
          return metadataUrl(door.policy.baseUrl, slug);
        },
        get presented() {
          return request.headers.has("authorization");
        },
      };
      let origin: string | null = null;
      let response: Response;
      try {
        origin = checkOrigin(door.policy, request);
        if (request.method === "OPTIONS") return preflight(door.policy, request, METHODS);
        const { signal, done } = departures.watch(request);
        try {
          response = await serve({ request, requestId, slug, peer, signal }, challenge);
        } finally {
          done();
        }
      } catch (thrown) {
        const error = tellable(thrown, door.log, requestId);
        response = errorResponse(error, undefined, requestId, challenge);
      }
      // Only then: looking at a response's headers costs its fast way out.
      if (origin !== null) setCorsHeaders(response.headers, origin);
      return response;
    },
    close: () => dispatcher.close(),
  };
}
