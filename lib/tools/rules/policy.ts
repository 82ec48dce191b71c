import { quoteIdent } from "../../postgres/mod.ts";
import { quoted } from "../names.ts";
import type { Field } from "../sql/field.ts";
import { filterSql } from "../sql/filter.ts";
import { LiteralParams } from "../sql/literal.ts";
import { unknownColumn } from "../sql/source.ts";
import type { RuledTable } from "./shape.ts";

/**
 * Makes the condition of a row policy: SQL over the table's bare column names, hidden ones among them,
 * with every value in its text.
 *
 * @throws AppError INVALID_ARGUMENTS or UNKNOWN_COLUMN, worded for whoever wrote the filter.
 */
export function policySql(table: RuledTable, rowFilter: unknown): string {
  const fields = new Map<string, Field>(table.columns.map((column) => [column.name, {
    label: column.name,
    sql: quoteIdent(column.name),
    kind: column.kind,
    type: column.type,
    cast: column.cast,
    nullable: column.nullable,
  }]));
  return filterSql(new LiteralParams(), rowFilter, (name) => {
    const field = fields.get(name);
    if (!field) throw unknownColumn(name, quoted(table.name), fields.keys());
    return field;
  });
}
