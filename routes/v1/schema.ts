import { z } from "zod";
import { declareForeignKey, dropForeignKey } from "../../lib/ingest/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import {
  endpointRoute,
  pageOf,
  pageQuery,
  type RestRoute,
  showTable,
  tableResource,
} from "../../lib/rest/mod.ts";
import { AppError } from "../../lib/errors.ts";
import type { Services } from "../../lib/services.ts";
import { readManifest, rebuildManifest } from "../../lib/tools/mod.ts";

const tag = "schema";

const tables = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}/tables",
  operation: "listTables",
  tag,
  summary: "List an endpoint's tables with their columns and keys",
  permission: "schema:read",
  query: pageQuery,
  status: 200,
  response: pageOf(tableResource),
  errors: ["INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const all = (await readManifest(services, scope)).tables;
    const start = startOf(query.cursor);
    const end = start + query.limit;
    return {
      body: {
        items: all.slice(start, end).map(showTable),
        next_cursor: end < all.length ? String(end) : null,
      },
    };
  },
});

/** A list of tables is one version of a manifest, in an order of its own: its place is a number. */
export function startOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^\d{1,6}$/.test(cursor)) throw new AppError("INVALID_CURSOR");
  return Number(cursor);
}

const rebuild = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/rebuild",
  operation: "rebuildEndpoint",
  tag,
  summary: "Make the tools anew from the tables as they are now",
  permission: "endpoints:change",
  status: 200,
  response: z.object({ manifest_version: z.int() }),
  errors: [],
  handle: async ({ services, scope }) => ({
    body: { manifest_version: await rebuildManifest(services, scope, "by hand") },
  }),
});

const identifier = z.string().min(1).max(63);

const foreignKey = z.strictObject({
  table: identifier,
  column: identifier,
  references: z.strictObject({ table: identifier, column: identifier }),
});

const rebuilder = (services: Services) => async (scope: EndpointScope) => {
  await rebuildManifest(services, scope, "foreign keys changed");
};

const declare = endpointRoute({
  method: "POST",
  path: "/v1/endpoints/{slug}/foreign-keys",
  operation: "declareForeignKey",
  tag,
  summary: "Declare a foreign key, which is checked against every row",
  permission: "endpoints:change",
  body: foreignKey,
  status: 201,
  response: foreignKey,
  errors: ["UNKNOWN_TABLE", "UNKNOWN_COLUMN", "CONFLICT", "FOREIGN_KEY_INVALID"],
  async handle({ services, scope, body }) {
    await declareForeignKey(services, scope, body, rebuilder(services));
    return { body };
  },
});

const drop = endpointRoute({
  method: "DELETE",
  path: "/v1/endpoints/{slug}/foreign-keys",
  operation: "dropForeignKey",
  tag,
  summary: "Take the foreign key of a column away",
  permission: "endpoints:change",
  query: z.strictObject({ table: identifier, column: identifier }),
  status: 204,
  errors: ["UNKNOWN_TABLE", "UNKNOWN_COLUMN", "NOT_FOUND"],
  async handle({ services, scope, query }) {
    await dropForeignKey(services, scope, query, rebuilder(services));
    return { body: undefined };
  },
});

/** What an endpoint's tables are, and how they hang together. */
export const SCHEMA_ROUTES: readonly RestRoute[] = [tables, rebuild, declare, drop];
