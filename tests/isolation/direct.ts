import { openEndpoint } from "../../lib/endpoints/mod.ts";
import { connect, type Sql, sqlState } from "../../lib/postgres/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { testCluster } from "../harness/mod.ts";
import type { HostileStatement } from "./statements.ts";

/** A login role of an endpoint's database. */
export type Login = "owner" | "writer" | "reader";

/** The URL by which a role reaches its endpoint's database. */
export async function urlOf(services: Services, scope: EndpointScope, login: Login): Promise<URL> {
  const { sql, release } = await openEndpoint(services, scope, login);
  const { host, port, database, user, password: pass } = sql.options;
  release();
  const url = new URL(`postgres://${host}:${port}/${database}`);
  url.username = user;
  url.password = pass;
  return url;
}

/** Runs with a connection of a test's own, which nothing of the product has set up. */
export async function connected<T>(url: URL, work: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = connect(url.href, { max: 1, idleSeconds: 1 });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** What became of a statement: the SQLSTATE of its refusal, or `"done"`. */
export async function outcome(sql: Sql, statement: string): Promise<string> {
  try {
    await sql.unsafe(statement);
    return "done";
  } catch (error) {
    return sqlState(error) ?? String(error);
  }
}

/** The statements that were not refused as they must be, with what happened instead. */
export async function unrefused(
  url: URL,
  statements: readonly HostileStatement[],
): Promise<string[]> {
  return await connected(url, async (sql) => {
    const found: string[] = [];
    for (const { sql: statement, states } of statements) {
      // A setting of the role's own is no wall: the grants must hold without it.
      await sql`SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE`;
      await sql`SET statement_timeout = '5s'`;
      const state = await outcome(sql, statement);
      await sql`ROLLBACK`;
      if (!states.includes(state)) found.push(`${state}: ${statement}`);
    }
    return found;
  });
}

/** Everything that the statements are after: rows, grants, roles' attributes and settings. */
export async function state(url: URL): Promise<unknown> {
  const { superuserUrl, superuser } = await testCluster();
  const inside = new URL(superuserUrl);
  inside.pathname = url.pathname;
  const stem = url.pathname.slice(1);
  const [endpoint] = await connected(inside, (sql) =>
    sql`
      SELECT
        (SELECT jsonb_agg(c ORDER BY id) FROM public.customer c) AS rows,
        (SELECT jsonb_agg(jsonb_build_array(relname, relowner::regrole, relacl) ORDER BY oid)
          FROM pg_class WHERE oid >= 16384) AS relations,
        (SELECT jsonb_agg(jsonb_build_array(nspname, nspacl) ORDER BY oid)
          FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_') AS schemas,
        (SELECT jsonb_agg(jsonb_build_array(attrelid, attname, attacl) ORDER BY attrelid, attnum)
          FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384) AS columns,
        (SELECT jsonb_agg(jsonb_build_array(tgrelid, tgname, tgenabled, tgqual::text) ORDER BY oid)
          FROM pg_trigger) AS triggers,
        (SELECT jsonb_agg(to_jsonb(p) ORDER BY oid) FROM pg_policy p) AS policies,
        (SELECT count(*) FROM pg_rewrite WHERE oid >= 16384) AS rules,
        (SELECT jsonb_agg(jsonb_build_array(oid, proname, proowner, proacl, proconfig) ORDER BY oid)
          FROM pg_proc WHERE oid >= 16384) AS functions,
        (SELECT to_jsonb(a) FROM bulkhead.access a) AS access,
        (SELECT jsonb_agg(r ORDER BY table_name) FROM bulkhead.rules r) AS field_rules,
        (SELECT count(*) FROM bulkhead.journal) AS journal,
        (SELECT count(*) FROM bulkhead.outbox) AS outbox,
        (SELECT count(*) FROM bulkhead.changes) AS changes,
        (SELECT count(*) FROM pg_largeobject_metadata) AS large_objects`);
  const [cluster] = await superuser`
    SELECT
      (SELECT jsonb_agg(to_jsonb(r) ORDER BY oid) FROM pg_roles r
        WHERE starts_with(rolname, ${stem})) AS roles,
      (SELECT jsonb_agg(m ORDER BY m.oid) FROM pg_auth_members m
        JOIN pg_roles r ON r.oid = m.member WHERE starts_with(r.rolname, ${stem})) AS members,
      (SELECT datacl FROM pg_database WHERE datname = ${stem}) AS database`;
  return { ...endpoint, ...cluster };
}
