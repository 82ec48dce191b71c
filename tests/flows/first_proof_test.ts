/** Who proves an address owns its account: whatever was there before ends, on every path of proof. */
import assert from "node:assert/strict";
import type { UserId } from "../../lib/ids.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { ABILITIES } from "../../lib/principal.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { type CookieJar, requestOf, startSite } from "../harness/mod.ts";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { asSuperuser, isIn, member, PASSWORD, type Site } from "./accounts_setup.ts";

const ADA = "ada@example.com";

const userOf = async (site: Site, email: string): Promise<UserId> =>
  (await asSuperuser(
    site,
    (sql) => sql<{ id: UserId }[]>`SELECT id FROM users WHERE email = ${email}`,
  ))[0]!.id;

const sessionOf = async (site: Site, browser: CookieJar) =>
  (await readSession(site.services, browser.cookies.get("bulkhead_session")!))!;

const call = async (site: Site, token: string) => {
  const answer = await fetch(new URL("/v1/endpoints", site.server), {
    headers: { authorization: `Bearer ${token}` },
  });
  await answer.body?.cancel();
  return answer.status;
};

/**
 * An account as an earlier release let somebody make it with an address that is not theirs: never
 * proved, and with a session, a token, a connected app, a registered one, and an invitation.
 */
async function squatted(site: Site) {
  const squatter = await member(site, ADA);
  const session = await sessionOf(site, squatter);
  const scope = requestOf(principalOf(session));
  const { token } = await mintToken(site.services, scope, {
    name: "stolen",
    scope: "mcp:write",
    abilities: [...ABILITIES],
    endpoints: "all",
    expiresAt: null,
  });
  await squatter.submit("/team/invitations", { email: "eve@example.com", role: "owner" }, "/team");
  const invitation = await site.mail("eve@example.com");
  const { userId, tenantId } = session;
  const hash = () => crypto.getRandomValues(new Uint8Array(32));
  const ids = { client: crypto.randomUUID(), grant: crypto.randomUUID(), way: crypto.randomUUID() };
  const refresh = hash();
  await asSuperuser(site, async (sql) => {
    await sql`
      INSERT INTO oauth_clients (
        id, client_id, kind, tenant_id, name, redirect_uris, refreshes, auth_method, created_by
      ) VALUES (
        ${ids.client}, 'theirs', 'manual', ${tenantId}, 'Theirs', '[]', true, 'none', ${userId}
      )`;
    await sql`
      INSERT INTO oauth_clients (id, client_id, kind, name, redirect_uris, refreshes, auth_method)
      VALUES (${ids.way}, 'any', 'dynamic', 'Any', '[]', true, 'none')`;
    await sql`
      INSERT INTO oauth_grants (id, tenant_id, user_id, client, app_name, app_id, app_host)
      VALUES (${ids.grant}, ${tenantId}, ${userId}, ${ids.way}, 'Any', 'any', 'any.example')`;
    await sql`
      INSERT INTO oauth_authorizations (
        id, tenant_id, grant_id, scope, endpoints, code_hash, code_expires_at, code_challenge
      ) VALUES (
        ${ids.way}, ${tenantId}, ${ids.grant}, 'mcp', '{}', ${hash()}, now() + interval '1 hour',
        ${"c".repeat(43)}
      )`;
    await sql`
      INSERT INTO oauth_refresh_tokens (hash, tenant_id, authorization_id, expires_at)
      VALUES (${refresh}, ${tenantId}, ${ids.way}, now() + interval '1 day')`;
  });
  return { squatter, token, invitation, userId, tenantId, refresh };
}

/** What of the squatter's still stands, by the database. */
const left = (site: Site, userId: UserId) =>
  asSuperuser(site, async (sql) => {
    const [row] = await sql`
      SELECT
        (SELECT count(*)::int FROM tokens WHERE created_by = ${userId} AND revoked_at IS NULL)
          AS tokens,
        (SELECT count(*)::int FROM oauth_grants WHERE user_id = ${userId} AND revoked_at IS NULL)
          AS grants,
        (SELECT count(*)::int FROM oauth_authorizations WHERE revoked_at IS NULL) AS codes,
        (SELECT count(*)::int FROM oauth_refresh_tokens) AS refresh_tokens,
        (SELECT count(*)::int FROM oauth_clients WHERE created_by = ${userId}) AS clients,
        (SELECT count(*)::int FROM invitations WHERE invited_by = ${userId}) AS invitations`;
    return row;
  });

const NOTHING = {
  tokens: 0,
  grants: 0,
  codes: 0,
  refresh_tokens: 0,
  clients: 0,
  invitations: 0,
};

/** Takes back that an address was proved, as an earlier release left it. */
const unprove = (site: Site, userId: UserId) =>
  asSuperuser(site, (sql) => sql`UPDATE users SET email_verified_at = NULL WHERE id = ${userId}`);

/** Every path by which somebody shows that they read an address's mail. */
const PATHS: Record<string, (site: Site, owner: CookieJar) => Promise<number>> = {
  "sign-in link": async (site, owner) => {
    await owner.submit("/sign-in/mail", { email: ADA });
    return (await owner.submit((await site.mail(ADA)).path)).status;
  },
  "sign-in code": async (site, owner) => {
    await owner.submit("/sign-in/mail", { email: ADA });
    return (await owner.submit("/sign-in/code", { code: (await site.mail(ADA)).code })).status;
  },
  "sign-up code": async (site, owner) => {
    await owner.submit("/sign-up", { email: ADA, password: "the owner's own password" });
    return (await owner.submit("/sign-up/code", { code: (await site.mail(ADA)).code })).status;
  },
  "sign-up link": async (site, owner) => {
    await owner.submit("/sign-up", { email: ADA, password: "the owner's own password" });
    return (await owner.submit((await site.mail(ADA)).path)).status;
  },
  "password and code": async (site, owner) => {
    const asked = await owner.submit("/sign-in", { email: ADA, password: PASSWORD });
    assert.match(asked.location!, /^\/sign-up\/code/, "asks for the code first");
    return (await owner.submit("/sign-up/code", { code: (await site.mail(ADA)).code })).status;
  },
  "password reset": async (site, owner) => {
    await owner.submit("/password/forgotten", { email: ADA });
    const { path } = await site.mail(ADA);
    return (await owner.submit(path, { password: "the owner's own password" })).status;
  },
};

for (const [path, proveBy] of Object.entries(PATHS)) {
  Deno.test(`the first proof of an address ends what was there before: ${path}`, async () => {
    await using one = await startSite();
    await using two = await startSite({ control: one.control, origin: one.origin });
    const { squatter, token, invitation, userId, refresh } = await squatted(one);
    const kept = new Map(squatter.cookies);
    for (const site of [one, two]) {
      assert.equal(await call(site, token), 200, "it is in every process's cache");
      assert(await isIn(squatter.tab(site.server)));
    }
    await unprove(one, userId);
    const owner = one.browser();
    assert.equal(await proveBy(one, owner), 303);
    assert(await isIn(owner));
    for (const site of [two, one]) {
      const tab = squatter.tab(site.server);
      for (const [name, value] of kept) tab.cookies.set(name, value);
      assert(!await isIn(tab), "the session is over, in every process");
      assert.equal(await call(site, token), 401, "and the token is dead");
    }
    assert.deepEqual(await left(one, userId), NOTHING);
    const found = await one.services.control.lookup`
      SELECT FROM lookup.oauth_refresh_token(${refresh})`;
    assert.equal(found.length, 0, "no app refreshes");
    assert.equal((await one.browser().go(invitation.path)).status, 410);
    const back = await squatter.submit("/sign-in", { email: ADA, password: PASSWORD });
    assert.equal(back.status, path === "password and code" ? 303 : 401);
  });
}

Deno.test("an account that nobody proved is refused whatever an earlier release gave it", async () => {
  await using site = await startSite();
  const { token, userId, refresh } = await squatted(site);
  await unprove(site, userId);
  await site.services.replicas.forget("tokens.credential", []);
  site.services.caches.trust(false);
  assert.equal(await call(site, token), 401);
  const found = await site.services.control.lookup`
    SELECT FROM lookup.oauth_refresh_token(${refresh})`;
  assert.equal(found.length, 0);
});

Deno.test("the database gives an account that nobody proved nothing at all", async () => {
  await using site = await startSite();
  const { userId, tenantId, squatter } = await squatted(site);
  const session = await sessionOf(site, squatter);
  const scope = requestOf(principalOf(session));
  await unprove(site, userId);
  const refused = {
    code: "ACCESS_DENIED",
    message: "Verify your email first: sign out, and sign in again.",
  };
  await assert.rejects(
    mintToken(site.services, scope, {
      name: "late",
      scope: "mcp",
      abilities: ["rows:read"],
      endpoints: "all",
      expiresAt: null,
    }),
    refused,
  );
  await assert.rejects(createEndpoint(site.services, scope, "late"), refused);
  const asApp = (statement: string, ...values: string[]) =>
    site.services.control.tenant(tenantId, (tx) => tx.unsafe(statement, values));
  const uuid = () => crypto.randomUUID();
  const bytes = "sha256('x'::bytea)";
  const inserts: [string, string[]][] = [
    [
      `INSERT INTO invitations (id, tenant_id, email, role, hash, invited_by, expires_at)
       VALUES ($1, $2, 'x@example.com', 'viewer', ${bytes}, $3, now() + interval '1 day')`,
      [uuid(), tenantId, userId],
    ],
    [
      `INSERT INTO oauth_grants (id, tenant_id, user_id, client, app_name, app_id, app_host)
       SELECT $1, $2, $3, id, 'x', 'x', 'x' FROM oauth_clients LIMIT 1`,
      [uuid(), tenantId, userId],
    ],
    [
      `INSERT INTO oauth_authorizations (
         id, tenant_id, grant_id, scope, endpoints, code_hash, code_expires_at, code_challenge
       ) SELECT $1, $2, id, 'mcp', '{}', ${bytes}, now(), repeat('c', 43) FROM oauth_grants`,
      [uuid(), tenantId],
    ],
    [
      `INSERT INTO oauth_clients (
         id, client_id, kind, tenant_id, name, redirect_uris, refreshes, auth_method, created_by
       ) VALUES ($1, 'late', 'manual', $2, 'x', '[]', true, 'none', $3)`,
      [uuid(), tenantId, userId],
    ],
    [
      `SELECT lookup.create_session($1, ${bytes}, $3, $2, now() + interval '1 day', '', '', NULL)`,
      [uuid(), tenantId, userId],
    ],
  ];
  for (const [statement, values] of inserts) {
    await assert.rejects(asApp(statement, ...values), refused, statement);
  }
});

Deno.test("a change of address ends sessions and what was mailed to the old one, and keeps tokens", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const scope = requestOf(principalOf(await sessionOf(site, ada)));
  const { token } = await mintToken(site.services, scope, {
    name: "own",
    scope: "mcp",
    abilities: ["api:endpoints:read"],
    endpoints: "all",
    expiresAt: null,
  });
  const thief = site.browser();
  await thief.submit("/sign-in", { email: ADA, password: PASSWORD });
  assert(await isIn(thief));
  await ada.submit("/account/email", { email: "lovelace@example.com" });
  const { path } = await site.mail("lovelace@example.com");
  const reader = site.browser();
  await reader.submit("/sign-in/mail", { email: ADA });
  const old = await site.mail(ADA);
  await reader.submit("/password/forgotten", { email: ADA });
  const reset = await site.mail(ADA);
  assert.equal((await ada.submit(path)).location, "/account");
  assert(await isIn(ada), "who changed it goes on");
  assert(!await isIn(thief));
  assert.equal((await reader.go(old.path)).status, 410);
  assert.equal((await reader.submit("/sign-in/code", { code: old.code })).status, 401);
  assert.equal((await reader.go(reset.path)).status, 410);
  assert.equal(await call(site, token), 200);
  assert.equal((await userOf(site, "lovelace@example.com")).length, 36);
});
