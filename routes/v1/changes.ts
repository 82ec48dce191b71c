import { z } from "zod";
import { type ChangeId, parseId } from "../../lib/ids.ts";
import { listChanges, readChange } from "../../lib/journal/mod.ts";
import {
  changeResource,
  endpointRoute,
  entryResource,
  pageOf,
  pageQuery,
  type RestRoute,
  showChange,
  showEntry,
} from "../../lib/rest/mod.ts";

const tag = "changes";

const idOf = (params: Readonly<Record<string, string>>) => parseId<ChangeId>(params["id"]!);

const time = z.iso.datetime({ offset: true });

const list = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/changes",
  operation: "listChanges",
  tag,
  summary: "List what was changed in an endpoint's rows, newest first",
  permission: "changes:read",
  query: z.strictObject({
    ...pageQuery.shape,
    token_id: z.uuid().optional(),
    grant_id: z.uuid().optional(),
    user_id: z.uuid().optional().describe("Somebody's own acts, through no token and no app."),
    tool: z.string().max(100).optional(),
    table: z.string().max(200).optional(),
    since: time.optional(),
  }),
  status: 200,
  response: pageOf(changeResource),
  errors: ["INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const { changes, next } = await listChanges(services, scope, {
      token: query.token_id,
      grant: query.grant_id,
      person: query.user_id,
      tool: query.tool,
      table: query.table,
      since: query.since === undefined ? undefined : new Date(query.since),
    }, { after: query.cursor ?? null, limit: query.limit });
    return { body: { items: changes.map(showChange), next_cursor: next } };
  },
});

const get = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/changes/{id}",
  operation: "getChange",
  tag,
  summary: "Get a change with its rows, in the order in which they happened",
  description: "Rows that a field rule filters out are counted, and hidden columns are left out.",
  permission: "changes:read",
  query: pageQuery,
  status: 200,
  response: z.object({
    change: changeResource,
    rows: z.array(entryResource),
    not_shown: z.int(),
    next_cursor: z.string().nullable().describe("Null on the last page of rows."),
  }),
  errors: ["NOT_FOUND", "INVALID_CURSOR"],
  async handle({ services, scope, params, query }) {
    const page = { after: query.cursor ?? null, limit: query.limit };
    const change = await readChange(services, scope, idOf(params), page);
    return {
      body: {
        change: showChange(change),
        rows: change.entries.map(showEntry),
        not_shown: change.notShown,
        next_cursor: change.next,
      },
    };
  },
});

/** Changes of rows: listed, shown. */
export const CHANGE_ROUTES: readonly RestRoute[] = [list, get];
