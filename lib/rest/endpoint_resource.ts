import { z } from "zod";
import type { EndpointView } from "../endpoints/mod.ts";
import { exactName } from "../text/mod.ts";

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
  new_tables: z.enum(["auto", "open", "wait"]).describe(
    "Whether a table that is loaded is open to whoever reaches all tables, or waits until a person opens " +
      "it; `auto`: it waits once a field rule or a reach of tables has been set.",
  ),
  created_at: z.iso.datetime(),
}).meta({ id: "Endpoint" });

/** What is asked to change of an endpoint: its name, or what may be set. */
export const endpointChange = z.strictObject({
  name: exactName.optional(),
  text_format: endpointResource.shape.text_format.optional(),
  public_llms_txt: endpointResource.shape.public_llms_txt.optional(),
  writes: z.literal("off").optional().describe(
    "Stops writing by agents. To let them write is for a person, in the dashboard.",
  ),
  new_tables: z.literal("wait").optional().describe(
    "Lets new tables wait to be opened. To open them is for a person, in the dashboard.",
  ),
}).refine((body) => Object.keys(body).length > 0, "name at least one thing to change");

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
    new_tables: view.settings.newTables,
    created_at: view.createdAt.toISOString(),
  };
}
