import { ABILITIES, type Ability } from "../../principal.ts";

/** What each ability means to a person. */
export const ABILITY_TEXT: Readonly<Record<Ability, { label: string; hint: string }>> = {
  "rows:read": {
    label: "Read rows",
    hint: "List, filter, search, join, count and aggregate them.",
  },
  "rows:insert": {
    label: "Add rows",
    hint: "One, or up to 500 at once.",
  },
  "rows:update": {
    label: "Change rows",
    hint: "One by its key, or those that a filter finds.",
  },
  "rows:delete": {
    label: "Delete rows",
    hint: "One by its key, or those that a filter finds.",
  },
  "files:read": {
    label: "See imports",
    hint: "What was imported from files, and the rejected rows.",
  },
  "files:write": {
    label: "Import files",
    hint: "Create tables from files, append rows, and replace the rows of a table.",
  },
  "activity:read": {
    label: "See activity",
    hint: "Who did what, and when.",
  },
  "api:endpoints:read": {
    label: "See endpoints",
    hint: "Endpoints and their tables.",
  },
  "api:endpoints:write": {
    label: "Manage endpoints",
    hint: "Create, rebuild and delete endpoints, set their tables' field rules, stop writes.",
  },
  "api:changes:read": {
    label: "See changes",
    hint: "What agents changed in rows, and what waits for approval.",
  },
  "api:changes:write": {
    label: "Decide on changes",
    hint: "Approve, reject and undo changes.",
  },
  "api:tokens:read": {
    label: "See tokens",
    hint: "Names and reach of tokens, never the tokens themselves.",
  },
  "api:tokens:write": {
    label: "Manage tokens",
    hint: "Create, rotate and revoke tokens no mightier than this one.",
  },
};

const within = (...prefixes: string[]) =>
  ABILITIES.filter((ability) => prefixes.some((prefix) => ability.startsWith(prefix)));

/** The abilities as a form sets them out. */
export const ABILITY_GROUPS: readonly {
  legend: string;
  hint: string;
  abilities: readonly Ability[];
}[] = [
  {
    legend: "Rows",
    hint: "Over MCP. Changing them also needs an endpoint that takes writes.",
    abilities: within("rows:"),
  },
  {
    legend: "Files and activity",
    hint: "Of the endpoints that it reaches.",
    abilities: within("files:", "activity:"),
  },
  {
    legend: "REST API",
    hint: "For programs that manage; agents need none of it.",
    abilities: within("api:"),
  },
];
