import type { IngestId } from "../ids.ts";
import type { Sql } from "../postgres/mod.ts";
import type { LoadReport } from "./load/mod.ts";

/** The report of a load whose tables are visible; null where they are not. */
export async function selectLoaded(owner: Sql, id: IngestId): Promise<LoadReport | null> {
  const [row] = await owner<{ report: LoadReport }[]>`
    SELECT report FROM bulkhead.loads WHERE ingest_id = ${id}`;
  return row?.report ?? null;
}

/** A row that was set aside. */
export interface Reject {
  readonly id: string;
  readonly table: string;
  /** In a delimited file or NDJSON the line on which the row begins, in JSON its place in its array. */
  readonly line: number;
  readonly reason: string;
  /** The row's beginning. */
  readonly raw: string;
}

/** Rows that a load set aside, in the order of the file, after a place in it. */
export async function selectRejects(
  owner: Sql,
  ingestId: IngestId,
  after: { readonly line: string; readonly id: string },
  limit: number,
): Promise<Reject[]> {
  const rows = await owner<
    { id: string; table_name: string; line: string; reason: string; raw: string }[]
  >`
    SELECT id, table_name, line, reason, raw FROM bulkhead.rejects
    WHERE ingest_id = ${ingestId} AND (line, id) > (${after.line}::bigint, ${after.id}::bigint)
    ORDER BY line, id LIMIT ${limit}`;
  return rows.map((row) => ({
    id: row.id,
    table: row.table_name,
    line: Number(row.line),
    reason: row.reason,
    raw: row.raw,
  }));
}

/** What field rules take from who reads a table as an agent. */
export interface RuledColumns {
  readonly hidden: readonly string[];
  /** Whether a row filter leaves rows out. */
  readonly filtered: boolean;
}

/** The tables that have field rules, by name. */
export async function selectRuledColumns(owner: Sql): Promise<ReadonlyMap<string, RuledColumns>> {
  const rows = await owner<{ table: string; hidden: string[]; filtered: boolean }[]>`
    SELECT table_name AS "table", to_jsonb(hidden) AS hidden, row_filter IS NOT NULL AS filtered
    FROM bulkhead.rules`;
  return new Map(rows.map(({ table, hidden, filtered }) => [table, { hidden, filtered }]));
}
