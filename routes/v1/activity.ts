import { z } from "zod";
import { AUDIT_ACTIONS, exportActivity, listActivity, listAnchors } from "../../lib/audit/mod.ts";
import { AppError } from "../../lib/errors.ts";
import type { AnyId, EndpointId, TokenId, UserId } from "../../lib/ids.ts";
import {
  activityResource,
  fromCursor,
  pageOf,
  pageQuery,
  type RestRoute,
  showActivity,
  tenantRoute,
  toCursor,
} from "../../lib/rest/mod.ts";

const tag = "activity";

const name = z.string().min(1).max(2000).optional();

const time = z.iso.datetime({ offset: true }).optional();

const date = (text: string | undefined) => text === undefined ? undefined : new Date(text);

const list = tenantRoute({
  method: "GET",
  path: "/v1/activity",
  operation: "listActivity",
  tag,
  summary: "List what happened, newest first",
  description: "A token that covers some endpoints only is shown what concerns those alone.",
  permission: "activity:read",
  query: z.strictObject({
    ...pageQuery.shape,
    user_id: z.uuid().optional(),
    token_id: z.uuid().optional(),
    client_id: name.describe("An app: what it did, and what befell its connections."),
    endpoint_id: z.uuid().optional(),
    tool: name,
    table: name,
    action: z.enum(AUDIT_ACTIONS).optional(),
    since: time,
    until: time.describe("Not itself included."),
  }),
  status: 200,
  response: pageOf(activityResource),
  errors: ["INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const { entries, next } = await listActivity(services, scope, {
      userId: query.user_id as UserId | undefined,
      tokenId: query.token_id as TokenId | undefined,
      app: query.client_id,
      endpointId: query.endpoint_id as EndpointId | undefined,
      tool: query.tool,
      table: query.table,
      action: query.action,
      since: date(query.since),
      until: date(query.until),
    }, { after: fromCursor<AnyId>(query.cursor), limit: query.limit });
    return { body: { items: entries.map(showActivity), next_cursor: next && toCursor(next) } };
  },
});

const MEDIA = { ndjson: "application/x-ndjson", csv: "text/csv; charset=utf-8" } as const;

const download = tenantRoute({
  method: "GET",
  path: "/v1/activity/export",
  operation: "exportActivity",
  tag,
  summary: "Export the whole log, oldest first",
  description:
    "NDJSON carries the hashes that `deno task audit:verify` checks; there is no export of a part, " +
    "which could not be checked. Takes a token that covers the whole tenant.",
  permission: "activity:read",
  query: z.strictObject({ format: z.enum(["ndjson", "csv"]).default("ndjson") }),
  status: 200,
  media: ["application/x-ndjson", "text/csv"],
  errors: ["ACCESS_DENIED"],
  async handle({ services, scope, query }) {
    const body = await exportActivity(services, scope, query.format);
    return { body: body as never, media: MEDIA[query.format] };
  },
});

const anchor = z.object({
  seq: z.string().describe("The number of the entry that it anchors."),
  hash: z.string().describe("That entry's hash: 64 hexadecimal digits."),
  at: z.iso.datetime(),
  statement: z.string().describe(
    "The anchor as a compact JWS (RFC 7515), signed with Ed25519 by a key of " +
      "`/.well-known/bulkhead-audit-keys.json`.",
  ),
}).meta({ id: "Anchor" });

const anchors = tenantRoute({
  method: "GET",
  path: "/v1/activity/anchors",
  operation: "listAnchors",
  tag,
  summary: "List signed anchors of the log, newest first",
  description: "An anchor states where the log stood. Keep some where nobody can change them: " +
    "`deno task audit:verify --anchors` then finds a log that was rewritten or cut off at its end. " +
    "Takes a token that covers the whole tenant.",
  permission: "activity:read",
  query: z.strictObject({
    limit: pageQuery.shape.limit,
    cursor: pageQuery.shape.cursor,
  }),
  status: 200,
  response: pageOf(anchor),
  errors: ["ACCESS_DENIED", "INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const before = query.cursor ?? null;
    // The number of an entry, which fits a bigint.
    if (before !== null && !/^[1-9]\d{0,17}$/.test(before)) throw new AppError("INVALID_CURSOR");
    const page = { before, limit: query.limit };
    const { anchors, next } = await listAnchors(services, scope, page);
    return {
      body: {
        items: anchors.map((anchor) => ({ ...anchor, at: anchor.at.toISOString() })),
        next_cursor: next,
      },
    };
  },
});

/** What happened: listed, exported, anchored. */
export const ACTIVITY_ROUTES: readonly RestRoute[] = [list, download, anchors];
