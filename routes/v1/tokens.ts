import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { isSlug, parseId, type TokenId } from "../../lib/ids.ts";
import type { RequestScope } from "../../lib/principal.ts";
import {
  fromCursor,
  mintedResource,
  pageOf,
  pageQuery,
  type RestRoute,
  rotationQuery,
  showMinted,
  showToken,
  tenantRoute,
  toCursor,
  tokenRequest,
  tokenResource,
} from "../../lib/rest/mod.ts";
import type { Services } from "../../lib/services.ts";
import type { StoredReach } from "../../lib/table_reach.ts";
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
  body: tokenRequest,
  status: 201,
  response: mintedResource,
  errors: ["ACCESS_DENIED", "ENDPOINT_NOT_READY"],
  async handle({ services, scope, body }) {
    const endpoints = body.endpoints === "all"
      ? "all"
      : await endpointIds(services, scope, body.endpoints);
    const tables: Record<string, StoredReach> = {};
    for (const [slug, reach] of Object.entries(body.tables)) {
      const [id] = await endpointIds(services, scope, [slug]);
      tables[id!] = reach;
    }
    const minted = await mintToken(services, scope, {
      ...body,
      endpoints,
      tables,
      expiresAt: body.expires_at ? new Date(body.expires_at) : null,
      networks: body.networks ?? null,
      callsPerMinute: body.calls_per_minute ?? null,
    });
    return { body: showMinted(minted) };
  },
});

const rotate = tenantRoute({
  method: "POST",
  path: "/v1/tokens/{id}/rotate",
  operation: "rotateToken",
  tag,
  summary: "Replace a token by a new one that may do the same",
  description:
    "The old one ends at once, or after an overlap, in which both are taken; never later " +
    "than it would have. A token is replaced once.",
  permission: "tokens:write",
  query: rotationQuery,
  status: 201,
  response: mintedResource,
  errors: ["NOT_FOUND", "CONFLICT", "ACCESS_DENIED"],
  async handle({ services, scope, params, query }) {
    const id = parseId<TokenId>(params["id"]!);
    const minted = await rotateToken(services, scope, id, query.overlap_seconds);
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
