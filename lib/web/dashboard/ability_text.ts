import type { Ability } from "../../principal.ts";

/** What each ability means to a person. */
export const ABILITY_TEXT: Readonly<Record<Ability, { label: string; hint: string }>> = {
  "rows:read": {
    label: "Read rows",
    hint: "Over MCP: list, filter, search, join, count and aggregate rows.",
  },
  "rows:insert": {
    label: "Add rows",
    hint: "Over MCP, where the endpoint takes writes. Needs a token that may write.",
  },
  "rows:update": {
    label: "Change rows",
    hint: "Over MCP, where the endpoint takes writes. Needs a token that may write.",
  },
  "rows:delete": {
    label: "Delete rows",
    hint: "Over MCP, where the endpoint takes writes. Needs a token that may write.",
  },
  "files:read": {
    label: "See loads",
    hint: "Over the REST API: what was loaded from files, and the rows that were turned away.",
  },
  "files:write": {
    label: "Load files",
    hint: "Over the REST API: add data by handing in files.",
  },
  "activity:read": {
    label: "See activity",
    hint: "Over the REST API: who did what, and when.",
  },
  "api:endpoints:read": {
    label: "See endpoints",
    hint: "Over the REST API: endpoints and their tables.",
  },
  "api:endpoints:write": {
    label: "Manage endpoints",
    hint: "Over the REST API: create, rebuild and delete endpoints.",
  },
  "api:changes:read": {
    label: "See changes",
    hint: "Over the REST API: what agents changed in rows, and what waits for approval.",
  },
  "api:changes:write": {
    label: "Decide on changes",
    hint: "Over the REST API: approve, reject and undo changes, and set the tables' field rules.",
  },
  "api:tokens:read": {
    label: "See tokens",
    hint: "Over the REST API: names and reach of tokens, never the tokens themselves.",
  },
  "api:tokens:write": {
    label: "Manage tokens",
    hint: "Over the REST API: mint, rotate and revoke tokens no mightier than this one.",
  },
};
