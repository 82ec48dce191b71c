import { z } from "zod";
import { AppError } from "../../lib/errors.ts";
import { type ChangeId, type GrantId, parseId, type TokenId } from "../../lib/ids.ts";
import {
  isEntryId,
  listChanges,
  MAX_ENTRIES,
  readChange,
  undoChanges,
  type UndoTarget,
} from "../../lib/journal/mod.ts";
import {
  changeResource,
  endpointRoute,
  entryResource,
  pageOf,
  pageQuery,
  type RestRoute,
  showChange,
  showEntry,
  showUndo,
  undoResource,
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

const preview = z.boolean().default(false)
  .describe("Try everything and keep nothing, to see what would be refused and why.");

const HOW =
  `The latest first, in one transaction, ${MAX_ENTRIES} rows at most. A row that something speaks ` +
  "against is refused with a reason, the rest is done. What it does is a change itself.";

const undo = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/changes/{id}/undo",
  operation: "undoChange",
  tag,
  summary: "Take a change back, or one row of it",
  description: HOW,
  permission: "changes:undo",
  body: z.strictObject({
    preview,
    entry: z.string().refine(isEntryId, "must be the id of a row of a change").optional()
      .describe("One row of the change, by its id."),
  }),
  status: 200,
  response: undoResource,
  errors: ["NOT_FOUND", "CONFLICT"],
  async handle({ services, scope, params, body }) {
    const change = idOf(params);
    const { entry, preview } = body;
    const target: UndoTarget = entry === undefined
      ? { kind: "change", change }
      : { kind: "entry", entry, change };
    const result = await undoChanges(services, scope, target, { preview });
    return { body: showUndo(result, preview) };
  },
});

const undoSince = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/undo",
  operation: "undoSince",
  tag,
  summary: "Take back what a token or an app has changed since a time",
  description: HOW,
  permission: "changes:undo",
  body: z.strictObject({
    token_id: z.uuid().optional(),
    grant_id: z.uuid().optional().describe("The connection of an app."),
    since: time,
    preview,
  }),
  status: 200,
  response: undoResource,
  errors: ["CONFLICT"],
  async handle({ services, scope, body }) {
    const { token_id: token, grant_id: grant, preview } = body;
    if ((token === undefined) === (grant === undefined)) {
      throw new AppError("INVALID_ARGUMENTS", "Give either token_id or grant_id.");
    }
    const since = new Date(body.since);
    const target: UndoTarget = token === undefined
      ? { kind: "app", grant: grant as GrantId, since }
      : { kind: "token", token: token as TokenId, since };
    const result = await undoChanges(services, scope, target, { preview });
    return { body: showUndo(result, preview) };
  },
});

/** Changes of rows: listed, shown, taken back. */
export const CHANGE_ROUTES: readonly RestRoute[] = [list, get, undo, undoSince];
