import { z } from "zod";
import { ABILITIES } from "../principal.ts";
import type { MintedToken, TokenView } from "../tokens/mod.ts";

const time = z.iso.datetime();

/** A token as `/v1` shows it: never the token itself. */
export const tokenResource = z.object({
  id: z.uuid(),
  name: z.string(),
  prefix: z.string().describe("The token's first 12 characters."),
  scope: z.enum(["mcp", "mcp:write"]),
  abilities: z.array(z.enum(ABILITIES)),
  endpoints: z.union([z.literal("all"), z.array(z.string())])
    .describe("Slugs of the endpoints that it covers; `all` means each, now and later."),
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
    created_at: view.createdAt.toISOString(),
    expires_at: view.expiresAt?.toISOString() ?? null,
    networks: view.networks && [...view.networks],
    calls_per_minute: view.callsPerMinute,
    review: view.review,
    replaced_by: view.replacedBy,
    last_used_at: view.lastUsedAt?.toISOString() ?? null,
    last_used_network: view.lastUsedNetwork,
    unused: view.unused,
  };
}

/** Shows a token that was made just now. */
export function showMinted({ token, view }: MintedToken): z.input<typeof mintedResource> {
  return { token, ...showToken(view) };
}
