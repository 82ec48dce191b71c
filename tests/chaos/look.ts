import { exportAudit, verifyExport } from "../../lib/audit/mod.ts";
import { openEndpoint } from "../../lib/endpoints/mod.ts";
import { carryOver } from "../../lib/journal/mod.ts";
import type { Sql } from "../../lib/postgres/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import type { Entry, Found, Image } from "./judge.ts";

interface RawEntry extends Omit<Entry, "id" | "digests"> {
  readonly id: string;
  readonly keyDigest: string;
  readonly beforeDigest: string | null;
  readonly afterDigest: string | null;
}

async function entriesOf(owner: Sql): Promise<Entry[]> {
  const rows = await owner<RawEntry[]>`
    SELECT id::text, change_id AS change, op, before, after,
      encode(sha256(salt || convert_to(key::text, 'UTF8')), 'hex') AS "keyDigest",
      encode(sha256(salt || convert_to(before::text, 'UTF8')), 'hex') AS "beforeDigest",
      encode(sha256(salt || convert_to(after::text, 'UTF8')), 'hex') AS "afterDigest"
    FROM bulkhead.journal, bulkhead.access ORDER BY journal.id`;
  return rows.map(({ id, keyDigest, beforeDigest, afterDigest, ...row }) => ({
    ...row,
    id: Number(id),
    digests: { key: keyDigest, before: beforeDigest, after: afterDigest },
  }));
}

/** How many entries wait. */
export async function countWaiting(services: Services, scope: EndpointScope): Promise<number> {
  const lease = await openEndpoint(services, scope, "owner");
  try {
    const [row] = await lease.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM bulkhead.outbox`;
    return row!.n;
  } finally {
    lease.release();
  }
}

/** Reads everything, after what a write that nobody waited for may have left was carried over. */
export async function look(services: Services, scope: EndpointScope): Promise<Found> {
  const { control } = services;
  const { tenantId, endpoint } = scope;
  const lease = await openEndpoint(services, scope, "owner");
  try {
    const owner = lease.sql;
    while (await carryOver(control, endpoint, owner, { limit: 1000, wait: true }));
    const rows = [...await owner<Image[]>`SELECT id, n, note FROM items ORDER BY id`];
    const changes = await owner<{ id: string; key: string }[]>`
      SELECT id, idempotency_key AS key FROM bulkhead.changes`;
    const audited = await control.tenant(
      tenantId,
      (tx) =>
        tx<{ detail: Record<string, string | null> }[]>`
        SELECT detail FROM audit_events WHERE starts_with(action, 'row.') ORDER BY seq`,
    );
    const lines = (await new Response(exportAudit(control, tenantId, "ndjson")).text())
      .trimEnd().split("\n");
    return {
      rows,
      entries: await entriesOf(owner),
      keys: new Map(changes.map(({ id, key }) => [id, key])),
      audited: audited.map(({ detail }) => ({
        id: Number(detail["entry"]),
        change: detail["change"]!,
        digests: {
          key: detail["key"]!,
          before: detail["before"]!,
          after: detail["after"]!,
        },
      })),
      waiting: await countWaiting(services, scope),
      chainFault: (await verifyExport(lines)).fault?.toString() ?? null,
    };
  } finally {
    lease.release();
  }
}
