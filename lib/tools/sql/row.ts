import { boundsFor, cellsSql } from "./cells.ts";
import type { Field } from "./field.ts";

import type { Source } from "./source.ts";
import type { Params, Statement } from "./statement.ts";

/** The statement that answers the row that a key condition finds, as JSON. */
export function rowStatement(
  source: Source,
  params: Params,
  fields: readonly Field[],
  where: string,
): Statement & { readonly cell: number } {
  const { cell } = boundsFor(fields, 1);
  const cells = cellsSql(fields, fields.map((field) => field.sql), cell);
  return {
    text: `SELECT row_to_json(x.*)::text FROM (SELECT ${cells} FROM ${source.from} ` +
      `WHERE ${where}) x`,
    values: params.values,
    unchecked: params.unchecked,
    cell,
  };
}
