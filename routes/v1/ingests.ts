import { z } from "zod";
import { type IngestId, parseId } from "../../lib/ids.ts";
import {
  cancelIngest,
  getIngest,
  listIngests,
  listRejects,
  MAX_FILE_BYTES,
  startIngest,
  uploadFromRequest,
  uploadOptions,
} from "../../lib/ingest/mod.ts";
import {
  endpointRoute,
  fromCursor,
  ingestResource,
  pageOf,
  pageQuery,
  rejectResource,
  type RestRoute,
  showIngest,
  showReject,
  toCursor,
} from "../../lib/rest/mod.ts";

const tag = "files";

const idOf = (params: Readonly<Record<string, string>>) => parseId<IngestId>(params["id"]!);

const upload = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/files",
  operation: "uploadFile",
  tag,
  summary: "Hand in a file to be loaded",
  description:
    "Answers as soon as the file is stored; follow the load at `Location`. What is not said of the " +
    "file is detected. The same bytes are refused a second time unless `allow_duplicate` is true.",
  permission: "files:write",
  query: z.strictObject({
    file_name: z.string().max(1000).optional()
      .describe("For a raw body, unless `X-File-Name` or `Content-Disposition` names it."),
    ...uploadOptions.shape,
  }),
  streamed: {
    description: `The file's own bytes, or a form with the file as its last part: ` +
      `CSV, TSV, JSON or NDJSON, ${MAX_FILE_BYTES} bytes at most.`,
    fields: uploadOptions,
  },
  status: 202,
  response: ingestResource,
  errors: ["DUPLICATE_FILE", "CANCELLED", "CONFLICT"],
  async handle({ services, scope, request }) {
    const { fileName, body, options, allowDuplicate } = await uploadFromRequest(
      request,
      MAX_FILE_BYTES,
    );
    const ingest = await startIngest(services, scope, { fileName, body, options, allowDuplicate });
    return {
      body: showIngest(ingest),
      location: `/v1/endpoints/${scope.endpoint.slug}/ingests/${ingest.id}`,
    };
  },
});

const list = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/ingests",
  operation: "listIngests",
  tag,
  summary: "List an endpoint's loads, newest first",
  permission: "files:read",
  query: pageQuery,
  status: 200,
  response: pageOf(ingestResource),
  errors: ["INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const after = fromCursor<IngestId>(query.cursor);
    const ingests = await listIngests(services, scope, { after, limit: query.limit + 1 });
    const page = ingests.slice(0, query.limit);
    const last = page.at(-1);
    return {
      body: {
        items: page.map(showIngest),
        next_cursor: last && ingests.length > page.length ? toCursor(last.id) : null,
      },
    };
  },
});

const get = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/ingests/{id}",
  operation: "getIngest",
  tag,
  summary: "Get a load: where it stands, and what became of the file",
  permission: "files:read",
  status: 200,
  response: ingestResource,
  errors: ["NOT_FOUND"],
  handle: async ({ services, scope, params }) => ({
    body: showIngest(await getIngest(services, scope, idOf(params))),
  }),
});

const cancel = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/ingests/{id}/cancel",
  operation: "cancelIngest",
  tag,
  summary: "Cancel a load",
  description: "A load that is being worked on ends a moment later, unless it is done before.",
  permission: "files:write",
  status: 200,
  response: ingestResource,
  errors: ["NOT_FOUND", "CONFLICT"],
  handle: async ({ services, scope, params }) => ({
    body: showIngest(await cancelIngest(services, scope, idOf(params))),
  }),
});

const rejects = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/ingests/{id}/rejects",
  operation: "listRejects",
  tag,
  summary: "List the rows that a load set aside, in the order of the file",
  permission: "files:read",
  query: pageQuery,
  status: 200,
  response: pageOf(rejectResource),
  errors: ["NOT_FOUND", "INVALID_CURSOR"],
  async handle({ services, scope, params, query }) {
    const { limit, cursor: after } = query;
    const page = await listRejects(services, scope, idOf(params), { limit, after });
    return { body: { items: page.rejects.map(showReject), next_cursor: page.next } };
  },
});

/** Files and their loads: handed in, followed, cancelled. */
export const INGEST_ROUTES: readonly RestRoute[] = [upload, list, get, cancel, rejects];
