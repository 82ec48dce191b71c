import { toCursor } from "../../lib/rest/mod.ts";
import { PAGES } from "../../routes/pages.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import type { Attempt } from "./answers.ts";
import type { Names } from "./world.ts";

const JSON_TYPE = { "content-type": "application/json" };

/** What a REST operation needs besides its path to get as far as possible. */
const REST_INPUT: Readonly<
  Record<string, (names: Names) => { query?: string; type?: string; body?: unknown }>
> = {
  changeEndpoint: () => ({ body: { name: "taken" } }),
  declareForeignKey: () => ({
    body: {
      table: "loose",
      column: "customer_id",
      references: { table: "customer", column: "id" },
    },
  }),
  putRules: () => ({
    body: {
      hidden: ["name"],
      read_only: [],
      insert: true,
      update: true,
      delete: true,
      row_filter: null,
    },
  }),
  dropForeignKey: () => ({ query: "?table=visit&column=customer_id" }),
  uploadFile: () => ({ query: "?file_name=a.csv", type: "text/csv", body: "a\n1\n" }),
  undoChange: () => ({ body: {} }),
  approveChange: () => ({ body: { version: "0", unseen_rows: 1 } }),
  rejectChange: () => ({ body: {} }),
  undoSince: ({ tokenId }) => ({ body: { token_id: tokenId, since: "2020-01-01T00:00:00Z" } }),
  mintToken: ({ slug }) => ({
    body: { name: "taken", abilities: ["rows:read"], endpoints: [slug] },
  }),
};

/** What the id in a path is an id of. */
const DECIDES = /\/review\/|\/(approve|reject|refresh)$/;

const idAt = (path: string, { ingestId, changeId, queuedId, tokenId }: Names) =>
  path.includes("/ingests/")
    ? ingestId
    : DECIDES.test(path)
    ? queuedId
    : path.includes("/changes/")
    ? changeId
    : tokenId;

/** Operations that name nothing which exists already. */
const NAMES_NOTHING = new Set(["createEndpoint", "exportActivity", "listAnchors"]);

/** Lists: their cursors are ids, which say nothing but where to go on. */
export const REST_LISTS = (names: Names): Attempt[] =>
  ["/v1/endpoints", "/v1/tokens", "/v1/activity"].flatMap((path) => [
    { title: `GET ${path}`, method: "GET", path },
    {
      title: `GET ${path} from another's id on`,
      method: "GET",
      path: `${path}?cursor=${toCursor(names.tokenId)}`,
    },
  ]);

/** Every REST operation, aimed at what is named; `own` stands for a slug that one may enter. */
export function restAttempts(names: Names, own: Names): Attempt[] {
  const covered = new Set([...NAMES_NOTHING, "listEndpoints", "listTokens", "listActivity"]);
  const attempts = REST_ROUTES.flatMap((route) => {
    const aims = route.path.includes("{slug}") && route.path.includes("{id}")
      ? [names, { ...names, slug: own.slug }, { ...own, slug: names.slug }]
      : [names];
    const { query = "", type, body } = REST_INPUT[route.operation]?.(names) ?? {};
    const isCrossed = route.path.includes("{") || body !== undefined;
    if (!isCrossed) return [];
    covered.add(route.operation);
    return aims.map((aim, index): Attempt => {
      const id = idAt(route.path, aim);
      return {
        title: `${route.operation} ${index}`,
        method: route.method,
        path: route.path.replace("{slug}", aim.slug).replace("{table}", "customer")
          .replace("{id}", id) + query,
        ...(body === undefined ? {} : {
          headers: type ? { "content-type": type } : JSON_TYPE,
          body: typeof body === "string" ? body : JSON.stringify(body),
        }),
      };
    });
  });
  const missed = REST_ROUTES.filter(({ operation }) => !covered.has(operation));
  if (missed.length) throw new Error(`not crossed: ${missed.map((route) => route.operation)}`);
  return attempts;
}

/** Arguments of each tool that show as much of the tables as it can. */
export const TOOL_ARGUMENTS: Readonly<Record<string, Record<string, unknown>>> = {
  describe_tables: {},
  list_rows: { table: "customer" },
  get_row: { table: "customer", key: 1 },
  filter_rows: {
    table: "customer",
    filter: { column: "name", op: "like", value: "%canary%" },
  },
  search_rows: { table: "customer", query: "one" },
  count_rows: { table: "customer" },
  aggregate_rows: {
    table: "customer",
    aggregates: [{ fn: "max", column: "name" }],
    group_by: [{ column: "city" }],
  },
  get_activity_log: {},
  join_rows: { table: "visit", joins: [{ table: "customer" }] },
};

/** Arguments of each tool that is there where rows may be changed. */
export const WRITE_ARGUMENTS = (
  { changeId, queuedId }: Names,
): Readonly<Record<string, Record<string, unknown>>> => ({
  insert_rows: { table: "customer", rows: [{ id: 70, name: "taken" }], idempotency_key: "k1" },
  update_row: { table: "customer", key: 1, values: { city: "taken" } },
  delete_row: { table: "loose", key: 1 },
  upsert_rows: { table: "customer", rows: [{ id: 2, name: "taken" }] },
  update_rows: {
    table: "customer",
    filter: { column: "id", op: "gte", value: 1 },
    values: { city: "taken" },
    expected_count: 2,
  },
  delete_rows: {
    table: "visit",
    filter: { column: "id", op: "gte", value: 1 },
    expected_count: 2,
  },
  undo_change: { change: changeId },
  get_change: { change: queuedId },
});

/** Every tool that changes rows, tried and in earnest, at what is named. */
export function mcpWriteAttempts(names: Names): Attempt[] {
  return Object.entries(WRITE_ARGUMENTS(names)).flatMap(([name, args]) =>
    [args, { ...args, dry_run: true }].flatMap((args) =>
      (["modern", "legacy"] as const).map((era) =>
        mcpAttempt(era, names.slug, "tools/call", { name, arguments: args })
      )
    )
  );
}

type Params = Record<string, unknown>;

const MODERN_META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** One MCP request of either era to an endpoint. */
export function mcpAttempt(
  era: "modern" | "legacy",
  slug: string,
  method: string,
  params: Params = {},
): Attempt {
  const name = params["name"] ?? params["uri"];
  const modern = era === "modern";
  return {
    title: `${era} ${method} ${name ?? ""}`,
    method: "POST",
    path: `/mcp/${slug}`,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": modern ? "2026-07-28" : "2025-11-25",
      ...(modern ? { "mcp-method": method } : {}),
      ...(modern && typeof name === "string" ? { "mcp-name": name } : {}),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method,
      params: modern ? { ...params, _meta: MODERN_META } : params,
    }),
  };
}

/** Every MCP method and tool, at what is named. */
export function mcpAttempts(names: Names): Attempt[] {
  const { slug } = names;
  const uri = `bulkhead://${slug}/tables/customer`;
  const shared: [method: string, params?: Params][] = [
    ["tools/list"],
    ["resources/list"],
    ["resources/templates/list"],
    ["resources/read", { uri }],
    ["no/such/method"],
    ...Object.entries(TOOL_ARGUMENTS).map(([name, args]): [string, Params] => [
      "tools/call",
      { name, arguments: args },
    ]),
  ];
  const initialize = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  };
  return [
    ...(["modern", "legacy"] as const).flatMap((era) =>
      shared.map(([method, params]) => mcpAttempt(era, slug, method, params))
    ),
    mcpAttempt("modern", slug, "server/discover"),
    mcpAttempt("modern", slug, "subscriptions/listen", { notifications: {} }),
    mcpAttempt("legacy", slug, "initialize", initialize),
    mcpAttempt("legacy", slug, "ping"),
    { title: "not JSON", method: "POST", path: `/mcp/${slug}`, headers: JSON_TYPE, body: "{" },
    ...["GET", "DELETE", "PUT"].map((method) => ({
      title: `${method} /mcp`,
      method,
      path: `/mcp/${slug}`,
    })),
    { title: "llms.txt", method: "GET", path: `/mcp/${slug}/llms.txt` },
    {
      title: "metadata",
      method: "GET",
      path: `/.well-known/oauth-protected-resource/mcp/${slug}`,
    },
  ];
}

/** Fields of pages' forms that get a write as far as possible. */
const FORMS: Readonly<Record<string, (names: Names) => Record<string, string>>> = {
  "/endpoints/:slug/review": ({ queuedId }) => ({
    decision: "approve",
    change: `${queuedId}:0`,
  }),
  "/endpoints/:slug/undo": ({ tokenId }) => ({
    by: `token:${tokenId}`,
    since: "2020-01-01T00:00",
  }),
  "/endpoints/:slug/settings": () => ({ name: "taken", text_format: "json" }),
  "/endpoints/:slug/writes": () => ({ writes: "direct" }),
  "/endpoints/:slug/access/:table": () => ({ do: "save", column: "name", access: "hidden" }),
  "/endpoints/:slug/foreign-keys": () => ({
    from: '["loose","customer_id"]',
    to: '["customer","id"]',
  }),
};

const FILE = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' +
  "a\n1\n\r\n--x--\r\n";

/** Every page whose address names something, at what is named, by a browser with this CSRF token. */
export function pageAttempts(names: Names, own: Names, csrfToken: string): Attempt[] {
  const write = (path: string, type: string, body: string): Attempt => ({
    title: `POST ${path}`,
    method: "POST",
    path,
    headers: { "x-csrf-token": csrfToken, "content-type": type },
    body,
  });
  return PAGES.filter(({ path }) => /:(slug|id)\b/.test(path)).flatMap((page) => {
    const aims = page.path.includes(":slug") && page.path.includes(":id")
      ? [names, { ...names, slug: own.slug }, { ...own, slug: names.slug }]
      : [names];
    return aims.flatMap((aim): Attempt[] => {
      const id = idAt(page.path, aim);
      const path = page.path.replace(":slug", aim.slug).replace(":table", "customer")
        .replace(":id", id);
      const fields = new URLSearchParams(FORMS[page.path]?.(names)).toString();
      return [
        ...(page.get ? [{ title: `GET ${page.path}`, method: "GET", path }] : []),
        ...(page.post ? [write(path, "application/x-www-form-urlencoded", fields)] : []),
        ...(page.upload ? [write(path, "multipart/form-data; boundary=x", FILE)] : []),
      ];
    });
  });
}
