import type { Era } from "./protocol.ts";
import type { McpTarget } from "./host.ts";

/**
 * What a target can do, as `ServerCapabilities`. Changes are told on `subscriptions/listen` and log
 * levels come with each request, so the legacy era has neither: there both need a session.
 */
export function capabilitiesOf(target: McpTarget, era: Era): Record<string, object> {
  const modern = era === "modern";
  const list = modern && target.watch ? { listChanged: true } : {};
  return {
    tools: list,
    ...(target.resources ? { resources: list } : {}),
    ...(target.prompts ? { prompts: list } : {}),
    ...(target.prompts?.complete ? { completions: {} } : {}),
    ...(modern && target.logging ? { logging: {} } : {}),
  };
}
