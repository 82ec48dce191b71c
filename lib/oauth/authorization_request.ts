import type { OutboundPolicy } from "../http/mod.ts";
import type { UserId } from "../ids.ts";
import type { Scope } from "../principal.ts";
import type { Services } from "../services.ts";
import type { Client } from "./client.ts";
import { findClient } from "./find_client.ts";
import { issuer } from "./metadata.ts";
import { OAuthError, type OAuthErrorCode } from "./oauth_error.ts";
import { Parameters } from "./parameters.ts";
import { matchesRedirect, readRedirect, type RedirectTarget, withParameters } from "./redirect.ts";
import { type Audience, parseAudience } from "./resource.ts";
import { parseScope } from "./scope.ts";

/** A request for authorization in which everything has been checked but the person's will. */
export interface AuthorizationRequest {
  readonly client: Client;
  readonly redirect: RedirectTarget;
  /** Whether the request named its redirect; then the token request must name it again. */
  readonly redirectNamed: boolean;
  readonly state: string | null;
  readonly scope: Scope;
  readonly audience: Audience;
  /** PKCE, S256: 43 characters of base64url. */
  readonly challenge: string;
}

/** What becomes of a request for authorization. */
export type AuthorizationReading =
  /** Client or redirect are not proven: a page of ours says so, and nothing redirects anywhere. */
  | { readonly answer: "refuse"; readonly reason: string }
  /** The client is to be told of its mistake, over a redirect that is its own. */
  | { readonly answer: "error"; readonly error: AuthorizationError }
  | { readonly answer: "ask"; readonly request: AuthorizationRequest };

/** An error that the client is told over its redirect (RFC 6749, section 4.1.2.1). */
export interface AuthorizationError {
  readonly client: Client;
  readonly redirect: RedirectTarget;
  readonly code: OAuthErrorCode;
  readonly description: string;
  /** Where the browser takes it: the redirect with the error. */
  readonly location: string;
  /**
   * Whether the browser may be sent there by itself. Anybody can register any address, and so have people
   * led there from ours (RFC 9700, section 4.11.2): then a page comes first that names it.
   */
  readonly trusted: boolean;
}

const refuse = (reason: string): AuthorizationReading => ({ answer: "refuse", reason });

/** The authorization response (RFC 6749, section 4.1.2), with who answers (RFC 9207). */
export function authorizationResponse(
  services: Services,
  redirect: RedirectTarget,
  state: string | null,
  parameters: Readonly<Record<string, string>>,
): string {
  return withParameters(redirect.uri, {
    ...parameters,
    ...(state === null ? {} : { state }),
    iss: issuer(services.baseUrl),
  });
}

/** An error for the client of a request. */
export function authorizationError(
  services: Services,
  client: Client,
  redirect: RedirectTarget,
  state: string | null,
  { code, description }: OAuthError,
): AuthorizationError {
  const location = authorizationResponse(services, redirect, state, {
    error: code,
    error_description: description,
  });
  return { client, redirect, code, description, location, trusted: client.kind === "manual" };
}

/** The redirect that a request means, proven to be the client's; a text says why there is none. */
function proveRedirect(
  { redirectSchemes }: Services,
  client: Client,
  presented: string | null,
): RedirectTarget | string {
  if (presented === null) {
    const [only, ...more] = client.redirectUris;
    if (only === undefined || more.length) return "The request does not say where to go back to.";
    return readRedirect(only, redirectSchemes) ?? "The app has no address to go back to.";
  }
  const known = client.redirectUris.some((registered) => matchesRedirect(registered, presented));
  const target = known ? readRedirect(presented, redirectSchemes) : null;
  return target ?? "The address to go back to is not one that the app has registered.";
}

function readDetails(services: Services, parameters: Parameters) {
  if (parameters.get("request")) {
    throw new OAuthError("request_not_supported", "Request objects are not served.");
  }
  if (parameters.get("request_uri")) {
    throw new OAuthError("request_uri_not_supported", "Request objects are not served.");
  }
  if (parameters.need("response_type") !== "code") {
    throw new OAuthError("unsupported_response_type", "Only the response type code is served.");
  }
  const mode = parameters.get("response_mode");
  if (mode !== null && mode !== "query") {
    throw new OAuthError("invalid_request", "Only the response mode query is served.");
  }
  const challenge = parameters.need("code_challenge");
  // RFC 7636, section 4.3: left out it would mean plain.
  if (parameters.get("code_challenge_method") !== "S256") {
    throw new OAuthError("invalid_request", "Only the code_challenge_method S256 is served.");
  }
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
    throw new OAuthError("invalid_request", "code_challenge is not the base64url of a SHA-256.");
  }
  return {
    challenge,
    scope: parseScope(parameters.get("scope")),
    audience: parseAudience(services.baseUrl, parameters.all("resource")),
  };
}

/**
 * Reads a request for authorization (RFC 6749, section 4.1.1; OAuth 2.1). The client comes first, then
 * its redirect, and only when both are proven is anything answered over it.
 *
 * @param asker Who is signed in; null proves no client that is known by a document alone.
 * @throws AppError RATE_LIMITED.
 */
export async function readAuthorizationRequest(
  services: Services,
  sent: URLSearchParams,
  policy: OutboundPolicy,
  asker: UserId | null,
): Promise<AuthorizationReading> {
  const parameters = new Parameters(sent);
  let client: Client | null;
  let presented: string | null;
  try {
    const clientId = parameters.need("client_id");
    presented = parameters.get("redirect_uri");
    client = await findClient(services, clientId, policy, asker);
  } catch (error) {
    if (error instanceof OAuthError) return refuse(error.description);
    throw error;
  }
  if (!client) return refuse("No app of this name is known here. It may have to register again.");
  const redirect = proveRedirect(services, client, presented);
  if (typeof redirect === "string") return refuse(redirect);

  let state: string | null = null;
  try {
    state = parameters.get("state");
    const details = readDetails(services, parameters);
    const redirectNamed = presented !== null;
    return { answer: "ask", request: { client, redirect, redirectNamed, state, ...details } };
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return { answer: "error", error: authorizationError(services, client, redirect, state, error) };
  }
}
