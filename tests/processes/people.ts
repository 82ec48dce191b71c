/** People in browsers that are open at both processes. */
import assert from "node:assert/strict";
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { type Role, startSession } from "../../lib/auth/mod.ts";
import type { UserId } from "../../lib/ids.ts";
import { CookieJar, type TestTenant, testTenant } from "../harness/mod.ts";
import { App, dynamicApp, type Tokens } from "../oauth/app.ts";
import { Browser } from "../oauth/browser.ts";
import type { Endpoint } from "../oauth/house.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Process, Someone, Stage } from "./stage.ts";

/** A browser with the cookies of a session; `tab` opens it at the other process. */
export async function browserOf(
  stage: Stage,
  person: Pick<TestTenant, "tenantId" | "userId">,
): Promise<CookieJar> {
  const { access } = await startSession(stage.services, person, SYSTEM_ACTOR);
  const jar = new CookieJar(stage.one.origin);
  jar.cookies.set("bulkhead_session", access);
  return jar;
}

/** A browser of the OAuth tests with the cookies of a session. */
export class Borrowed extends Browser {
  constructor(readonly jar: CookieJar) {
    super(jar.origin);
  }

  override go(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("origin", this.origin);
    return this.jar.go(path, { ...init, headers });
  }
}

/** Somebody new in a team. */
export async function join(stage: Stage, team: TestTenant, role: Role): Promise<TestTenant> {
  const home = await testTenant(stage.services, "Home");
  await stage.admin`
    INSERT INTO members (tenant_id, user_id, role)
    VALUES (${team.tenantId}, ${home.userId}, ${role})`;
  const { principal } = team.scope;
  return {
    ...home,
    tenantId: team.tenantId,
    scope: {
      ...team.scope,
      principal: { ...principal, userId: home.userId, role, label: home.email },
    },
  };
}

/** Everything that somebody has in a team, each of it in use at the second process already. */
export interface Holdings {
  readonly userId: UserId;
  readonly jar: CookieJar;
  readonly there: CookieJar;
  readonly token: { readonly token: string; readonly id: string };
  /** Made with that token, and with this one in turn. */
  readonly child: { readonly token: string; readonly id: string };
  readonly grandchild: { readonly token: string; readonly id: string };
  readonly app: App;
  readonly access: Tokens;
}

/** An endpoint as apps are told of it. */
export const asEndpoint = (
  stage: Stage,
  { endpoint: { id, slug, name } }: EndpointScope,
): Endpoint => ({
  id,
  slug,
  name,
  url: `${stage.one.origin}/mcp/${slug}`,
});

const ALL = [
  "rows:read",
  "rows:update",
  "api:tokens:read",
  "api:tokens:write",
  "api:endpoints:read",
  "api:endpoints:write",
];

/** Makes with a token another that may do the same. */
export async function childOf(stage: Stage, at: Process, token: string) {
  const made = await stage.rest(at, token).ok(201, "POST", "/v1/tokens", {
    name: "child",
    scope: "mcp:write",
    abilities: ALL,
    endpoints: "all",
  });
  return { token: String(made["token"]), id: String(made["id"]) };
}

/** Gives somebody everything, and uses it at the second process, so that this knows all of it. */
export async function equip(
  stage: Stage,
  person: TestTenant,
  scope: EndpointScope,
): Promise<Holdings> {
  const jar = await browserOf(stage, person);
  const someone = { tenant: person, browser: new Borrowed(jar) } as unknown as Someone;
  const token = await stage.mint(someone);
  const child = await childOf(stage, stage.one, token.token);
  const grandchild = await childOf(stage, stage.one, child.token);
  const app = await dynamicApp(stage.house);
  const access = await app.connect(someone, [asEndpoint(stage, scope)], {}, true, false);
  const there = jar.tab(stage.two.origin);
  const held = { userId: person.userId, jar, there, token, child, grandchild, app, access };
  await lives(stage, scope, held);
  return held;
}

const update = { table: "item", key: 1, values: { n: 1 } };

/** What a bearer credential is answered at the second process: by MCP to read and to write, and by `/v1`. */
export async function answersTo(stage: Stage, scope: EndpointScope, token: string) {
  const read = await stage.call(stage.two, scope, token, "list_rows", { table: "item" });
  const write = await stage.call(stage.two, scope, token, "update_row", update);
  const rest = await stage.rest(stage.two, token).call("GET", "/v1/endpoints");
  return [read.status, write.status, rest.status];
}

/** Opens a page at the second process: its status. */
export async function statusOf(jar: CookieJar, path: string): Promise<number> {
  const answer = await jar.go(path);
  await answer.body?.cancel();
  return answer.status;
}

/** All of it works at the second process. */
export async function lives(stage: Stage, scope: EndpointScope, held: Holdings): Promise<void> {
  assert.equal(await statusOf(held.there, "/team"), 200);
  for (const { token } of [held.token, held.child, held.grandchild]) {
    assert.deepEqual(await answersTo(stage, scope, token), [200, 200, 200]);
  }
  assert.deepEqual(await answersTo(stage, scope, held.access.access), [200, 200, 401]);
}

/** None of it works at the second process any more. */
export async function isOver(stage: Stage, scope: EndpointScope, held: Holdings): Promise<void> {
  assert.equal((await held.there.go("/team")).headers.get("location"), "/sign-in?next=%2Fteam");
  for (const { token } of [held.token, held.child, held.grandchild]) {
    await tokenIsOver(stage, scope, token);
  }
  await appIsOver(stage, scope, held);
}

/** A token is refused at the second process. */
export async function tokenIsOver(
  stage: Stage,
  scope: EndpointScope,
  token: string,
): Promise<void> {
  assert.deepEqual(await answersTo(stage, scope, token), [401, 401, 401]);
}

/** An app is refused at the second process, and gets nothing new there. */
export async function appIsOver(stage: Stage, scope: EndpointScope, { app, access }: Holdings) {
  assert.deepEqual(await answersTo(stage, scope, access.access), [401, 401, 401]);
  const { status } = await app.refresh(access.refresh, {}, stage.replica(stage.two));
  assert.equal(status, 400);
}
