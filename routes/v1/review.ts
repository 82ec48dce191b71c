import { z } from "zod";
import { type ChangeId, parseId } from "../../lib/ids.ts";
import {
  endpointRoute,
  fromCursor,
  pageOf,
  pageQuery,
  type RestInput,
  type RestRoute,
  reviewResource,
  showReview,
  toCursor,
} from "../../lib/rest/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  approveChange,
  listReview,
  readReview,
  refreshPreview,
  rejectChange,
} from "../../lib/tools/mod.ts";

const tag = "changes";

type Input = Pick<RestInput<EndpointScope, unknown, unknown>, "services" | "scope" | "params">;

const idOf = ({ params }: Input) => parseId<ChangeId>(params["id"]!);

/** Rows of a change that one answer holds. */
const ROWS = 20;

/** Answers a change as it stands after a decision. */
const shown = async (input: Input) => {
  const window = { rows: ROWS, shown: ROWS };
  return { body: showReview(await readReview(input.services, input.scope, idOf(input), window)) };
};

const list = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/review",
  operation: "listReview",
  tag,
  summary:
    "List the changes that wait for a person, the oldest first, or those that were decided on",
  description:
    "Each with the first rows that it would touch, as they were when it was asked for and as far " +
    "as the field rules show them now, every value to its end. What is answered counts as looked at by " +
    "this token.",
  permission: "changes:read",
  query: z.strictObject({
    ...pageQuery.shape,
    state: z.enum(["queued", "decided"]).default("queued"),
  }),
  status: 200,
  response: pageOf(reviewResource),
  errors: ["INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const after = fromCursor<ChangeId>(query.cursor);
    const { state, limit } = query;
    const { changes, next } = await listReview(services, scope, { state, after, limit }, {
      rows: ROWS,
      shown: ROWS,
    });
    return { body: { items: changes.map(showReview), next_cursor: next && toCursor(next) } };
  },
});

const approve = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/changes/{id}/approve",
  operation: "approveChange",
  tag,
  summary: "Approve a change that waits: it is done at once, or not at all",
  description:
    "Refused where rows have moved on since it was asked for; it waits on then. Refused, too, where it has " +
    "rows that this token has not read, unless `unseen_rows` says how many. A token approves nothing that " +
    "it asked for itself, and belongs to an owner or admin.",
  permission: "changes:decide",
  body: z.strictObject({
    version: z.string().max(64)
      .describe(
        "What was read; refused where it was looked at anew or the field rules changed since.",
      ),
    unseen_rows: z.int().min(0).default(0)
      .describe(
        "Rows that are approved without having been read, as the change tells: exactly so many.",
      ),
  }),
  status: 200,
  response: reviewResource,
  errors: ["NOT_FOUND", "CONFLICT", "WRITES_OFF"],
  async handle(input) {
    const { services, scope, body } = input;
    await approveChange(services, scope, idOf(input), {
      version: body.version,
      unseen: body.unseen_rows,
    });
    return await shown(input);
  },
});

const reject = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/changes/{id}/reject",
  operation: "rejectChange",
  tag,
  summary: "Reject a change that waits: it is never done",
  permission: "changes:decide",
  body: z.strictObject({
    note: z.string().trim().max(500).optional().describe("Why, for who asked."),
  }),
  status: 200,
  response: reviewResource,
  errors: ["NOT_FOUND", "CONFLICT"],
  async handle(input) {
    const { services, scope, body } = input;
    await rejectChange(services, scope, idOf(input), body.note || null);
    return await shown(input);
  },
});

const refresh = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/changes/{id}/refresh",
  operation: "refreshChange",
  tag,
  summary: "Look anew at what a change that waits would do",
  permission: "changes:decide",
  status: 200,
  response: reviewResource,
  errors: ["NOT_FOUND", "CONFLICT", "WRITES_OFF"],
  async handle(input) {
    await refreshPreview(input.services, input.scope, idOf(input));
    return await shown(input);
  },
});

/** Changes that wait for a person: listed, decided on. */
export const REVIEW_ROUTES: readonly RestRoute[] = [list, approve, reject, refresh];
