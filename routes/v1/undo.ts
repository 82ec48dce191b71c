import { z } from "zod";
import { AppError } from "../../lib/errors.ts";
import { type ChangeId, type GrantId, parseId, type TokenId, type UserId } from "../../lib/ids.ts";
import { isEntryId, MAX_ENTRIES, type UndoTarget } from "../../lib/journal/mod.ts";
import { undoAndRebuild } from "../../lib/tools/mod.ts";
import { endpointRoute, type RestRoute, showUndo, undoResource } from "../../lib/rest/mod.ts";

const tag = "changes";

const time = z.iso.datetime({ offset: true });

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
    const change = parseId<ChangeId>(params["id"]!);
    const { entry, preview } = body;
    const target: UndoTarget = entry === undefined
      ? { kind: "change", change }
      : { kind: "entry", entry, change };
    const result = await undoAndRebuild(services, scope, target, { preview });
    return { body: showUndo(result, preview) };
  },
});

interface Since {
  readonly token_id?: string | undefined;
  readonly grant_id?: string | undefined;
  readonly user_id?: string | undefined;
  readonly since: string;
}

function sinceTarget(body: Since): UndoTarget {
  const { token_id: token, grant_id: grant, user_id: person } = body;
  const since = new Date(body.since);
  if ([token, grant, person].filter((id) => id !== undefined).length !== 1) {
    throw new AppError("INVALID_ARGUMENTS", "Give one of token_id, grant_id and user_id.");
  }
  if (token !== undefined) return { kind: "token", token: token as TokenId, since };
  return grant !== undefined
    ? { kind: "app", grant: grant as GrantId, since }
    : { kind: "person", person: person as UserId, since };
}

const undoSince = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/undo",
  operation: "undoSince",
  tag,
  summary: "Take back what a token, an app or a person has changed since a time",
  description: HOW,
  permission: "changes:undo",
  body: z.strictObject({
    token_id: z.uuid().optional(),
    grant_id: z.uuid().optional().describe("The connection of an app."),
    user_id: z.uuid().optional().describe("Somebody's own acts, through no token and no app."),
    since: time,
    preview,
  }),
  status: 200,
  response: undoResource,
  errors: ["CONFLICT"],
  async handle({ services, scope, body }) {
    const { preview } = body;
    const target = sinceTarget(body);
    const result = await undoAndRebuild(services, scope, target, { preview });
    return { body: showUndo(result, preview) };
  },
});

/** Changes of rows: taken back. */
export const UNDO_ROUTES: readonly RestRoute[] = [undo, undoSince];
