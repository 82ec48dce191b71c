import { cellsSql, cutBounds, rowBound } from "./cells.ts";
import type { Field } from "./field.ts";
import { ofShape } from "./shapes.ts";
import type { Source } from "./source.ts";
import type { Params, Statement } from "./statement.ts";

/** The statement for one row, with what is needed to read its answer. */
export interface RowStatement extends Statement {
  /** Bytes past which a cell was cut; null where none was. */
  readonly cell: number | null;
}

/**
 * The statement that answers the row that a key condition finds, as JSON; the empty text for one that is
 * too long, unless cells are to be cut (`cutting`).
 *
 * @param version The expression of the row version, where the answer shall hold it, second.
 */
export function rowStatement(
  source: Source,
  params: Params,
  fields: readonly Field[],
  where: string,
  cutting: boolean,
  version: string | null = null,
): RowStatement {
  const shape = ["row", cutting, version, source.from, where].join("\0");
  const made = ofShape(fields, shape, () => {
    const cell = cutting ? cutBounds(fields, 1).cell : null;
    const cells = cellsSql(fields, fields.map((field) => field.sql), cell);
    const row = version === null
      ? `SELECT row_to_json(x.*)::text AS j FROM (SELECT ${cells} FROM ${source.from} WHERE ${where}) x`
      : `SELECT (SELECT row_to_json(x.*)::text FROM (SELECT ${cells}) x) AS j, ${version} AS v ` +
        `FROM ${source.from} WHERE ${where}`;
    const told = `CASE WHEN octet_length(j) <= ${rowBound(1)} THEN j ELSE '' END${
      version === null ? "" : ", v"
    }`;
    return { text: cutting ? row : `SELECT ${told} FROM (${row} OFFSET 0) p`, cell };
  });
  return { ...made, values: params.values, unchecked: params.unchecked, quick: true };
}
