/**
 * Requests that ours and a certified server are asked in the same words. `{first}` and `{second}` stand
 * for endpoints, `{client:…}` for a client by its method.
 */
import type { Fields } from "./app.ts";
import type { Method } from "./oracle.ts";

/** The redirect of every client. */
export const REDIRECT = "https://app.example/callback";

/** What a server does with a request, in a word or two: the same words for both. */
export type Outcome = string;

/** Where the two differ, and why ours is right. Empty reasons there are none. */
export interface Case {
  readonly title: string;
  readonly differs?: { readonly ours: Outcome; readonly theirs: Outcome; readonly because: string };
}

/** Requests for authorization. */
export const AUTHORIZATIONS: readonly (Case & { fields: Fields })[] = [
  { title: "a good request", fields: {} },
  { title: "no client", fields: { client_id: "" } },
  { title: "an unknown client", fields: { client_id: "unknown" } },
  { title: "another redirect", fields: { redirect_uri: "https://attacker.example/" } },
  { title: "a longer redirect", fields: { redirect_uri: `${REDIRECT}/x` } },
  { title: "a redirect with a query", fields: { redirect_uri: `${REDIRECT}?x=1` } },
  { title: "no redirect, of one that is registered", fields: { redirect_uri: "" } },
  { title: "no response type", fields: { response_type: "" } },
  { title: "the implicit grant", fields: { response_type: "token" } },
  { title: "an unknown response type", fields: { response_type: "magic" } },
  {
    title: "an unknown response mode",
    fields: { response_mode: "magic" },
    differs: {
      ours: "invalid_request",
      theirs: "unsupported_response_mode",
      because: "that code is in no registry of OAuth errors; strict clients know invalid_request",
    },
  },
  {
    title: "the response mode form_post",
    fields: { response_mode: "form_post" },
    differs: {
      ours: "invalid_request",
      theirs: "a page",
      because: "it is served there by a page with a form; our metadata lists query alone",
    },
  },
  { title: "no challenge", fields: { code_challenge: "" } },
  { title: "no challenge method", fields: { code_challenge_method: "" } },
  { title: "a plain challenge", fields: { code_challenge_method: "plain" } },
  { title: "an unknown challenge method", fields: { code_challenge_method: "S512" } },
  { title: "a short challenge", fields: { code_challenge: "short" } },
  { title: "a challenge of other characters", fields: { code_challenge: "!".repeat(43) } },
  {
    title: "an unknown scope alone",
    fields: { scope: "admin" },
    differs: {
      ours: "invalid_scope",
      theirs: "access_denied",
      because: "there the scope is left out, and then the person is blamed for agreeing to nothing",
    },
  },
  { title: "an unknown scope besides", fields: { scope: "mcp admin" } },
  { title: "an unknown resource", fields: { resource: "https://x.example/mcp/a" } },
  { title: "a resource with a fragment", fields: { resource: "{first}#x" } },
  { title: "a resource that is no URL", fields: { resource: "data" } },
  { title: "a request object", fields: { request: "a.b.c" } },
  { title: "a request URI", fields: { request_uri: "https://app.example/r" } },
  { title: "a repeated state", fields: { state: ["a", "b"] } },
  { title: "a repeated scope", fields: { scope: ["mcp", "mcp"] } },
  { title: "a repeated client", fields: { client_id: ["{client:none}", "{client:none}"] } },
  {
    title: "a repeated redirect",
    fields: { redirect_uri: [REDIRECT, REDIRECT] },
    differs: {
      ours: "a page",
      theirs: "invalid_request",
      because: "a redirect that is named twice is not proven, and nothing is answered over it",
    },
  },
];

/** A token or revocation request: what is sent besides, or instead of, what is usual. */
export interface Asking extends Case {
  readonly fields?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The client as which the request is sent. */
  readonly as?: Method | "other" | "nobody" | "wrong secret" | "wrong method";
}

const STRICT_METHOD = {
  ours: "401 invalid_client",
  theirs: "200",
  because: "there both ways of sending a secret count as one; ours is the one that was registered",
};

/** Token requests with a code. */
export const EXCHANGES: readonly Asking[] = [
  { title: "a good exchange" },
  { title: "a good exchange by Basic", as: "client_secret_basic" },
  { title: "a good exchange by post", as: "client_secret_post" },
  { title: "a wrong secret", as: "wrong secret" },
  { title: "a method that was not registered", as: "wrong method", differs: STRICT_METHOD },
  { title: "another client's code", as: "other" },
  { title: "no client", as: "nobody" },
  { title: "an unknown client", fields: { client_id: "unknown" } },
  { title: "no grant type", fields: { grant_type: undefined } },
  { title: "an unknown grant type", fields: { grant_type: "magic" } },
  { title: "the password grant", fields: { grant_type: "password" } },
  { title: "client credentials", fields: { grant_type: "client_credentials" } },
  { title: "no code", fields: { code: undefined } },
  { title: "an unknown code", fields: { code: "unknown" } },
  { title: "another verifier", fields: { code_verifier: "x".repeat(43) } },
  {
    title: "no verifier",
    fields: { code_verifier: undefined },
    differs: {
      ours: "400 invalid_request",
      theirs: "400 invalid_grant",
      because: "a required parameter is missing (RFC 6749, 5.2); nothing is said of the code",
    },
  },
  { title: "a short verifier", fields: { code_verifier: "short" } },
  { title: "another redirect", fields: { redirect_uri: "https://attacker.example/" } },
  { title: "no redirect", fields: { redirect_uri: undefined } },
  { title: "an unknown resource", fields: { resource: "https://x.example/mcp/a" } },
  { title: "a resource nobody asked for", fields: { resource: "{second}" } },
  { title: "a repeated code", fields: { code: ["a", "b"] } },
  { title: "a repeated verifier", fields: { code_verifier: ["a", "b"] } },
];

/** Token requests with a refresh token. */
export const REFRESHES: readonly Asking[] = [
  { title: "a good refresh" },
  { title: "a good refresh by Basic", as: "client_secret_basic" },
  { title: "a wrong secret", as: "wrong secret" },
  { title: "a method that was not registered", as: "wrong method", differs: STRICT_METHOD },
  { title: "another client's token", as: "other" },
  { title: "no client", as: "nobody" },
  { title: "no token", fields: { refresh_token: undefined } },
  { title: "an unknown token", fields: { refresh_token: "unknown" } },
  { title: "the same scope", fields: { scope: "mcp" } },
  { title: "a wider scope", fields: { scope: "mcp mcp:write" } },
  { title: "an unknown resource", fields: { resource: "https://x.example/mcp/a" } },
  { title: "a repeated token", fields: { refresh_token: ["a", "b"] } },
];

/** Revocations of a refresh token. */
export const REVOCATIONS: readonly Asking[] = [
  { title: "a refresh token" },
  { title: "a refresh token by Basic", as: "client_secret_basic" },
  { title: "a wrong hint", fields: { token_type_hint: "access_token" } },
  { title: "an unknown hint", fields: { token_type_hint: "magic" } },
  { title: "no token", fields: { token: undefined } },
  { title: "an unknown token", fields: { token: "unknown" } },
  { title: "a wrong secret", as: "wrong secret" },
  { title: "no client", as: "nobody" },
  { title: "another client's token", as: "other" },
];

const NATIVE = { application_type: "native" };

/** Registrations. */
export const REGISTRATIONS: readonly (Case & { metadata: Record<string, unknown> })[] = [
  { title: "a good registration", metadata: {} },
  { title: "no redirects", metadata: { redirect_uris: undefined } },
  { title: "an empty list of redirects", metadata: { redirect_uris: [] } },
  { title: "redirects of another type", metadata: { redirect_uris: [1] } },
  { title: "a fragment", metadata: { redirect_uris: [`${REDIRECT}#x`] } },
  { title: "javascript", metadata: { redirect_uris: ["javascript:alert(1)"] } },
  { title: "a relative address", metadata: { redirect_uris: ["/cb"] } },
  { title: "an app's own scheme", metadata: { ...NATIVE, redirect_uris: ["com.example.app:/cb"] } },
  { title: "a loopback redirect", metadata: { ...NATIVE, redirect_uris: ["http://127.0.0.1/cb"] } },
  { title: "http elsewhere", metadata: { ...NATIVE, redirect_uris: ["http://app.example/cb"] } },
  { title: "an unknown method", metadata: { token_endpoint_auth_method: "magic" } },
  { title: "an unknown grant", metadata: { grant_types: ["magic"] } },
  { title: "an unknown response type", metadata: { response_types: ["magic"] } },
];
