import { z } from "zod";
import { type ChangeId, parseId } from "../../lib/ids.ts";
import { endpointRoute, type RestRoute, reviewResource, showReview } from "../../lib/rest/mod.ts";
import { readReview } from "../../lib/tools/mod.ts";

const read = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/review/{id}",
  operation: "readReview",
  tag: "changes",
  summary:
    "Read a change that waits or was decided on, with the rows that it would touch, page by page",
  description:
    "What is answered counts as looked at by this token, until the change is looked at anew.",
  permission: "changes:read",
  query: z.strictObject({
    after_rows: z.coerce.number().int().min(0).max(1_000_000).default(0)
      .describe("Rows to leave out: `next_rows` of the page before."),
    limit: z.coerce.number().int().min(1).max(500).default(100),
  }),
  status: 200,
  response: reviewResource,
  errors: ["NOT_FOUND"],
  async handle(input) {
    const { services, scope, query } = input;
    const id = parseId<ChangeId>(input.params["id"]!);
    const window = { after: query.after_rows, rows: query.limit, shown: query.limit };
    return { body: showReview(await readReview(services, scope, id, window)) };
  },
});

/** One change that waits, with its rows page by page. */
export const REVIEWED_ROUTES: readonly RestRoute[] = [read];
