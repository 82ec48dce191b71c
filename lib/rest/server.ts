import { type Context, Hono } from "hono";
import { authorize } from "../auth/mod.ts";
import { enterEndpoint } from "../endpoints/mod.ts";
import { AppError, problemResponse, toAppError } from "../errors.ts";
import { checkOrigin, type Client, preflight, setCorsHeaders } from "../http/mod.ts";
import { isSlug, newId, type RequestId } from "../ids.ts";
import type { EndpointScope, RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { authenticate, countCall } from "../tokens/mod.ts";
import { readInput, readQuery } from "./input.ts";
import { openApiDocument } from "./openapi.ts";
import type { RestAnswer, RestInput, RestRoute } from "./route.ts";

interface Env {
  Bindings: Client;
  Variables: { requestId: RequestId };
}

type AnyHandler = (
  input: RestInput<RequestScope, unknown, unknown>,
) => Promise<RestAnswer<unknown>>;

const OPENAPI_PATH = "/v1/openapi.json";

/** `{slug}` as the router writes it. */
const pattern = (path: string) => path.replace(/\{(\w+)\}/g, ":$1");

const methodOf = (request: Request) => request.method === "HEAD" ? "GET" : request.method;

/** What `Allow` lists of the routes at one path; the document has no routes, and is only read. */
function allowOf(routes: readonly RestRoute[]): string {
  const methods: string[] = routes.length ? routes.map(({ method }) => method) : ["GET"];
  return [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
}

/** RFC 6750, section 3: what a client is told of the credential that it lacks. */
function challenge(error: AppError, request: Request, abilities: readonly string[]): string | null {
  const realm = 'Bearer realm="bulkhead"';
  if (error.code === "INSUFFICIENT_SCOPE") {
    return `${realm}, error="insufficient_scope", scope="${abilities.join(" ")}"`;
  }
  if (error.code !== "AUTHENTICATION_REQUIRED") return null;
  // Section 3.1: no error code for a request without any credential.
  return request.headers.has("authorization") ? `${realm}, error="invalid_token"` : realm;
}

/** Answers an error; what is our own fault goes to the log with its cause. */
function refuse(
  services: Services,
  c: Context<Env>,
  thrown: unknown,
  atPath: readonly RestRoute[] = [],
): Response {
  const error = toAppError(thrown);
  const requestId = c.get("requestId");
  const route = atPath.find(({ method }) => method === methodOf(c.req.raw));
  if (error.kind.status >= 500) {
    services.log.error("rest.failed", { requestId, operation: route?.operation, error });
  }
  const answer = problemResponse(error, requestId);
  const challenged = challenge(error, c.req.raw, route?.abilities ?? []);
  if (challenged) answer.headers.set("www-authenticate", challenged);
  if (error.code === "METHOD_NOT_ALLOWED") answer.headers.set("allow", allowOf(atPath));
  return answer;
}

/** Who asks now; a call is counted by whoever lets it in. */
async function scopeOf(services: Services, c: Context<Env>): Promise<RequestScope> {
  const request = c.req.raw;
  const { address, network } = c.env;
  const requestId = c.get("requestId");
  const authorization = request.headers.get("authorization");
  const presented = { requestId, address, network, authorization, kind: "rest" } as const;
  const principal = await authenticate(services, presented);
  // The audience of an OAuth access token is the endpoints that were agreed to, never this API.
  if (principal.grantId) throw new AppError("AUTHENTICATION_REQUIRED");
  return {
    requestId,
    principal,
    tenantId: principal.tenantId,
    network,
    signal: request.signal,
  };
}

/** What is no slug is answered like a slug that nobody has. */
function enter(services: Services, scope: RequestScope, slug: string): Promise<EndpointScope> {
  if (!isSlug(slug)) throw new AppError("ACCESS_DENIED");
  return enterEndpoint(services, scope, slug);
}

function permit(services: Services, { principal }: RequestScope, route: RestRoute): void {
  const { abilities, role } = principal;
  authorize({ abilities, role }, route.permission, services.clock.now());
}

/** Who asks now, and may. */
async function permitted(services: Services, c: Context<Env>, route: RestRoute) {
  const scope = await scopeOf(services, c);
  permit(services, scope, route);
  return scope;
}

async function run(services: Services, c: Context<Env>, route: RestRoute): Promise<Response> {
  const scope = await scopeOf(services, c);
  countCall(services, scope.principal);
  try {
    permit(services, scope, route);
    return await answerAs(services, c, route, scope);
  } catch (error) {
    services.denials.record(scope, error, route.operation);
    throw error;
  }
}

async function answerAs(
  services: Services,
  c: Context<Env>,
  route: RestRoute,
  tenantScope: RequestScope,
): Promise<Response> {
  const request = c.req.raw;
  // Who asks, for what, and only then what they sent: a refusal says nothing about the body.
  const { slug = "", ...params } = c.req.param() as Record<string, string>;
  const enterAs = async (asked: RequestScope) =>
    route.reach === "endpoint" ? await enter(services, asked, slug) : asked;
  const entered = await enterAs(tenantScope);
  const query = readQuery(route, new URL(request.url));
  const body = await readInput(route, request);
  // A body may take its time, and whoever sends it may have been stopped meanwhile.
  const scope = request.body && !route.streamed
    ? await enterAs(await permitted(services, c, route))
    : entered;
  // The route's own schemas made query and body, and its reach made the scope.
  const handle = route.handle as AnyHandler;
  const answer = await handle({ services, scope, params, query, body, request });
  const headers = new Headers({ "cache-control": "no-store" });
  if (answer.location) headers.set("location", new URL(answer.location, services.baseUrl).href);
  if (route.status === 204) return new Response(null, { status: 204, headers });
  if (answer.media !== undefined) {
    headers.set("content-type", answer.media);
    // A route that names a media type answers bytes.
    return new Response(answer.body as ReadableStream, { status: route.status, headers });
  }
  headers.set("content-type", "application/json");
  return new Response(JSON.stringify(answer.body), { status: route.status, headers });
}

/** Serves `/v1`: routing, credentials, validation and errors, all from the routes' own data. */
export function createRest(
  services: Services,
  routes: readonly RestRoute[],
): (request: Request, client: Client) => Promise<Response> {
  const document = JSON.stringify(openApiDocument(routes, services.baseUrl));
  const app = new Hono<Env>();

  app.use(async (c, next) => {
    c.set("requestId", newId<RequestId>(services.clock.now()));
    await next();
    const { headers } = c.res;
    headers.set("x-request-id", c.get("requestId"));
    headers.set("x-content-type-options", "nosniff");
  });
  app.use(async (c, next) => {
    const origin = checkOrigin(services, c.req.raw);
    await next();
    if (c.req.method !== "OPTIONS") setCorsHeaders(c.res.headers, origin);
  });

  const serve = (
    path: string,
    atPath: readonly RestRoute[],
    answer: (c: Context<Env>) => Response | Promise<Response>,
  ) =>
    app.all(path, async (c) => {
      try {
        // Before authentication: a browser's preflight carries no credential.
        return c.req.method === "OPTIONS"
          ? preflight(services, c.req.raw, allowOf(atPath))
          : await answer(c);
      } catch (error) {
        return refuse(services, c, error, atPath);
      }
    });
  serve(OPENAPI_PATH, [], (c) => {
    if (methodOf(c.req.raw) !== "GET") throw new AppError("METHOD_NOT_ALLOWED");
    return new Response(document, {
      headers: { "content-type": "application/json", "cache-control": "public, max-age=300" },
    });
  });
  for (const [path, atPath] of Map.groupBy(routes, (route) => route.path)) {
    serve(pattern(path), atPath, (c) => {
      const route = atPath.find(({ method }) => method === methodOf(c.req.raw));
      if (!route) throw new AppError("METHOD_NOT_ALLOWED");
      return run(services, c, route);
    });
  }
  app.notFound((c) => refuse(services, c, new AppError("NOT_FOUND")));
  app.onError((error, c) => refuse(services, c, error));
  return async (request, client) => await app.fetch(request, client);
}
