import type { Sql } from "../../postgres/mod.ts";
import type { Table } from "../manifest/compile.ts";
import { versionSql } from "../sql/write.ts";

/**
 * Reads the versions of rows as they are now, in the order of their keys; null for a row that is not
 * there.
 *
 * @param keys JSON objects of the table's key columns.
 */
export async function selectVersions(
  sql: Sql,
  table: Table,
  keys: readonly string[],
): Promise<(string | null)[]> {
  const meets = table.key!.map(({ ident }) => `t.${ident} = k.${ident}`).join(" AND ");
  const rows = await sql.unsafe<{ version: string | null }[]>(
    `SELECT v.version FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS e(key, place)
     CROSS JOIN LATERAL jsonb_populate_record(NULL::${table.ident}, e.key) AS k
     LEFT JOIN LATERAL (
       SELECT ${versionSql(table, "t")} AS version FROM ${table.ident} AS t WHERE ${meets} LIMIT 1
     ) v ON true
     ORDER BY e.place`,
    [`[${keys.join(",")}]`],
  );
  return rows.map(({ version }) => version);
}
