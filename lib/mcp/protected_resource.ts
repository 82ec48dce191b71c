import type { Slug } from "../ids.ts";
import { issuer, SCOPES } from "../oauth/mod.ts";

/** Where the metadata of the server as a whole lies, for clients that know its origin alone. */
export const SERVER_METADATA_PATH = "/.well-known/oauth-protected-resource";

/** Where the metadata of protected resources lies (RFC 9728, section 3): before the resource's path. */
export const METADATA_PATH = `${SERVER_METADATA_PATH}/mcp/`;

/** The URL of an endpoint's metadata. */
export function metadataUrl(baseUrl: URL, slug: Slug): string {
  return `${baseUrl.origin}${METADATA_PATH}${slug}`;
}

/** The URL of an endpoint: the resource that tokens are meant for. */
export function mcpUrl(baseUrl: URL, slug: Slug): string {
  return `${baseUrl.origin}/mcp/${slug}`;
}

// Anybody may read it, from any page: it is the same for all.
const HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, OPTIONS",
  "access-control-allow-headers": "*",
  "allow": "GET, HEAD, OPTIONS",
};

/**
 * Answers with an endpoint's metadata (RFC 9728, section 2): the same for every well-formed slug, so
 * that it tells of none whether it exists. Without a slug with that of the server: tokens are asked for
 * without an endpoint then, and the person chooses.
 */
export function protectedResource(
  { baseUrl }: { readonly baseUrl: URL },
  request: Request,
  slug: Slug | null,
): Response {
  switch (request.method) {
    case "GET":
    case "HEAD":
      return Response.json({
        resource: slug === null ? baseUrl.origin : mcpUrl(baseUrl, slug),
        authorization_servers: [issuer(baseUrl)],
        bearer_methods_supported: ["header"],
        scopes_supported: SCOPES,
        resource_name: "Bulkhead MCP endpoint",
      }, { headers: { ...HEADERS, "cache-control": "public, max-age=300" } });
    case "OPTIONS":
      return new Response(null, { status: 204, headers: HEADERS });
    default:
      return new Response(null, { status: 405, headers: HEADERS });
  }
}
