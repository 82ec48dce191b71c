import {
  askedRules,
  endpointRoute,
  pageOf,
  pageQuery,
  type RestRoute,
  rulesRequest,
  rulesResource,
  showRules,
} from "../../lib/rest/mod.ts";
import { readRules, readTableRules, setRules } from "../../lib/tools/mod.ts";
import { startOf } from "./schema.ts";

const tag = "rules";

const list = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/rules",
  operation: "listRules",
  tag,
  summary: "List what agents see and may do in each table",
  permission: "rules:read",
  query: pageQuery,
  status: 200,
  response: pageOf(rulesResource),
  errors: ["INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const all = await readRules(services, scope);
    const start = startOf(query.cursor);
    const end = start + query.limit;
    return {
      body: {
        items: all.slice(start, end).map(showRules),
        next_cursor: end < all.length ? String(end) : null,
      },
    };
  },
});

const get = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/rules/{table}",
  operation: "getRules",
  tag,
  summary: "Get what agents see and may do in a table",
  permission: "rules:read",
  status: 200,
  response: rulesResource,
  errors: ["UNKNOWN_TABLE"],
  handle: async ({ services, scope, params }) => ({
    body: showRules(await readTableRules(services, scope, params["table"]!)),
  }),
});

const put = endpointRoute({
  method: "PUT",
  path: "/v1/endpoints/{slug}/rules/{table}",
  operation: "putRules",
  tag,
  summary: "Set what agents see and may do in a table",
  description:
    "Replaces the table's rules. They hold in the database's own grants and row policies, in every " +
    "tool, in the journal and in exports.",
  permission: "rules:write",
  body: rulesRequest,
  status: 200,
  response: rulesResource,
  errors: ["UNKNOWN_TABLE", "UNKNOWN_COLUMN"],
  async handle({ services, scope, params, body }) {
    const table = params["table"]!;
    await setRules(services, scope, table, askedRules(body));
    return { body: showRules(await readTableRules(services, scope, table)) };
  },
});

/** Field rules: read and set. */
export const RULES_ROUTES: readonly RestRoute[] = [list, get, put];
