import assert from "node:assert/strict";
import { createEndpoint, endpointRoles, openEndpoint } from "../../lib/endpoints/mod.ts";
import { connect, quoteIdent } from "../../lib/postgres/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { testCluster, testServices, testTenant } from "../harness/mod.ts";
import { connected, outcome, state, unrefused, urlOf } from "./direct.ts";
import { EFFECTLESS_STATEMENTS, HOSTILE_STATEMENTS, ROW_CHANGES } from "./statements.ts";

/** Fills an endpoint as a load does: one exposed table, one that is not, one half loaded. */
async function fill(services: Services, scope: EndpointScope): Promise<void> {
  const { reader } = await endpointRoles(services, scope);
  const { sql, release } = await openEndpoint(services, scope, "owner");
  await sql.unsafe(`
    CREATE TABLE public.customer (id int PRIMARY KEY, name text);
    INSERT INTO public.customer VALUES (1, 'Ada');
    GRANT SELECT ON public.customer TO ${quoteIdent(reader)};
    CREATE TABLE public.hidden (id int);
    CREATE SCHEMA IF NOT EXISTS staging;
    CREATE TABLE staging.draft (id int);
  `);
  release();
}

async function start() {
  const stack = new AsyncDisposableStack();
  const { services, control } = stack.use(await testServices());
  const make = async (name: string) => {
    const tenant = await testTenant(services, name);
    const endpoint = await createEndpoint(services, tenant.scope, "data");
    await fill(services, endpoint);
    return endpoint;
  };
  const [a, b] = [await make("A"), await make("B")];
  return { services, control, a, b, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

for (const login of ["reader", "writer"] as const) {
  Deno.test(`the database refuses an endpoint's ${login} every hostile statement`, async () => {
    await using test = await start();
    const url = await urlOf(test.services, test.a, login);
    const before = await state(url);
    const statements = login === "reader"
      ? [...ROW_CHANGES, ...HOSTILE_STATEMENTS]
      : HOSTILE_STATEMENTS;
    assert.deepEqual(await unrefused(url, statements), []);
    assert.deepEqual(await state(url), before);
  });

  Deno.test(`what the database lets an endpoint's ${login} say without effect has none`, async () => {
    await using test = await start();
    const url = await urlOf(test.services, test.a, login);
    const before = await state(url);
    await connected(url, async (sql) => {
      await sql`SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE`;
      for (const statement of EFFECTLESS_STATEMENTS) await outcome(sql, statement);
    });
    assert.deepEqual(await state(url), before);
  });
}

Deno.test("a reader changes no row while its role's own setting holds either", async () => {
  await using test = await start();
  const url = await urlOf(test.services, test.a, "reader");
  await connected(url, async (sql) => {
    const [row] = await sql`SHOW default_transaction_read_only`;
    assert.equal(row!["default_transaction_read_only"], "on");
    for (const { sql: statement } of ROW_CHANGES) {
      assert.match(await outcome(sql, statement), /^(25006|42501)$/, statement);
    }
  });
});

Deno.test("no role of an endpoint enters another database or another role", async () => {
  await using test = await start();
  const { superuser } = await testCluster();
  const other = await urlOf(test.services, test.b, "reader");
  const databases = (await superuser<{ name: string }[]>`
    SELECT datname AS name FROM pg_database
    WHERE datname IN ('postgres', 'template0', 'template1', 'bulkhead_base', ${test.control.database})
      OR datname LIKE 'bh\\_template\\_%' OR datname = ${other.pathname.slice(1)}`)
    .map(({ name }) => name);
  assert.ok(databases.length >= 7, databases.join(", "));
  for (const login of ["owner", "writer", "reader"] as const) {
    const own = await urlOf(test.services, test.a, login);
    for (const database of databases) {
      const url = new URL(own);
      url.pathname = `/${database}`;
      const state = await connected(url, (sql) => outcome(sql, "SELECT 1"));
      // invalid_authorization, insufficient_privilege, or a database that takes no connections.
      assert.ok(["28000", "42501", "55000"].includes(state), `${login} in ${database}: ${state}`);
    }
    const asOther = new URL(own);
    asOther.username = other.username;
    assert.equal(await connected(asOther, (sql) => outcome(sql, "SELECT 1")), "28P01");
    const roles = [other.username, ...["o", "w", "r"].map((kind) => roleOf(own, kind))];
    // What a person lets happen is done by the owner, acting as the writer and under its grants.
    const allowed = login === "owner" ? [own.username, roleOf(own, "w")] : [own.username];
    for (const role of roles.filter((role) => !allowed.includes(role))) {
      const state = await connected(own, (sql) => outcome(sql, `SET ROLE ${quoteIdent(role)}`));
      assert.equal(state, "42501", `${login} as ${role}`);
    }
  }
});

/** Another role of the same endpoint. */
const roleOf = (url: URL, kind: string) => url.username.replace(/_[owr]$/, `_${kind}`);

// What Postgres grants to everybody and cannot be asked to refuse. Each is shown to reach nobody else.

Deno.test("what a reader may NOTIFY is heard in its own database alone", async () => {
  await using test = await start();
  const [mine, others] = [
    await urlOf(test.services, test.a, "reader"),
    await urlOf(test.services, test.b, "reader"),
  ];
  const heard: string[] = [];
  const listener = connect(others.href, { max: 1 });
  const same = connect(mine.href, { max: 1 });
  const own = Promise.withResolvers<void>();
  await listener.listen("note", (payload) => void heard.push(payload));
  await same.listen("note", () => own.resolve());
  await connected(mine, (sql) => sql.unsafe("NOTIFY note, 'canary'"));
  await own.promise;
  // Notices arrive in order, so whatever there was would have come before this one.
  const flushed = Promise.withResolvers<void>();
  await listener.listen("flush", () => flushed.resolve());
  await connected(others, (sql) => sql.unsafe("NOTIFY flush"));
  await flushed.promise;
  assert.deepEqual(heard, []);
  await Promise.all([listener.end({ timeout: 1 }), same.end({ timeout: 1 })]);
});

Deno.test("the role names that a reader can find out by number say nothing", async () => {
  await using test = await start();
  const url = await urlOf(test.services, test.a, "reader");
  const other = await urlOf(test.services, test.b, "owner");
  const rows = await connected(url, (sql) =>
    sql<{ name: string }[]>`
      SELECT DISTINCT pg_get_userbyid(n::oid) AS name FROM generate_series(10, 200000) n`);
  const names = rows.map(({ name }) => name);
  assert.ok(names.includes(other.username));
  assert.match(other.username, /^bh_[0-9a-z]{16}_o$/);
});
