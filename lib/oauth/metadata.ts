import { AUTH_METHODS } from "./client.ts";
import { SCOPES } from "./scope.ts";

/** Paths of the authorization server. */
export const OAUTH_PATHS = {
  authorize: "/oauth/authorize",
  token: "/oauth/token",
  revoke: "/oauth/revoke",
  register: "/oauth/register",
} as const;

/**
 * Where clients look that read no metadata: the default endpoints of the MCP specification of 2025-03-26
 * (authorization, fallbacks for servers without metadata discovery). The same endpoints under a second
 * name; metadata names the first alone.
 */
export const OAUTH_ALIASES = {
  authorize: "/authorize",
  token: "/token",
  register: "/register",
} as const;

/** Where metadata lies: RFC 8414, section 3, and OpenID Connect Discovery, which some clients try. */
export const METADATA_PATHS = [
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
] as const;

/**
 * The issuer's name: the public origin without a slash at its end, the same text in metadata, in every
 * authorization response and in the metadata of protected resources (clients compare as text).
 */
export function issuer(baseUrl: URL): string {
  return baseUrl.origin;
}

/** Metadata of the authorization server (RFC 8414, section 2) as JSON: the same bytes at each path. */
export function serverMetadata(baseUrl: URL): string {
  const at = (path: string) => `${issuer(baseUrl)}${path}`;
  return JSON.stringify({
    issuer: issuer(baseUrl),
    authorization_endpoint: at(OAUTH_PATHS.authorize),
    token_endpoint: at(OAUTH_PATHS.token),
    revocation_endpoint: at(OAUTH_PATHS.revoke),
    registration_endpoint: at(OAUTH_PATHS.register),
    scopes_supported: SCOPES,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  });
}
