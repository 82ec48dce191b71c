import { ClientRefusal } from "./client_auth.ts";
import type { OAuthError } from "./oauth_error.ts";

// Any page's script may call: it holds its own credentials, and no cookie counts here.
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "WWW-Authenticate, Retry-After",
};

// RFC 6749, section 5.1.
const PRIVATE = { "cache-control": "no-store", "pragma": "no-cache" };

/** Answers with JSON that nobody keeps. */
export function privateJson(body: unknown, status: number): Response {
  return Response.json(body, { status, headers: { ...CORS, ...PRIVATE } });
}

/** Answers with JSON text that anybody may keep for five minutes. */
export function publicJson(text: string): Response {
  return new Response(text, {
    headers: {
      ...CORS,
      "content-type": "application/json",
      "cache-control": "public, max-age=300",
    },
  });
}

/** Answers with an error (RFC 6749, section 5.2). */
export function errorJson(error: OAuthError): Response {
  const answer = privateJson(
    { error: error.code, error_description: error.description },
    error.status,
  );
  if (error.retryAfter !== undefined) answer.headers.set("retry-after", String(error.retryAfter));
  // To who tried HTTP authentication, in kind.
  if (error instanceof ClientRefusal && error.basic) {
    answer.headers.set("www-authenticate", 'Basic realm="bulkhead"');
  }
  return answer;
}

/** Answers a CORS preflight. */
export function preflightAnswer(methods: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS,
      "access-control-allow-methods": methods,
      "access-control-allow-headers": "Authorization, Content-Type, MCP-Protocol-Version",
      "access-control-max-age": "7200",
    },
  });
}
