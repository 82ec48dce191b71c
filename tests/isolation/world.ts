import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { startSession } from "../../lib/auth/mod.ts";
import { randomSecret } from "../../lib/crypto/mod.ts";
import {
  changeEndpoint,
  createEndpoint,
  endpointRoles,
  openEndpoint,
} from "../../lib/endpoints/mod.ts";
import {
  type ChangeId,
  type IngestId,
  newId,
  newSlug,
  randomName,
  type Slug,
  type TokenId,
} from "../../lib/ids.ts";
import {
  changeContext,
  queueChange,
  type StoredPreview,
  type StoredRow,
} from "../../lib/journal/mod.ts";
import { startIngest } from "../../lib/ingest/mod.ts";
import { connect, quoteIdent } from "../../lib/postgres/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { rebuildManifest } from "../../lib/tools/mod.ts";
import { createHandler } from "../../routes/handler.ts";
import {
  testCluster,
  testServices,
  type TestTenant,
  testTenant,
  testToken,
} from "../harness/mod.ts";

/** What an address can name of somebody's. */
export interface Names {
  readonly slug: Slug;
  readonly tokenId: TokenId;
  readonly ingestId: IngestId;
  readonly changeId: ChangeId;
  /** One that waits for a person. */
  readonly queuedId: ChangeId;
}

/** One endpoint with everything that hangs on it, each part with the same canary in it. */
export interface Compartment {
  readonly scope: EndpointScope;
  readonly names: Names;
  /** Stands in rows, names and files of this compartment alone. */
  readonly canary: string;
  /** Texts that no answer to anybody else may hold; the names of `names` besides. */
  readonly secrets: readonly string[];
}

/** How somebody asks. */
export interface Actor {
  readonly headers: Readonly<Record<string, string>>;
}

/** Two tenants that look alike, behind a server. */
export interface World extends AsyncDisposable {
  readonly services: Services;
  readonly origin: string;
  /** A's own compartment, a second one of A's, and B's. */
  readonly own: Compartment;
  readonly second: Compartment;
  readonly other: Compartment;
  /** A token of A for all that A has, one for `own` alone, and A's browser. */
  readonly wide: Actor;
  readonly narrow: Actor;
  readonly browser: Actor;
  /** A token of B. */
  readonly others: Actor;
  readonly logLines: readonly string[];
  /** Everything that is kept of a compartment: in the control database, and its rows. */
  kept(compartment: Compartment): Promise<unknown>;
}

/** Well-formed names that nobody has. */
export function nobody(): Names {
  return {
    slug: newSlug("data"),
    tokenId: newId(),
    ingestId: newId(),
    changeId: newId(),
    queuedId: newId(),
  };
}

/** Fills an endpoint as loads do: two tables with a link, rows, and a row that was set aside. */
async function fill(services: Services, scope: EndpointScope, canary: string, ingest: IngestId) {
  const { reader } = await endpointRoles(services, scope);
  const { sql, release } = await openEndpoint(services, scope, "owner");
  try {
    await sql.unsafe(`
      CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, city text);
      CREATE TABLE visit (id int PRIMARY KEY, customer_id int REFERENCES customer, note text);
      CREATE TABLE loose (id int PRIMARY KEY, customer_id int);
      INSERT INTO customer VALUES (1, '${canary} one', 'Oslo'), (2, '${canary} two', 'Bergen');
      INSERT INTO visit VALUES (1, 1, '${canary} visit'), (2, 2, NULL);
      INSERT INTO loose VALUES (1, 1);
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${quoteIdent(reader)};
      ANALYZE;
      INSERT INTO bulkhead.rejects (ingest_id, file_name, table_name, line, reason, raw)
      VALUES ('${ingest}', '${canary}.csv', 'customer', 2, 'too many fields', '${canary} raw');
    `);
    const { database } = sql.options;
    return String(database);
  } finally {
    release();
  }
}

/** Changes a row as the writer, so that there is a change to read and to take back. */
async function changeRow(services: Services, scope: EndpointScope, canary: string) {
  const { writer } = await endpointRoles(services, scope);
  const changeId = newId<ChangeId>();
  const { sql, release } = await openEndpoint(services, scope, "owner");
  const allow = (writes: boolean) =>
    sql.unsafe(
      `UPDATE bulkhead.access SET writes = ${writes}; SELECT bulkhead.apply_access_everywhere()`,
    );
  try {
    await allow(true);
    await sql.begin(async (tx) => {
      await tx.unsafe(`SET LOCAL ROLE ${quoteIdent(writer)}`);
      const said = changeContext(scope, "update_row", changeId);
      await tx`SELECT set_config('bulkhead.change', ${said}, true)`;
      await tx`UPDATE visit SET note = ${`${canary} changed`} WHERE id = 2`;
    });
    await allow(false);
  } finally {
    release();
  }
  return changeId;
}

/** Lets a change wait, so that there is one to look at and to decide on. */
async function queueRow(services: Services, scope: EndpointScope, canary: string) {
  const id = newId<ChangeId>();
  const counts = { inserted: 0, updated: 1, deleted: 0, unchanged: 0 };
  const before = { id: 1, name: `${canary} one`, city: "Oslo" };
  const rows: StoredRow[] = [{
    op: "update",
    key: { id: 1 },
    before,
    after: { ...before, city: "Bergen" },
    was: "0",
    cut: false,
  }];
  const preview: StoredPreview = { ...counts, count: 1, was: "0", kept: 1, size: 100, digest: "0" };
  await queueChange(services, scope, {
    id,
    tool: "update_row",
    table: "customer",
    arguments: { table: "customer", key: 1, values: { city: "Bergen" } },
    preview: { head: JSON.stringify(preview), rows: JSON.stringify(rows) },
    actor: `${canary} agent`,
    context: { kind: "mcp", label: `${canary} agent` },
    idempotency: null,
  }, counts);
  return id;
}

async function compartment(services: Services, tenant: TestTenant): Promise<Compartment> {
  const canary = `canary${randomName(16)}`;
  // The same name for everybody, so that slugs differ in nothing but their random end.
  const scope = await createEndpoint(services, tenant.scope, "data");
  const { slug, id } = scope.endpoint;
  const body = new Response(`id,name\n1,${canary}\n`).body!;
  const ingest = await startIngest(services, scope, {
    fileName: `${canary}.csv`,
    body,
    options: { mode: "create" },
    allowDuplicate: false,
  });
  const database = await fill(services, scope, canary, ingest.id);
  const changeId = await changeRow(services, scope, canary);
  const queuedId = await queueRow(services, scope, canary);
  await rebuildManifest(services, scope, canary);
  await changeEndpoint(services, scope, { name: `${canary} name` });
  const { token, view } = await mintToken(services, tenant.scope, {
    name: `${canary} token`,
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: [id],
  });
  return {
    scope,
    names: { slug, tokenId: view.id, ingestId: ingest.id, changeId, queuedId },
    canary,
    secrets: [canary, id, token.slice(12), database],
  };
}

/** Makes the world. */
export async function makeWorld(): Promise<World> {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await testServices());
  const { services, control } = test;
  const a = await testTenant(services, "Lookalike");
  const b = await testTenant(services, "Lookalike");
  const own = await compartment(services, a);
  const second = await compartment(services, a);
  const bs = await compartment(services, b);
  const handler = await createHandler(services);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => handler.answer(request, info.remoteAddr.hostname),
  );
  stack.defer(async () => {
    handler.close();
    await server.shutdown();
  });
  const { superuserUrl } = await testCluster();
  const url = new URL(superuserUrl);
  url.pathname = `/${control.database}`;
  const superuser = stack.adopt(connect(url.href, { max: 1 }), (sql) => sql.end());
  const bearer = (token: string): Actor => ({ headers: { authorization: `Bearer ${token}` } });
  const { access: session } = await startSession(services, a, SYSTEM_ACTOR);
  const { access: theirs } = await startSession(services, b, SYSTEM_ACTOR);
  return {
    services,
    origin: `http://127.0.0.1:${server.addr.port}`,
    own,
    second,
    other: { ...bs, secrets: [...bs.secrets, b.tenantId, b.userId, b.email, theirs] },
    wide: bearer(await testToken(services, a)),
    narrow: bearer(await testToken(services, a, { endpoints: [own.scope.endpoint.id] })),
    browser: {
      // With a browser's own cookie, as browsers have it: without, each form's answer sets another.
      headers: {
        cookie: `bulkhead_session=${session}; bulkhead_browser=${randomSecret()}`,
        origin: services.baseUrl.origin,
      },
    },
    others: bearer(await testToken(services, b)),
    logLines: test.logLines,
    async kept({ scope, names }) {
      const { id } = scope.endpoint;
      const [row] = await superuser`
        SELECT
          (SELECT to_jsonb(e) FROM endpoints e WHERE id = ${id}) AS endpoint,
          (SELECT jsonb_agg(to_jsonb(t) - 'last_used_at' ORDER BY id) FROM tokens t
            WHERE id = ${names.tokenId}) AS token,
          (SELECT jsonb_agg(b ORDER BY token_id) FROM token_endpoints b
            WHERE endpoint_id = ${id} AND token_id = ${names.tokenId}) AS bound,
          (SELECT jsonb_agg(to_jsonb(i) ORDER BY id) FROM ingests i WHERE endpoint_id = ${id}) AS ingests,
          (SELECT count(*) FROM manifests WHERE endpoint_id = ${id}) AS manifests`;
      const { sql, release } = await openEndpoint(services, scope, "owner");
      try {
        const [rows] = await sql`
          SELECT (SELECT jsonb_agg(c ORDER BY id) FROM customer c) AS customer,
            (SELECT jsonb_agg(v ORDER BY id) FROM visit v) AS visit,
            (SELECT jsonb_agg(j ORDER BY id) FROM bulkhead.journal j) AS journal,
            (SELECT jsonb_agg(c ORDER BY id) FROM bulkhead.changes c) AS changes,
            (SELECT jsonb_agg(r ORDER BY table_name) FROM bulkhead.rules r) AS rules,
            (SELECT writes FROM bulkhead.access) AS writes,
            (SELECT jsonb_agg(conname ORDER BY conname) FROM pg_constraint
              WHERE connamespace = 'public'::regnamespace) AS constraints`;
        return { ...row, ...rows };
      } finally {
        release();
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
