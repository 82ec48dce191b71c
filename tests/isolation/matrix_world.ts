/** One team with somebody in every role and state, everything that can be theirs, and the whole site. */
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import {
  changeRole,
  readSession,
  removeMember,
  type Role,
  type Session,
  startSession,
} from "../../lib/auth/mod.ts";
import { createEndpoint, openEndpoint } from "../../lib/endpoints/mod.ts";
import { type ClientId, newId, type TokenId, type UserId } from "../../lib/ids.ts";
import { startIngest } from "../../lib/ingest/mod.ts";
import { registerManualClient } from "../../lib/oauth/mod.ts";
import { randomSecret, sha256Hex } from "../../lib/crypto/mod.ts";
import { connect } from "../../lib/postgres/mod.ts";
import { ABILITIES, type EndpointScope } from "../../lib/principal.ts";
import { listen } from "../../lib/start/listen.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { rebuildManifest, setWrites } from "../../lib/tools/mod.ts";
import { createHandler } from "../../routes/handler.ts";
import {
  type Json,
  requestOf,
  testCluster,
  testServices,
  type TestTenant,
  testTenant,
  testToken,
} from "../harness/mod.ts";
import { dynamicApp } from "../oauth/app.ts";
import { Browser } from "../oauth/browser.ts";
import type { House } from "../oauth/house.ts";
import { loadTables } from "../tools/fixture.ts";
import type { Column } from "./matrix.ts";

/** What stands in the team's things alone. */
export const CANARY = "canaryofthematrix";

/** Somebody in the team, as they are after what a column tells of them. */
export interface Person {
  readonly column: Column;
  readonly userId: UserId;
  readonly email: string;
  /** Where they are members besides. */
  readonly home: TestTenant;
  /** Of the browser, started as the column tells. */
  readonly cookie: string;
  readonly csrf: string;
  /** With every ability for every endpoint, made while they might make it. */
  readonly token: { readonly id: TokenId; readonly secret: string };
  /** Of an app that they let in while they might, to write where they might; null where they were not asked. */
  readonly app: string | null;
}

/** The role in which somebody starts. */
const FIRST: Readonly<Record<Column, Role>> = {
  owner: "owner",
  admin: "admin",
  member: "member",
  viewer: "viewer",
  demoted: "admin",
  stale: "owner",
  removed: "admin",
  unconfirmed: "admin",
  outsider: "admin",
};

const FREE = "ALTER TABLE loose DROP CONSTRAINT IF EXISTS loose_customer_id_fkey";

const OWNERS = { kept: [], revoked: [] };

/** The site and the team. */
export async function openMatrix() {
  await using stack = new AsyncDisposableStack();
  const listener = listen("127.0.0.1", 0);
  const origin = `http://127.0.0.1:${listener.port}`;
  const test = stack.use(await testServices({ baseUrl: origin }));
  const { services, control } = test;
  const handler = await createHandler(services);
  listener.serve(handler);
  stack.defer(() => listener.close());
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${control.database}`;
  const admin = stack.adopt(connect(url.href, { max: 2 }), (sql) => sql.end({ timeout: 1 }));

  const team = await testTenant(services, `Team ${CANARY}`);
  const { tenantId } = team;
  const scope = await endpoint(`Data ${CANARY}`);
  const founder = await session(team);
  const house = { origin, services, admin, logLines: test.logLines } as unknown as House;
  const app = await dynamicApp(house);
  let peers = 0;

  async function endpoint(name: string): Promise<EndpointScope> {
    return await createEndpoint(services, team.scope, name);
  }

  async function session(of: TestTenant): Promise<Session> {
    const { access } = await startSession(services, of, SYSTEM_ACTOR);
    return (await readSession(services, access))!;
  }

  /** A request of somebody of the team who has everything, whatever became of them since. */
  const asOf = (userId: UserId) => requestOf({ ...team.scope.principal, userId });

  async function token(userId: UserId, ofTeam = false) {
    const { token, view } = await mintToken(services, asOf(userId), {
      name: `agent ${CANARY}`,
      scope: "mcp:write",
      abilities: ABILITIES,
      endpoints: "all",
      team: ofTeam,
    });
    return { id: view.id, secret: token };
  }

  /** Somebody new, in the team besides their own. */
  async function join(role: Role): Promise<TestTenant> {
    const home = await testTenant(services, "Home");
    await admin`
      INSERT INTO members (tenant_id, user_id, role) VALUES (${tenantId}, ${home.userId}, ${role})`;
    return home;
  }

  /** A request straight to the handler, each from a network of its own. */
  async function send(path: string, init: RequestInit, headers: Record<string, string>) {
    peers += 1;
    const peer = `10.${peers >> 8 & 255}.${peers & 255}.7`;
    const request = new Request(origin + path, {
      ...init,
      headers: { ...headers, ...init.headers as Record<string, string> },
    });
    const answer = await handler.answer(request, peer);
    return {
      status: answer.status,
      location: answer.headers.get("location"),
      /** What the page that this leads to says; empty where it says nothing. */
      said: answer.headers.getSetCookie().map((one) =>
        /^bulkhead_notice=([^;]+)/.exec(one)?.[1] ?? ""
      )
        .join(""),
      text: await answer.text(),
    };
  }

  const asBrowser = (cookie: string) => ({ cookie: `bulkhead_session=${cookie}`, origin });

  async function csrfOf(cookie: string): Promise<string> {
    const { text } = await send("/account", {}, asBrowser(cookie));
    return /name="csrf_token" value="([^"]+)"/.exec(text)![1]!;
  }

  const { id, slug, name } = scope.endpoint;
  const reached = { id, slug, name, url: `${origin}/mcp/${slug}` };

  /** A browser in which somebody is signed in, for what takes several pages. */
  const browserOf = (cookie: string): Browser =>
    new class extends Browser {
      override go(path: string, init: RequestInit = {}) {
        const headers = new Headers(init.headers);
        headers.set("cookie", `bulkhead_session=${cookie}`);
        return fetch(new URL(path, origin), { ...init, headers, redirect: "manual" });
      }
    }(origin);

  const demote = (userId: UserId) => changeRole(services, founder, userId, "viewer", SYSTEM_ACTOR);

  /** Somebody new, who has been through what the column tells. */
  async function person(column: Column, withApp = false): Promise<Person> {
    const home = await join(FIRST[column]);
    const { userId, email } = home;
    const made = await token(userId);
    let { access: cookie } = await startSession(services, { tenantId, userId }, SYSTEM_ACTOR);
    if (column === "stale") {
      await admin`
        UPDATE sessions SET authenticated_at = now() - interval '11 minutes'
        WHERE user_id = ${userId}`;
    }
    // Nothing of an unconfirmed one was used before: what made the state is behind the product's back.
    let csrf = column === "unconfirmed" ? "none" : await csrfOf(cookie);
    const access = withApp
      ? (await app.connect(
        { tenant: home, browser: browserOf(cookie) },
        [reached],
        {},
        column !== "viewer",
        false,
      )).access
      : null;
    if (column === "demoted") await demote(userId);
    if (column === "removed" || column === "outsider") {
      await removeMember(services, founder, userId, OWNERS, SYSTEM_ACTOR);
    }
    if (column === "outsider") {
      ({ access: cookie } = await startSession(services, home, SYSTEM_ACTOR));
      csrf = await csrfOf(cookie);
    }
    if (column === "unconfirmed") {
      await admin`UPDATE users SET email_verified_at = NULL WHERE id = ${userId}`;
      // The product never does that, so nothing has told it: it looks again when its leases are over.
      const hashes = [made.secret, access ?? ""].map(sha256Hex);
      const [session] = await admin`SELECT id FROM sessions WHERE user_id = ${userId}`;
      await services.replicas.forget("auth.sessions", [session!["id"]]);
      await services.replicas.forget("tokens.credentials", hashes);
    }
    return { column, userId, email, home, cookie, csrf, token: made, app: access };
  }

  const spare = await endpoint(`Spare ${CANARY}`);
  for (const one of [scope, spare]) {
    await loadTables(
      services,
      one,
      `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, city text);
     CREATE TABLE visit (id int PRIMARY KEY, customer_id int REFERENCES customer, note text);
     CREATE TABLE loose (id int PRIMARY KEY, customer_id int);
     INSERT INTO customer VALUES (1, '${CANARY} one', 'Oslo'), (2, '${CANARY} two', 'Bergen');
     INSERT INTO visit VALUES (1, 1, '${CANARY} visit'), (2, 2, NULL);
     INSERT INTO loose VALUES (1, 1)`,
    );
  }
  for (const one of [scope, spare]) {
    await setWrites(services, one, "direct");
    await rebuildManifest(services, one, "test");
  }
  const bystander = await join("member");

  const ingest = async (of = scope) =>
    (await startIngest(services, of, {
      fileName: `${CANARY}.csv`,
      body: new Response("id,name\n1,a\n").body!,
      options: { mode: "create" },
      allowDuplicate: true,
    })).id;

  /** A connection of somebody's, as the consent page makes it. */
  async function grant(userId: UserId): Promise<string> {
    const id = newId();
    await admin`
      INSERT INTO oauth_grants (id, tenant_id, user_id, client, app_name, app_id, app_host)
      SELECT ${id}, ${tenantId}, ${userId}, c.id, 'App', 'app', 'app.example'
      FROM oauth_clients c WHERE c.client_id = ${app.clientId}
      ON CONFLICT (tenant_id, user_id, client) WHERE revoked_at IS NULL DO NOTHING`;
    const [row] = await admin`
      SELECT id FROM oauth_grants
      WHERE tenant_id = ${tenantId} AND user_id = ${userId} AND revoked_at IS NULL`;
    return row!["id"];
  }

  const { secret: changer } = await token(bystander.userId);
  const { token: asker } = await mintToken(services, asOf(bystander.userId), {
    name: `asker ${CANARY}`,
    scope: "mcp:write",
    abilities: ABILITIES,
    endpoints: "all",
    review: true,
  });
  let keys = 100;

  /** Calls a tool, or lists them. */
  const mcp = (secret: string, method: string, params: Json, slug: string) =>
    send(`/mcp/${slug}`, {
      method: "POST",
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    }, {
      authorization: `Bearer ${secret}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
    });

  async function change(secret: string): Promise<string> {
    const { text } = await mcp(secret, "tools/call", {
      name: "insert_rows",
      arguments: { table: "loose", rows: [{ id: keys++, customer_id: 1 }] },
    }, scope.endpoint.slug);
    const made = JSON.parse(text).result?.structuredContent?.change;
    if (!made) throw new Error(text);
    return made;
  }

  async function asOwner(sql: string): Promise<void> {
    const lease = await openEndpoint(services, spare, "owner");
    try {
      await lease.sql.unsafe(sql);
    } finally {
      lease.release();
    }
  }

  const kept = stack.move();
  return {
    services,
    origin,
    admin,
    team,
    scope,
    spare,
    app,
    house,
    person,
    join,
    token,
    send,
    asBrowser,
    demote,
    bystander,
    endpoint,
    ingest,
    grant,
    removed: (userId: UserId, teamTokens: readonly TokenId[]) =>
      removeMember(services, founder, userId, { kept: teamTokens, revoked: [] }, SYSTEM_ACTOR),
    session: async (userId: UserId, at = tenantId) =>
      (await session({ ...team, userId, tenantId: at })).id,
    async invitation(by: UserId): Promise<string> {
      const id = newId();
      await admin`
        INSERT INTO invitations (id, tenant_id, email, role, hash, invited_by, expires_at)
        VALUES (${id}, ${tenantId}, ${`${id}@guest.example`}, 'viewer',
          decode(repeat(md5(${id}), 2), 'hex'), ${by}, now() + interval '1 day')`;
      return id;
    },
    async client(): Promise<ClientId> {
      const { clientId } = await registerManualClient(services, team.scope, {
        name: "By hand",
        redirectUris: ["https://hand.example/back"],
        confidential: false,
      });
      const [row] = await admin`SELECT id FROM oauth_clients WHERE client_id = ${clientId}`;
      return row!["id"];
    },
    /** Takes the link between two tables away, so that it can be declared; or declares it. */
    freeKey: () => asOwner(FREE),
    setKey: () =>
      asOwner(`${FREE}; ALTER TABLE loose ADD FOREIGN KEY (customer_id) REFERENCES customer`),
    /** What is shown of a change that waits. */
    async versionOf(change: string): Promise<string> {
      const path = `/v1/endpoints/${scope.endpoint.slug}/review/${change}`;
      const { text } = await send(path, {}, { authorization: `Bearer ${changer}` });
      return JSON.parse(text).version;
    },
    /** A token of somebody's own team, who is an outsider to this one. */
    foreign: (home: TestTenant) => testToken(services, home),
    /** A token under review that another one makes; where that makes none here, somebody's. */
    async childAsker(secret: string): Promise<string> {
      const { status, text } = await send(
        "/v1/tokens",
        {
          method: "POST",
          body: JSON.stringify({
            name: "child",
            scope: "mcp:write",
            abilities: ["rows:read", "rows:insert"],
            endpoints: [scope.endpoint.slug],
            review: true,
          }),
        },
        { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      );
      return status === 201 ? JSON.parse(text).token : asker;
    },
    /** A change of a row, done or queued, by a token. */
    change,
    changer,
    asker,
    async passkey(userId: UserId): Promise<string> {
      const id = newId();
      await admin`
        INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, transports, synced, name)
        VALUES (${id}, ${userId}, ${
        new TextEncoder().encode(randomSecret())
      }, '\\x01', 0, '[]', false, 'key')`;
      return id;
    },
    mcp,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What that answers. */
export type MatrixWorld = Awaited<ReturnType<typeof openMatrix>>;
