import { AppError, toAppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { SCOPES } from "../oauth/mod.ts";
import { type Era, META } from "./protocol.ts";
import { errorText, RpcError } from "./rpc_error.ts";
import type { JsonText, Reply } from "./host.ts";

/**
 * Answers with the result of a message. No cache keeps what answers a POST and does not say how long
 * it is fresh (RFC 9110, section 9.3.3), and a single header goes out the fast way.
 */
export function jsonResponse(text: JsonText): Response {
  return new Response(text, { headers: { "content-type": "application/json" } });
}

/** The response to a request as JSON text. */
export function resultText(
  id: JsonText,
  reply: Reply,
  era: Era,
  serverInfo: JsonText,
): JsonText {
  if (era === "legacy") {
    if (reply.inputRequired) {
      throw new AppError("INVALID_REQUEST", "This needs the protocol revision 2026-07-28.");
    }
    return `{"jsonrpc":"2.0","id":${id},"result":{${reply.fields}}}`;
  }
  const type = reply.inputRequired ? "input_required" : "complete";
  const meta = `"_meta":{"${META.serverInfo}":${serverInfo}}`;
  return `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"${type}",${reply.fields},${meta}}}`;
}

/** Makes what was thrown tellable, and logs what only we can mend. */
export function tellable(thrown: unknown, log: Log, requestId: string): AppError | RpcError {
  if (thrown instanceof RpcError) return thrown;
  const error = toAppError(thrown);
  if (error.kind.status >= 500) {
    log.error("mcp.failed", { request_id: requestId, code: error.code, error });
  }
  return error;
}

/** How a refusal tells a client to come by a credential (RFC 9728, section 5.1). */
export interface Challenge {
  /** URL of the protected resource's metadata. */
  readonly metadataUrl: string;
  /** Whether the request brought a token. */
  readonly presented: boolean;
}

// What can be had: clients ask for what the challenge names and for nothing more, and the person still
// decides (RFC 6749, section 3.3). The same at every slug, so that it tells nobody which endpoints exist
// or take writes.
const EVERY_SCOPE = SCOPES.join(" ");

/** `WWW-Authenticate` for an error, where it has one. */
export function wwwAuthenticate(
  error: AppError,
  { metadataUrl, presented }: Challenge,
): string | null {
  const parameters = (scope: string) => `resource_metadata="${metadataUrl}", scope="${scope}"`;
  switch (error.code) {
    case "AUTHENTICATION_REQUIRED": {
      // RFC 6750, section 3.1: no error code where the request brought no credential at all.
      const fault = presented ? 'error="invalid_token", ' : "";
      return `Bearer ${fault}${parameters(EVERY_SCOPE)}`;
    }
    case "INSUFFICIENT_SCOPE":
      return `Bearer error="insufficient_scope", ${parameters(error.scope ?? SCOPES[0])}`;
    default:
      return null;
  }
}

/** Answers with an error; `status` is the error's own unless given. */
export function errorResponse(
  error: AppError | RpcError,
  id: JsonText | undefined,
  requestId: string,
  challenge: Challenge,
  status = error instanceof RpcError ? error.status : error.kind.status,
): Response {
  const response = new Response(errorText(error, id, requestId), {
    status,
    // What refuses a GET could be kept otherwise (RFC 9110, section 15.1).
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
  if (error instanceof RpcError) return response;
  if (error.retryAfter !== undefined) {
    response.headers.set("retry-after", String(Math.ceil(error.retryAfter)));
  }
  const asked = wwwAuthenticate(error, challenge);
  if (asked) response.headers.set("www-authenticate", asked);
  return response;
}
