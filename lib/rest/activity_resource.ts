import { z } from "zod";
import { type ActivityEntry, AUDIT_ACTIONS } from "../audit/mod.ts";

const id = z.uuid().nullable();

/** An entry of the activity log as `/v1` shows it. */
export const activityResource = z.object({
  id: z.uuid(),
  seq: z.string().describe("Its place in the team's log, which has no gaps."),
  at: z.iso.datetime(),
  action: z.enum(AUDIT_ACTIONS),
  actor_kind: z.enum(["dashboard", "mcp", "rest", "agent", "system"]),
  user_id: id,
  token_id: id,
  client_id: z.string().nullable().describe("The app that acted, as it presents itself."),
  endpoint_id: id,
  tool: z.string().nullable(),
  table: z.string().nullable(),
  subject: z.string().nullable(),
  network: z.string().nullable().describe("IPv4 /24, IPv6 /48."),
  request_id: id,
  detail: z.record(z.string(), z.unknown()),
}).meta({ id: "Activity" });

/** Shows an entry. */
export function showActivity(entry: ActivityEntry): z.input<typeof activityResource> {
  return {
    id: entry.id,
    seq: entry.seq,
    at: entry.at.toISOString(),
    action: entry.action,
    actor_kind: entry.kind,
    user_id: entry.userId,
    token_id: entry.tokenId,
    client_id: entry.appId,
    endpoint_id: entry.endpointId,
    tool: entry.tool,
    table: entry.table,
    subject: entry.subject,
    network: entry.network,
    request_id: entry.requestId,
    detail: { ...entry.detail },
  };
}
