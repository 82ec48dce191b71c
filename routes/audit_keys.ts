import { anchorKeys } from "../lib/audit/mod.ts";
import { problemResponse, toAppError } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import type { Services } from "../lib/services.ts";

/** Where the public keys of signed anchors are. */
export const AUDIT_KEYS_PATH = "/.well-known/bulkhead-audit-keys.json";

/** Answers the public keys to anybody, as a JWK set (RFC 7517). Null for every other path. */
export function auditKeysRoute(services: Services): (request: Request) => Promise<Response> | null {
  async function answer(request: Request): Promise<Response> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
    }
    try {
      return Response.json(await anchorKeys(services), {
        headers: {
          "content-type": "application/jwk-set+json",
          "cache-control": "public, max-age=300",
          "access-control-allow-origin": "*",
          "x-content-type-options": "nosniff",
        },
      });
    } catch (error) {
      services.log.error("audit.keys_failed", { error });
      return problemResponse(toAppError(error), newId());
    }
  }
  return (request) => new URL(request.url).pathname === AUDIT_KEYS_PATH ? answer(request) : null;
}
