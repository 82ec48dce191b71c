import assert from "node:assert/strict";
import { createSignInLink, startSession } from "../../lib/auth/mod.ts";
import { anchorAudit, SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { type EndpointId, newId, type TenantId, type UserId } from "../../lib/ids.ts";
import { connect, type Sql } from "../../lib/postgres/mod.ts";
import type { Services } from "../../lib/services.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { testCluster, testServices, testTenant } from "../harness/mod.ts";
import { controlTables, faultsOf, SHARED_TABLES } from "./row_security.ts";

/** Makes a tenant that has a row in every table. */
async function fullTenant(services: Services, superuser: Sql): Promise<TenantId> {
  const { tenantId, userId, scope } = await testTenant(services, "Lookalike");
  const { endpoint } = await createEndpoint(services, scope, "data");
  const { view } = await mintToken(services, scope, {
    name: "agent",
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: [endpoint.id],
  });
  await startSession(services, { tenantId, userId }, SYSTEM_ACTOR);
  await createSignInLink(services, { userId });
  services.usage.record({
    tenantId,
    endpointId: endpoint.id,
    tokenId: view.id,
    at: services.clock.now(),
    tool: "list_rows",
    status: "ok",
    latencyUs: 1,
  });
  await services.usage.flush();
  await superuser`
    INSERT INTO manifests (tenant_id, endpoint_id, version, reason, body)
    VALUES (${tenantId}, ${endpoint.id}, 1, 'test', '{}')`;
  await superuser`
    INSERT INTO ingests (id, tenant_id, endpoint_id, status, file_name)
    VALUES (${newId()}, ${tenantId}, ${endpoint.id}, 'done', 'data.csv')`;
  await superuser`
    INSERT INTO invitations (id, tenant_id, email, role, invited_by, hash, expires_at)
    VALUES (${newId()}, ${tenantId}, 'eve@tenant.example', 'viewer', ${userId},
      ${crypto.getRandomValues(new Uint8Array(32))}, now() + interval '1 day')`;
  await superuser.begin(async (tx) => {
    // Entries wait here until their transaction commits, and no longer: without its trigger one stays.
    await tx`SET LOCAL session_replication_role = replica`;
    await tx`
      INSERT INTO audit_pending (id, tenant_id, action, actor_kind)
      VALUES (${newId()}, ${tenantId}, 'team.renamed', 'system')`;
  });
  await superuser`
    INSERT INTO relays (endpoint_id, tenant_id, wanted_until)
    VALUES (${endpoint.id}, ${tenantId}, now())`;
  await addFactors(superuser, tenantId, userId);
  await superuser`INSERT INTO review_news (tenant_id, since) VALUES (${tenantId}, now())`;
  await connectApp(superuser, tenantId, userId, endpoint.id);
  await anchorAudit(services);
  return tenantId;
}

/** Gives a person second factors: a row in each of their tables. */
async function addFactors(superuser: Sql, tenantId: TenantId, userId: UserId): Promise<void> {
  const bytes = () => crypto.getRandomValues(new Uint8Array(32));
  await superuser`
    INSERT INTO held_forms (id, session_id, tenant_id, path, sealed, expires_at)
    SELECT ${newId()}, s.id, ${tenantId}, '/', ${bytes()}, now() FROM sessions s
    WHERE s.user_id = ${userId}`;
  await superuser`
    INSERT INTO passkeys
      (id, user_id, credential_id, public_key, sign_count, transports, synced, name)
    VALUES (${newId()}, ${userId}, ${bytes()}, ${bytes()}, 0, '[]', false, 'Laptop')`;
  await superuser`
    INSERT INTO known_places (user_id, browser, network)
    VALUES (${userId}, ${bytes()}, '192.0.2.0/24')`;
  await superuser`INSERT INTO authenticators (user_id, secret) VALUES (${userId}, ${bytes()})`;
  await superuser`INSERT INTO recovery_codes (user_id, hash) VALUES (${userId}, ${bytes()})`;
  await superuser`
    INSERT INTO pending_sign_ins (id, hash, user_id, expires_at)
    VALUES (${newId()}, ${bytes()}, ${userId}, now())`;
  await superuser`
    INSERT INTO factor_tries (id, user_id, browser) VALUES (${newId()}, ${userId}, ${newId()})`;
  await superuser`
    INSERT INTO passkey_challenges (hash, user_id, challenge, expires_at)
    VALUES (${bytes()}, ${userId}, ${"c".repeat(43)}, now())`;
}

/** Lets an app in: a row in each table of the authorization server. */
async function connectApp(
  superuser: Sql,
  tenantId: TenantId,
  userId: UserId,
  endpointId: EndpointId,
): Promise<void> {
  const [client, grant, authorization] = [newId(), newId(), newId()];
  const hash = () => crypto.getRandomValues(new Uint8Array(32));
  await superuser`
    INSERT INTO oauth_clients
      (id, client_id, kind, tenant_id, name, redirect_uris, refreshes, auth_method)
    VALUES (${client}, ${client}, 'manual', ${tenantId}, 'app', '[]', true, 'none')`;
  await superuser`
    INSERT INTO oauth_grants (id, tenant_id, user_id, client, app_name, app_id, app_host)
    VALUES (${grant}, ${tenantId}, ${userId}, ${client}, 'app', ${client}, 'app.example')`;
  await superuser`
    INSERT INTO oauth_grant_endpoints (tenant_id, grant_id, endpoint_id, scope)
    VALUES (${tenantId}, ${grant}, ${endpointId}, 'mcp')`;
  await superuser`
    INSERT INTO oauth_authorizations (
      id, tenant_id, grant_id, scope, endpoints, code_hash, code_expires_at, code_challenge
    ) VALUES (
      ${authorization}, ${tenantId}, ${grant}, 'mcp', ARRAY[${endpointId}::uuid], ${hash()}, now(),
      ${"c".repeat(43)}
    )`;
  await superuser`
    INSERT INTO oauth_refresh_tokens (hash, tenant_id, authorization_id, expires_at)
    VALUES (${hash()}, ${tenantId}, ${authorization}, now())`;
}

async function start() {
  const stack = new AsyncDisposableStack();
  const { services, control } = stack.use(await testServices());
  const { superuserUrl } = await testCluster();
  const url = new URL(superuserUrl);
  url.pathname = `/${control.database}`;
  const superuser = stack.adopt(connect(url.href, { max: 1 }), (sql) => sql.end());
  const app = stack.adopt(connect(control.appUrl, { max: 1 }), (sql) => sql.end());
  const mine = await fullTenant(services, superuser);
  const other = await fullTenant(services, superuser);
  return {
    superuser,
    app,
    faults: async () => {
      const found: string[] = [];
      for (const table of await controlTables(superuser)) {
        found.push(...await faultsOf(superuser, app, table, { mine, other }));
      }
      return found;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("each table of the control database shows a tenant its own rows alone", async () => {
  await using test = await start();
  const tables = (await controlTables(test.superuser)).map(({ name }) => name);
  assert.ok(tables.length > 12, tables.join(", "));
  for (const shared of Object.keys(SHARED_TABLES)) assert.ok(tables.includes(shared), shared);
  assert.deepEqual(await test.faults(), []);
});

Deno.test("the application's role owns nothing and passes by no policy", async () => {
  await using test = await start();
  const [self] = await test.app<{ role: string; bypass: boolean; owned: number }[]>`
    SELECT rolname AS role, rolbypassrls OR rolsuper OR rolcreaterole OR rolcreatedb AS bypass,
      (SELECT count(*)::int FROM pg_class WHERE relowner = r.oid
        AND relnamespace::regnamespace::text IN ('public', 'lookup')) AS owned
    FROM pg_roles r WHERE rolname = current_user`;
  assert.deepEqual({ bypass: self!.bypass, owned: self!.owned }, { bypass: false, owned: 0 });
  for (const statement of ["SET row_security = off", "SET ROLE bulkhead_lookup"]) {
    await test.app.begin(async (tx) => {
      await tx.unsafe(statement);
      await tx`SELECT count(*) FROM tokens`;
    }).then(
      () => assert.fail(`${statement} was let through`),
      (error) => assert.equal(error.code, "42501", statement),
    );
  }
});

// The suite is worth what it finds: each hole is dug, found, and goes with this test's database.
const HOLES: readonly [title: string, sql: string, found: RegExp][] = [
  [
    "a policy that is gone",
    "DROP POLICY tenant ON ingests",
    /^public\.ingests shows 0 rows of 1$/,
  ],
  [
    "a policy that lets everything through",
    "CREATE POLICY hole ON audit_events TO bulkhead_app USING (true)",
    /^public\.audit_events shows /,
  ],
  [
    "a policy that checks no new rows",
    "CREATE POLICY hole ON token_endpoints FOR INSERT TO bulkhead_app WITH CHECK (true)",
    /^public\.token_endpoints lets a row be given away/,
  ],
  [
    "a partition that can be reached by its own name",
    `GRANT USAGE ON SCHEMA audit_months TO bulkhead_app;
     GRANT SELECT ON audit_months.rest TO bulkhead_app`,
    /^audit_months\.rest is reached by SELECT/,
  ],
  [
    "a table whose owner passes by its policies",
    "ALTER TABLE sessions NO FORCE ROW LEVEL SECURITY",
    /^public\.sessions has no FORCE ROW LEVEL SECURITY$/,
  ],
  [
    "a new table without walls",
    `CREATE TABLE notes (tenant_id uuid, note text);
     GRANT SELECT ON notes TO bulkhead_app`,
    /^public\.notes has no FORCE ROW LEVEL SECURITY$/,
  ],
];

for (const [title, sql, found] of HOLES) {
  Deno.test(`the check of row security finds ${title}`, async () => {
    await using test = await start();
    await test.superuser.unsafe(sql);
    const faults = await test.faults();
    assert.ok(faults.some((fault) => found.test(fault)), faults.join("\n"));
  });
}
