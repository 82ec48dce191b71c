import { z } from "zod";
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { isSlug, parseId, type TokenId } from "../../lib/ids.ts";
import { ABILITIES, type RequestScope } from "../../lib/principal.ts";
import {
  displayName,
  fromCursor,
  mintedResource,
  pageOf,
  pageQuery,
  type RestRoute,
  showMinted,
  showToken,
  tenantRoute,
  toCursor,
  tokenResource,
} from "../../lib/rest/mod.ts";
import type { Services } from "../../lib/services.ts";
import { listTokens, mintToken, revokeToken, rotateToken } from "../../lib/tokens/mod.ts";

const tag = "tokens";

const list = tenantRoute({
  method: "GET",
  path: "/v1/tokens",
  operation: "listTokens",
  tag,
  summary: "List the tokens that are not revoked, newest first",
  description: "A token that covers some endpoints only is shown those that reach no further.",
  permission: "tokens:read",
  query: pageQuery,
  status: 200,
  response: pageOf(tokenResource),
  errors: ["INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const after = fromCursor<TokenId>(query.cursor);
    const { tokens, next } = await listTokens(services, scope, { after, limit: query.limit });
    return { body: { items: tokens.map(showToken), next_cursor: next && toCursor(next) } };
  },
});

const newToken = z.strictObject({
  name: displayName,
  scope: z.enum(["mcp", "mcp:write"]).default("mcp")
    .describe("`mcp` only reads: abilities that change rows need `mcp:write`."),
  abilities: z.array(z.enum(ABILITIES)).min(1).max(ABILITIES.length)
    .describe("What it may do: at least one, and at most what this token has itself."),
  endpoints: z.union([z.literal("all"), z.array(z.string().max(63)).min(1).max(500)])
    .describe("Slugs of the endpoints that it covers; `all` means each, now and later."),
  expires_at: z.iso.datetime({ offset: true }).nullish()
    .describe("At the latest when this token expires itself."),
});

async function endpointIds(services: Services, scope: RequestScope, slugs: readonly string[]) {
  const ids = [];
  for (const slug of slugs) {
    if (!isSlug(slug)) throw new AppError("ACCESS_DENIED");
    ids.push((await enterEndpoint(services, scope, slug)).endpoint.id);
  }
  return ids;
}

const mint = tenantRoute({
  method: "POST",
  path: "/v1/tokens",
  operation: "mintToken",
  tag,
  summary: "Make a token",
  description: "The answer is the only place where the token stands in full.",
  permission: "tokens:write",
  body: newToken,
  status: 201,
  response: mintedResource,
  errors: ["ACCESS_DENIED", "ENDPOINT_NOT_READY"],
  async handle({ services, scope, body }) {
    const endpoints = body.endpoints === "all"
      ? "all"
      : await endpointIds(services, scope, body.endpoints);
    const expiresAt = body.expires_at ? new Date(body.expires_at) : null;
    const minted = await mintToken(services, scope, { ...body, endpoints, expiresAt });
    return { body: showMinted(minted) };
  },
});

const rotate = tenantRoute({
  method: "POST",
  path: "/v1/tokens/{id}/rotate",
  operation: "rotateToken",
  tag,
  summary: "Replace a token by a new one that may do the same; the old one ends at once",
  permission: "tokens:write",
  status: 201,
  response: mintedResource,
  errors: ["NOT_FOUND", "CONFLICT", "ACCESS_DENIED"],
  async handle({ services, scope, params }) {
    const minted = await rotateToken(services, scope, parseId<TokenId>(params["id"]!));
    return { body: showMinted(minted) };
  },
});

const revoke = tenantRoute({
  method: "DELETE",
  path: "/v1/tokens/{id}",
  operation: "revokeToken",
  tag,
  summary: "Revoke a token at once",
  permission: "tokens:write",
  status: 204,
  errors: ["NOT_FOUND"],
  async handle({ services, scope, params }) {
    await revokeToken(services, scope, parseId<TokenId>(params["id"]!));
    return { body: undefined };
  },
});

/** Tokens: listed, minted, rotated, revoked. */
export const TOKEN_ROUTES: readonly RestRoute[] = [list, mint, rotate, revoke];
