import { quoteIdent, type Sql, type Tx } from "../../postgres/mod.ts";

/** A table that no agent sees until somebody opens it. */
export interface WaitingTable {
  readonly name: string;
  readonly since: Date;
  readonly columns: readonly string[];
  /** By the planner's estimate; null where it has none. */
  readonly rows: number | null;
}

/** The tables that wait, in the order in which they came. */
export async function selectWaitingTables(sql: Sql): Promise<WaitingTable[]> {
  return [
    ...await sql<WaitingTable[]>`
      SELECT w.table_name AS name, w.since,
        (
          SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ) AS columns,
        CASE WHEN c.reltuples >= 0 THEN c.reltuples::float8 END AS rows
      FROM bulkhead.waiting w
      JOIN pg_class c ON c.relname = w.table_name AND c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p')
      ORDER BY w.since, w.table_name`,
  ];
}

/** Whether a table waits to be opened. */
export async function isWaiting(tx: Tx, table: string): Promise<boolean> {
  return (await tx`SELECT FROM bulkhead.waiting WHERE table_name = ${table}`).length > 0;
}

/** Opens a table as its rules say; false where it does not wait. */
export async function deleteWaiting(tx: Tx, table: string): Promise<boolean> {
  const rows = await tx`
    DELETE FROM bulkhead.waiting WHERE table_name = ${table} RETURNING table_name`;
  if (rows.length === 0) return false;
  await tx`SELECT bulkhead.apply_access(${`public.${quoteIdent(table)}`}::text::regclass)`;
  return true;
}
