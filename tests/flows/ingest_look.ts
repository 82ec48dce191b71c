import { type DatabaseRole, openEndpoint } from "../../lib/endpoints/mod.ts";
import type { IngestId } from "../../lib/ids.ts";
import { serveIngests } from "../../lib/ingest/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { IngestTest } from "./ingest_setup.ts";

/** What follows a load where nothing should. */
export const nothing = () => Promise.resolve();

/** Runs a worker of this process while a test needs one. */
export async function working(
  test: IngestTest,
  afterLoad: (scope: EndpointScope) => Promise<void> = nothing,
  services = test.services,
): Promise<AsyncDisposable> {
  const worker = await serveIngests(services, afterLoad);
  return { [Symbol.asyncDispose]: () => worker.stop() };
}

/** Rows of the endpoint's database, as one of its roles. */
export async function query<T>(test: IngestTest, role: DatabaseRole, text: string): Promise<T[]> {
  const { sql, release } = await openEndpoint(test.services, test.scope, role);
  try {
    return [...await sql.unsafe(text)] as T[];
  } finally {
    release();
  }
}

/** What an audit entry says of a load. */
export interface Audited {
  action: string;
  subject: string;
  detail: unknown;
  kind: string;
}

/** What the tenant's audit log says of loads, oldest first. */
export async function audited(test: IngestTest): Promise<Audited[]> {
  return await test.services.control.tenant(test.scope.tenantId, async (tx) => [
    ...await tx<Audited[]>`
      SELECT action, subject, detail, actor_kind AS kind FROM audit_events
      WHERE action LIKE 'data.%' ORDER BY at, id`,
  ]);
}

/** Waits until whoever works on a load has reported twice, and so heard what was asked before. */
export async function heard(test: IngestTest, id: IngestId): Promise<void> {
  let last: string | undefined;
  for (let reports = -1; reports < 2;) {
    const [row] = await test.services.control.tenant(test.scope.tenantId, async (tx) => [
      ...await tx<{ at: string }[]>`SELECT heartbeat_at::text AS at FROM ingests WHERE id = ${id}`,
    ]);
    if (row!.at !== last) reports++;
    last = row!.at;
    await new Promise((done) => setTimeout(done, 30));
  }
}

/** The files that are kept, drafts included. */
export async function storedFiles(test: IngestTest): Promise<string[]> {
  const found: string[] = [];
  async function walk(folder: string): Promise<void> {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) await walk(path);
      else found.push(path);
    }
  }
  await walk(test.meeting.objectsDir);
  return found;
}

/** The tables that the reader may read. */
export const tablesSeen = (test: IngestTest) =>
  query<{ name: string }>(
    test,
    "reader",
    `SELECT c.relname AS name FROM pg_catalog.pg_class c
     WHERE c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')
       AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
     ORDER BY 1`,
  ).then((rows) => rows.map((row) => row.name));
