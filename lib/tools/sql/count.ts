import type { Source } from "./source.ts";
import type { Params, Statement } from "./statement.ts";

/** The WHERE clause of conditions that all have to hold; empty without any. */
export const whereSql = (conditions: readonly string[]) =>
  conditions.length ? ` WHERE ${conditions.join(" AND ")}` : "";

/** The statement that counts a source's rows. */
export function countStatement(
  source: Source,
  params: Params,
  where: readonly string[],
): Statement {
  return {
    text: `SELECT count(*)::text FROM ${source.from}${whereSql(where)}`,
    values: params.values,
    unchecked: params.unchecked,
  };
}

/** The statement that counts each of some tables up to a bound, one column a table. */
export function countEachStatement(
  tables: readonly { readonly ident: string }[],
  atMost: number,
): Statement {
  const counts = tables.map(({ ident }) =>
    `(SELECT count(*) FROM (SELECT FROM ${ident} LIMIT ${atMost}) AS t)::text`
  );
  return { text: `SELECT ${counts.join(", ")}`, values: [], unchecked: [] };
}
