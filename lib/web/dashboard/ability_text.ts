import type { Ability } from "../../principal.ts";

/** What each ability means to a person. */
export const ABILITY_TEXT: Readonly<Record<Ability, { label: string; hint: string }>> = {
  "rows:read": {
    label: "Read rows",
    hint: "Over MCP: list, filter, search, join, count and aggregate rows.",
  },
  "files:write": {
    label: "Load files",
    hint: "Add data by handing in files.",
  },
  "api:endpoints:read": {
    label: "See endpoints",
    hint: "Over the REST API: endpoints, their tables and their loads.",
  },
  "api:endpoints:write": {
    label: "Manage endpoints",
    hint: "Over the REST API: create, rebuild and delete endpoints.",
  },
  "api:tokens:read": {
    label: "See tokens",
    hint: "Over the REST API: names and reach of tokens, never the tokens themselves.",
  },
  "api:tokens:write": {
    label: "Manage tokens",
    hint: "Over the REST API: mint, rotate and revoke tokens no mightier than this one.",
  },
  "activity:read": {
    label: "See activity",
    hint: "Over the REST API: who did what, and when.",
  },
};
