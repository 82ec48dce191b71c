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
import {
  listTokens,
  MAX_CALLS_PER_MINUTE,
  MAX_NETWORKS,
  MAX_OVERLAP_SECONDS,
  mintToken,
  revokeToken,
  rotateToken,
} from "../../lib/tokens/mod.ts";

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
  networks: z.array(z.string().max(50)).min(1).max(MAX_NETWORKS).nullish()
    .describe(
      "Addresses and ranges (`192.0.2.0/24`, `2001:db8::/32`) that it is taken from, all within those " +
        "of this token; null: from anywhere.",
    ),
  calls_per_minute: z.int().min(1).max(MAX_CALLS_PER_MINUTE).nullish()
    .describe("At most as many as this token may make; each replica counts for itself."),
  review: z.boolean().default(false)
    .describe("Whether what it changes in rows waits for a person's approval."),
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
    const minted = await mintToken(services, scope, {
      ...body,
      endpoints,
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
  query: z.strictObject({
    overlap_seconds: z.string().refine((text) => /^\d{1,7}$/.test(text), "must be a whole number")
      .transform(Number).pipe(z.int().max(MAX_OVERLAP_SECONDS)).default(0)
      .meta({
        description: "For how long the old token goes on.",
        type: "integer",
        default: 0,
        minimum: 0,
        maximum: MAX_OVERLAP_SECONDS,
      }),
  }),
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
