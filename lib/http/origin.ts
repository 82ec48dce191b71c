import { AppError } from "../errors.ts";

/** Which origins a browser may call from; `Services` is one. */
export interface OriginPolicy {
  readonly baseUrl: URL;
  readonly allowedOrigins: ReadonlySet<string>;
}

// What scripts of other origins read: the challenge, the revision, when to come back, what to report.
const EXPOSED = "WWW-Authenticate, MCP-Protocol-Version, Retry-After, X-Request-Id, Location, Link";

const ALLOWED_HEADER =
  /^(?:accept|authorization|content-type|last-event-id|mcp-[a-z0-9-]+|idempotency-key|traceparent|tracestate)$/;

/**
 * The request's origin where it has one. A browser sends it along; anyone else need not.
 *
 * @throws ORIGIN_NOT_ALLOWED unless it is absent, our own or listed: a page elsewhere may have had its
 * name rebound to our address.
 */
export function checkOrigin(policy: OriginPolicy, request: Request): string | null {
  const origin = request.headers.get("origin");
  if (origin === null) return null;
  if (origin === policy.baseUrl.origin || policy.allowedOrigins.has(origin)) return origin;
  throw new AppError("ORIGIN_NOT_ALLOWED");
}

/** Lets a script of `origin` (from `checkOrigin`) read the response; without one does nothing. */
export function setCorsHeaders(headers: Headers, origin: string | null): void {
  if (origin === null) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-expose-headers", EXPOSED);
  headers.append("vary", "Origin");
}

/**
 * Answers a CORS preflight. Credentials are bearer tokens that the script holds itself, so cookies
 * are never allowed across origins.
 *
 * @param methods As `Access-Control-Allow-Methods` lists them.
 * @throws ORIGIN_NOT_ALLOWED
 */
export function preflight(policy: OriginPolicy, request: Request, methods: string): Response {
  const headers = new Headers({ allow: methods });
  const origin = checkOrigin(policy, request);
  if (origin !== null) {
    setCorsHeaders(headers, origin);
    headers.set("access-control-allow-methods", methods);
    const asked = request.headers.get("access-control-request-headers") ?? "";
    const names = asked.toLowerCase().split(",").map((name) => name.trim());
    headers.set(
      "access-control-allow-headers",
      names.filter((name) => ALLOWED_HEADER.test(name)).join(", "),
    );
    headers.set("access-control-max-age", "7200");
    headers.append("vary", "Access-Control-Request-Headers");
  }
  return new Response(null, { status: 204, headers });
}
