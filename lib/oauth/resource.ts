import { isLoopback } from "../config.ts";
import { isSlug, type Slug } from "../ids.ts";
import { OAuthError } from "./oauth_error.ts";

/** What a request wants tokens for: some endpoints by name, or whichever the person chooses. */
export type Audience = "any" | readonly Slug[];

/** A loopback site is reached under several names, which are one to its owner. */
function sameOrigin(url: URL, base: URL): boolean {
  if (url.origin === base.origin) return true;
  return isLoopback(url.hostname) && isLoopback(base.hostname) && url.protocol === base.protocol &&
    url.port === base.port;
}

function parseOne(baseUrl: URL, text: string): Slug | "any" {
  const url = URL.parse(text);
  const plain = url && !text.includes("#") && !url.search && !url.username && !url.password;
  if (plain && sameOrigin(url, baseUrl)) {
    const path = url.pathname.replace(/\/$/, "");
    // Some clients name the server as a whole: then it is the person who says which endpoints.
    if (path === "" || path === "/mcp") return "any";
    const slug = path.startsWith("/mcp/") ? path.slice("/mcp/".length) : "";
    if (isSlug(slug)) return slug;
  }
  throw new OAuthError("invalid_target", "The resource is not an MCP endpoint of this server.");
}

/**
 * The audience that `resource` parameters name (RFC 8707, section 2); none of them names no endpoint
 * in particular.
 *
 * @throws OAuthError invalid_target for anything that is not of this server.
 */
export function parseAudience(baseUrl: URL, resources: readonly string[]): Audience {
  const named = resources.map((text) => parseOne(baseUrl, text));
  const slugs = named.filter((one): one is Slug => one !== "any");
  return slugs.length === 0 || slugs.length < named.length ? "any" : [...new Set(slugs)];
}
