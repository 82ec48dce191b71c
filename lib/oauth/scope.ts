import { type Ability, ROW_WRITES, type Scope } from "../principal.ts";
import { OAuthError } from "./oauth_error.ts";

/** The scopes that there are; the first is what a client gets that asks for none. */
export const SCOPES = ["mcp", "mcp:write"] as const satisfies readonly Scope[];

// RFC 6749, section 3.3: scope-token.
const TOKENS = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/**
 * The scope that a request asks for; writing includes reading. Names that are not ours are left out,
 * as section 3.3 allows: clients ask for `offline_access` or `openid` wherever they are.
 *
 * @throws OAuthError invalid_scope where it is malformed or none of the names is ours.
 */
export function parseScope(text: string | null): Scope {
  if (text === null) return "mcp";
  const names = TOKENS.test(text) ? text.split(" ") : [];
  if (names.includes("mcp:write")) return "mcp:write";
  if (names.includes("mcp")) return "mcp";
  throw new OAuthError("invalid_scope", "None of these scopes exists here.");
}

/** A scope as answers name it. */
export function scopeText(scope: Scope): string {
  return scope === "mcp" ? "mcp" : "mcp mcp:write";
}

/** Tells whether a scope reaches beyond another. */
export function exceeds(scope: Scope, bound: Scope): boolean {
  return scope === "mcp:write" && bound === "mcp";
}

const READING: readonly Ability[] = ["rows:read"];
const WRITING: readonly Ability[] = [...READING, ...ROW_WRITES];

/** What an access token may do on the endpoints that it is for; never anything of `/v1`. */
export function abilitiesOf(scope: Scope): readonly Ability[] {
  return scope === "mcp:write" ? WRITING : READING;
}
