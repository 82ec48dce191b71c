import { AppError, problemResponse } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import type { Services } from "../lib/services.ts";

// Where machines send tokens and secrets: a redirect would teach them to go on sending them first.
const MACHINES = /^\/(mcp|v1|oauth\/(token|register|revoke)|\.well-known)(\/|$)/;

/**
 * Answers a request that came without TLS to a site that has it. Who looks at a page is led to the same
 * address over https; whatever carries, or may carry, a token or a form is refused: it has been read by
 * others on the way, and must not be sent like that again.
 */
export function answerInTheClear(services: Services, request: Request): Response {
  const { pathname, search } = new URL(request.url);
  const looks = (request.method === "GET" || request.method === "HEAD") &&
    !request.headers.has("authorization") && !MACHINES.test(pathname);
  if (!looks) return problemResponse(new AppError("TLS_REQUIRED"), newId());
  const location = services.baseUrl.origin + pathname + search;
  return new Response(null, { status: 308, headers: { location, "cache-control": "no-store" } });
}
