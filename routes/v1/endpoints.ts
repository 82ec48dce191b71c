import { z } from "zod";
import { requireStanding } from "../../lib/auth/mod.ts";
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  listEndpoints,
} from "../../lib/endpoints/mod.ts";
import { AppError } from "../../lib/errors.ts";
import type { EndpointId, Slug } from "../../lib/ids.ts";
import { carryRest } from "../../lib/journal/mod.ts";
import type { RequestScope } from "../../lib/principal.ts";
import {
  endpointChange,
  endpointResource,
  endpointRoute,
  fromCursor,
  pageOf,
  pageQuery,
  type RestRoute,
  showEndpoint,
  tenantRoute,
  toCursor,
} from "../../lib/rest/mod.ts";
import type { Services } from "../../lib/services.ts";
import { exactName } from "../../lib/text/mod.ts";
import { setWrites } from "../../lib/tools/mod.ts";

const tag = "endpoints";

async function show(services: Services, scope: RequestScope, slug: Slug) {
  const view = (await listEndpoints(services, scope)).find((endpoint) => endpoint.slug === slug);
  // Removed between two queries: from now on it is like one that never was.
  if (!view) throw new AppError("ACCESS_DENIED");
  return showEndpoint(view, services.baseUrl);
}

const list = tenantRoute({
  method: "GET",
  path: "/v1/endpoints",
  operation: "listEndpoints",
  tag,
  summary: "List the endpoints that the token covers",
  permission: "endpoints:read",
  query: pageQuery,
  status: 200,
  response: pageOf(endpointResource),
  errors: ["INVALID_CURSOR"],
  async handle({ services, scope, query }) {
    const after = fromCursor<EndpointId>(query.cursor);
    const views = (await listEndpoints(services, scope)).sort((a, b) => a.id < b.id ? -1 : 1)
      .filter(({ id }) => after === null || id > after);
    const page = views.slice(0, query.limit);
    const last = page.at(-1);
    return {
      body: {
        items: page.map((view) => showEndpoint(view, services.baseUrl)),
        next_cursor: last && views.length > page.length ? toCursor(last.id) : null,
      },
    };
  },
});

const create = tenantRoute({
  method: "POST",
  path: "/v1/endpoints",
  operation: "createEndpoint",
  tag,
  summary: "Make an endpoint with a database of its own",
  description: "Takes a token that covers the whole tenant: a narrower one would not cover it.",
  permission: "endpoints:create",
  body: z.strictObject({ name: exactName }),
  status: 201,
  response: endpointResource,
  errors: ["ACCESS_DENIED", "PROVISIONING_FAILED"],
  async handle({ services, scope, body }) {
    if (scope.principal.endpoints !== "all") throw new AppError("ACCESS_DENIED");
    const { endpoint } = await createEndpoint(services, scope, body.name);
    return {
      body: await show(services, scope, endpoint.slug),
      location: `/v1/endpoints/${endpoint.slug}`,
    };
  },
});

const get = endpointRoute({
  method: "GET",
  path: "/v1/endpoints/{slug}",
  operation: "getEndpoint",
  tag,
  summary: "Get an endpoint",
  permission: "endpoints:read",
  status: 200,
  response: endpointResource,
  errors: [],
  handle: async ({ services, scope }) => ({
    body: await show(services, scope, scope.endpoint.slug),
  }),
});

const change = endpointRoute({
  method: "PATCH",
  path: "/v1/endpoints/{slug}",
  operation: "changeEndpoint",
  tag,
  summary: "Change an endpoint's name or settings",
  permission: "endpoints:change",
  body: endpointChange,
  status: 200,
  response: endpointResource,
  errors: [],
  async handle({ services, scope, body }) {
    const { writes, ...others } = body;
    if (writes) await setWrites(services, scope, writes);
    if (Object.keys(others).length) {
      await changeEndpoint(services, scope, {
        name: others.name,
        textFormat: others.text_format,
        publicLlmsTxt: others.public_llms_txt,
        newTables: others.new_tables,
      });
    }
    return { body: await show(services, scope, scope.endpoint.slug) };
  },
});

const remove = endpointRoute({
  method: "DELETE",
  path: "/v1/endpoints/{slug}",
  operation: "deleteEndpoint",
  tag,
  summary: "Delete an endpoint with all its data",
  permission: "endpoints:delete",
  status: 204,
  errors: [],
  async handle({ services, scope }) {
    const refusal = "Owners and admins delete endpoints, and their tokens.";
    await requireStanding(services, scope, "endpoints:delete", refusal);
    await deleteEndpoint(services, scope, carryRest);
    return { body: undefined };
  },
});

/** Endpoints: listed, made, shown, changed, deleted. */
export const ENDPOINT_ROUTES: readonly RestRoute[] = [list, create, get, change, remove];
