import { z } from "zod";
import type { EndpointView } from "../endpoints/mod.ts";

/** An endpoint as `/v1` shows it. */
export const endpointResource = z.object({
  slug: z.string().describe("Its name in addresses."),
  name: z.string(),
  status: z.enum(["provisioning", "ready", "deleting"]),
  mcp_url: z.url().describe("What an MCP client connects to."),
  manifest_version: z.int().describe("Rises whenever its tools change; 0 before there are any."),
  text_format: z.enum(["compact", "json"]).describe("Form of the text beside structured answers."),
  public_llms_txt: z.boolean().describe("Whether llms.txt is served without a token."),
  writes: z.enum(["off", "review", "direct"]).describe(
    "Whether agents may change rows: not at all, after a person has looked, or at once.",
  ),
  created_at: z.iso.datetime(),
}).meta({ id: "Endpoint" });

/** Shows an endpoint. */
export function showEndpoint(view: EndpointView, baseUrl: URL): z.input<typeof endpointResource> {
  return {
    slug: view.slug,
    name: view.name,
    status: view.status,
    mcp_url: new URL(`/mcp/${view.slug}`, baseUrl).href,
    manifest_version: view.manifestVersion,
    text_format: view.settings.textFormat,
    public_llms_txt: view.settings.publicLlmsTxt,
    writes: view.settings.writes,
    created_at: view.createdAt.toISOString(),
  };
}
