import type { Sql } from "../postgres/mod.ts";

/** The channel on which replicas tell each other what to forget. */
export const CHANNEL = "bulkhead_replicas";

// A replica that gave no sign of life for so long trusts none of its caches any more.
const LIVE_SECONDS = 3;

/** Keeps a replica's sign of life, and sends itself a notice over the same way as everybody's. */
export async function beat(sql: Sql, id: string, notice: string): Promise<void> {
  await sql`
    WITH kept AS (
      INSERT INTO replicas (id, seen_at) VALUES (${id}, now())
      ON CONFLICT (id) DO UPDATE SET seen_at = now() RETURNING 1
    )
    SELECT pg_notify(${CHANNEL}, ${notice}) FROM kept`;
}

/** Sends a notice to every replica. */
export async function notify(sql: Sql, notice: string): Promise<void> {
  await sql`SELECT pg_notify(${CHANNEL}, ${notice})`;
}

/** The other replicas that may still trust a cache. */
export async function selectLive(sql: Sql, self: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM replicas
    WHERE id <> ${self} AND seen_at > now() - make_interval(secs => ${LIVE_SECONDS})`;
  return rows.map((row) => row.id);
}

/** Removes a replica that stops, and those that stopped without a word long ago. */
export async function remove(sql: Sql, id: string): Promise<void> {
  await sql`DELETE FROM replicas WHERE id = ${id} OR seen_at < now() - interval '1 hour'`;
}
