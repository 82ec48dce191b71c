import { z } from "zod";
import { ABILITIES } from "../principal.ts";
import { exactName } from "../text/mod.ts";
import {
  MAX_CALLS_PER_MINUTE,
  MAX_NETWORKS,
  MAX_OVERLAP_SECONDS,
  type MintedToken,
  type TokenView,
} from "../tokens/mod.ts";

const time = z.iso.datetime();

const tableReach = z.record(z.string().min(1).max(63), z.enum(["read", "write"]));

/** A token as `/v1` shows it: never the token itself. */
export const tokenResource = z.object({
  id: z.uuid(),
  name: z.string(),
  prefix: z.string().describe("The token's first 12 characters."),
  scope: z.enum(["mcp", "mcp:write"]),
  abilities: z.array(z.enum(ABILITIES)),
  endpoints: z.union([z.literal("all"), z.array(z.string())])
    .describe("Slugs of the endpoints that it covers; `all` means each, now and later."),
  tables: z.record(z.string(), tableReach).describe(
    "By endpoint's slug, the tables that it reaches where it does not reach all.",
  ),
  created_at: time,
  expires_at: time.nullable(),
  networks: z.array(z.string()).nullable()
    .describe("The networks, in CIDR notation, that it is taken from; null: from anywhere."),
  calls_per_minute: z.int().nullable().describe("Null: as many as it likes."),
  review: z.boolean().describe("Whether what it changes in rows waits for a person's approval."),
  replaced_by: z.uuid().nullable()
    .describe("The token that took its place when it was rotated; it goes on until it expires."),
  last_used_at: time.nullable().describe("To the minute."),
  last_used_network: z.string().nullable().describe("IPv4 /24, IPv6 /48."),
  unused: z.boolean().describe("Whether nobody has used it for 90 days."),
  team: z.boolean().describe(
    "Whether it is the team's, and outlives the membership of who made it.",
  ),
  minted_by: z.uuid().nullable().describe(
    "The token that made it, with which it ends; null: a person.",
  ),
  created_by: z.uuid().nullable()
    .describe("The member who made it, whose role bounds it unless it is the team's."),
}).meta({ id: "Token" });

/** A token that was made just now. */
export const mintedResource = z.object({
  token: z.string().describe("Shown here and never again."),
  ...tokenResource.shape,
}).meta({ id: "MintedToken" });

/** Shows a token's row. */
export function showToken(view: TokenView): z.input<typeof tokenResource> {
  return {
    id: view.id,
    name: view.name,
    prefix: view.prefix,
    scope: view.scope,
    abilities: [...view.abilities],
    endpoints: view.endpoints === "all" ? "all" : view.endpoints.map(({ slug }) => slug),
    tables: view.endpoints === "all" ? {} : Object.fromEntries(
      view.endpoints.flatMap(({ slug, tables }) => tables ? [[slug, { ...tables }]] : []),
    ),
    created_at: view.createdAt.toISOString(),
    expires_at: view.expiresAt?.toISOString() ?? null,
    networks: view.networks && [...view.networks],
    calls_per_minute: view.callsPerMinute,
    review: view.review,
    replaced_by: view.replacedBy,
    last_used_at: view.lastUsedAt?.toISOString() ?? null,
    last_used_network: view.lastUsedNetwork,
    unused: view.unused,
    team: view.team,
    minted_by: view.mintedBy,
    created_by: view.maker?.id ?? null,
  };
}

/** Shows a token that was made just now. */
export function showMinted({ token, view }: MintedToken): z.input<typeof mintedResource> {
  return { token, ...showToken(view) };
}

/** What is asked for in a new token. */
export const tokenRequest = z.strictObject({
  name: exactName,
  scope: z.enum(["mcp", "mcp:write"]).default("mcp")
    .describe("`mcp` only reads: abilities that change rows need `mcp:write`."),
  abilities: z.array(z.enum(ABILITIES)).min(1).max(ABILITIES.length)
    .describe("What it may do: at least one, and at most what this token has itself."),
  endpoints: z.union([z.literal("all"), z.array(z.string().max(63)).min(1).max(500)])
    .describe("Slugs of the endpoints that it covers; `all` means each, now and later."),
  tables: z.record(z.string().max(63), tableReach).default({}).describe(
    "By endpoint's slug, the tables that it reaches, each to `read` or to `write`; an endpoint that is " +
      "left out is reached whole, also tables that come later. At most what this token reaches itself.",
  ),
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
  team: z.boolean().default(false).describe(
    "Whether it is the team's: for tokens of the team alone, which make no others. The first of them is " +
      "made in the dashboard.",
  ),
});

/** How a token is rotated. */
export const rotationQuery = z.strictObject({
  overlap_seconds: z.string().refine((text) => /^\d{1,7}$/.test(text), "must be a whole number")
    .transform(Number).pipe(z.int().max(MAX_OVERLAP_SECONDS)).default(0)
    .meta({
      description: "For how long the old token goes on.",
      type: "integer",
      default: 0,
      minimum: 0,
      maximum: MAX_OVERLAP_SECONDS,
    }),
});
