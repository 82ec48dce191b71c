/** What each row of the matrix sends: made anew for each request, so that none stands in another's way. */
import { newId, type TokenId } from "../../lib/ids.ts";
import type { MatrixWorld, Person } from "./matrix_world.ts";

/** A request, ready to be sent. */
export interface Aimed {
  readonly path: string;
  readonly fields?: Record<string, string>;
  readonly body?: unknown;
}

/** Whose own things are meant by a row. */
export type Maker = Pick<Person, "column" | "userId" | "home"> & {
  readonly token: { readonly id: TokenId; readonly secret: string };
};

/** Pages after which somebody is not what they were: they are sent by somebody made for it. */
export const SPENDS = new Set([
  "POST /sign-out",
  "POST /account/team",
  "POST /account/email",
  "POST /account/password",
  "POST /account/confirm",
  "POST /account/sessions/others",
  "POST /account/security/passkeys/:id/remove",
  "POST /account/security/authenticator",
  "POST /account/security/authenticator/confirm",
  "POST /account/security/authenticator/remove",
  "POST /account/security/recovery-codes",
  "POST /team/leave",
  "POST /team/transfer",
]);

/** The one of the row's word, made for the request. */
async function idFor(world: MatrixWorld, path: string, of: string, who: Maker): Promise<string> {
  const { bystander } = world;
  const isOver = who.column === "removed" || who.column === "unconfirmed";
  const maker = of === "own" && !isOver ? who.userId : bystander.userId;
  if (path.includes("/tokens/")) {
    // What is no member's any more was made when they were.
    if (of === "own" && who.column === "outsider") return who.token.id;
    return (await world.token(of === "team" ? world.team.userId : maker, of === "team")).id;
  }
  if (path.includes("/clients/")) return await world.client();
  if (path.startsWith("/apps/")) {
    const isOwn = of === "own" && !isOver && who.column !== "outsider";
    return await world.grant(isOwn ? who.userId : (await world.join("member")).userId);
  }
  if (path.includes("/invitations/")) return await world.invitation(world.team.userId);
  if (path.includes("/members/")) {
    return (await world.join(of === "owner" ? "owner" : "member")).userId;
  }
  if (path.includes("/sessions/")) {
    return of === "own" && who.column === "outsider"
      ? await world.session(who.userId, who.home.tenantId)
      : await world.session(maker);
  }
  if (path.includes("/passkeys/")) {
    return await world.passkey(of === "own" ? who.userId : (await world.join("member")).userId);
  }
  if (path.includes("/ingests/")) return await world.ingest();
  if (of === "line") return await world.change(await world.childAsker(who.token.secret));
  if (/\/review\/|\/(approve|reject|refresh)$/.test(path)) return await world.change(world.asker);
  if (path.includes("/changes/")) return await world.change(world.changer);
  return newId();
}

const RULES = {
  hidden: [],
  read_only: [],
  insert: true,
  update: true,
  delete: true,
  row_filter: null,
};

/** Fields of the forms, and bodies of `/v1`, by request. */
const SENT: Readonly<
  Record<
    string,
    (world: MatrixWorld, who: Maker, of: string, id: string) => unknown
  >
> = {
  "POST /account/team": (world, { column, home }) => ({
    team: column === "outsider" ? home.tenantId : world.team.tenantId,
  }),
  "POST /account/confirm": () => ({ password: "none of mine" }),
  "POST /account/confirm/code": () => ({ send: "yes" }),
  "POST /account/email": () => ({ email: `${newId()}@moved.example` }),
  "POST /account/password": () => ({ password: "correct horse battery" }),
  "POST /account/security/passkeys": () => ({ name: "key", credential: "{}" }),
  "POST /account/security/authenticator/confirm": () => ({ code: "000000" }),
  "POST /team/name": (world) => ({ name: world.team.scope.principal.label }),
  "POST /team/invitations": (_world, _who, of) => ({ email: `${newId()}@guest.example`, role: of }),
  "POST /team/members/:id/role": (_world, _who, of) => ({
    role: of === "member" || of === "owner" ? "viewer" : of.slice(3),
  }),
  "POST /team/transfer": async (world) => ({ member: (await world.join("member")).userId }),
  "POST /team/review-mail": () => ({ mail: "yes" }),
  "POST /team/two-factor": () => ({ required: "no" }),
  "POST /endpoints/:slug/settings": () => ({ name: "Data", text_format: "compact" }),
  "POST /endpoints/:slug/foreign-keys": async (world) => {
    await world.freeKey();
    return { from: '["loose","customer_id"]', to: '["customer","id"]' };
  },
  "POST /endpoints/:slug/access/:table": () => ({
    do: "preview",
    column: "name",
    access: "write",
    operations: "insert",
  }),
  "POST /endpoints/:slug/tables/open": () => ({ table: "customer" }),
  "POST /endpoints/:slug/new-tables": () => ({ new_tables: "open" }),
  "POST /endpoints/:slug/writes": () => ({ writes: "direct" }),
  "POST /endpoints/:slug/review": async (world) => {
    const id = await world.change(world.asker);
    return { decision: "reject", change: `${id}:0` };
  },
  "POST /endpoints/:slug/undo": (world) => ({
    by: `token:${world.team.userId}`,
    since: "2020-01-01T00:00",
  }),
  "POST /tokens/new": (world, _who, of) => ({
    name: "made",
    permissions: of === "writing" ? "write" : "read",
    reach: of === "all" ? "all" : "some",
    ...(of === "all" ? {} : { endpoints: world.scope.endpoint.slug }),
    ...(of === "team" ? { team: "yes" } : {}),
    expiry: "suggested",
  }),
  "POST /tokens/:id/rotate": () => ({ overlap: "0" }),
  "POST /apps/clients/new": () => ({
    name: "By hand",
    redirects: "https://hand.example/back",
    kind: "public",
  }),

  "POST /v1/endpoints": () => ({ name: "made" }),
  "PATCH /v1/endpoints/{slug}": () => ({ name: "Data" }),
  "PUT /v1/endpoints/{slug}/rules/{table}": () => RULES,
  "POST /v1/endpoints/{slug}/foreign-keys": async (world) => {
    await world.freeKey();
    return {
      table: "loose",
      column: "customer_id",
      references: { table: "customer", column: "id" },
    };
  },
  "DELETE /v1/endpoints/{slug}/foreign-keys": async (world) => void await world.setKey(),
  // What was read is what is approved; nobody else of these looked at it.
  "POST /v1/endpoints/{slug}/changes/{id}/approve": async (world, _who, _of, id) => ({
    version: await world.versionOf(id),
    unseen_rows: 1,
  }),
  "POST /v1/endpoints/{slug}/changes/{id}/reject": () => ({}),
  "POST /v1/endpoints/{slug}/changes/{id}/undo": () => ({}),
  "POST /v1/endpoints/{slug}/undo": (world) => ({
    user_id: world.team.userId,
    since: "2020-01-01T00:00:00Z",
  }),
  "POST /v1/tokens": () => ({ name: "made", abilities: ["rows:read"], endpoints: "all" }),
};

const QUERY: Readonly<Record<string, string>> = {
  "GET /endpoints/:slug/undo":
    "?by=token:018f0000-0000-7000-8000-000000000000&since=2020-01-01T00:00",
  "POST /v1/endpoints/{slug}/files": "?file_name=a.csv",
  "DELETE /v1/endpoints/{slug}/foreign-keys": "?table=loose&column=customer_id",
};

/** What would stand in the way of the other rows: it has an endpoint of its own. */
const CHANGES_ENDPOINT =
  /\/(settings|rebuild|foreign-keys|writes|off|new-tables|access\/|rules\/|\{slug\}$)/;

/** Aims a row at what it names. */
export async function aim(
  world: MatrixWorld,
  { method, path, of }: { method: string; path: string; of: string },
  who: Maker,
): Promise<Aimed> {
  const key = `${method} ${path}`;
  const isDeleting = key === "POST /endpoints/:slug/delete" ||
    key === "DELETE /v1/endpoints/{slug}";
  const at = isDeleting
    ? await world.endpoint("Short-lived")
    : CHANGES_ENDPOINT.test(path) && method !== "GET"
    ? world.spare
    : world.scope;
  const { slug } = at.endpoint;
  const id = /[:{]id/.test(path) ? await idFor(world, path, of, who) : "";
  const body = await SENT[key]?.(world, who, of, id);
  return {
    path: path.replace(/[:{]slug\}?/, slug).replace(/[:{]table\}?/, "customer")
      .replace(/[:{]secret\}?/, "x".repeat(43)).replace(/[:{]id\}?/, id) + (QUERY[key] ?? ""),
    ...(body === undefined ? {} : { fields: body as Record<string, string>, body }),
  };
}

const CALLS: Readonly<Record<string, Record<string, unknown>>> = {
  list_rows: { table: "customer" },
  update_row: { table: "customer", key: 1, values: { city: "Oslo" } },
  get_activity_log: {},
};

/** What a row of MCP asks: a method, or a tool by its name. */
export async function callOf(
  world: MatrixWorld,
  { path, of }: { path: string; of: string },
  secret: string,
  mayWrite: boolean,
): Promise<{ method: string; params: Record<string, unknown> }> {
  if (path.includes("/")) return { method: path, params: {} };
  const change = { change: await world.change(of === "own" && mayWrite ? secret : world.changer) };
  return { method: "tools/call", params: { name: path, arguments: CALLS[path] ?? change } };
}
