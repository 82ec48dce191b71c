import { AppError } from "../../errors.ts";
import { quoteIdent } from "../../postgres/mod.ts";
import type { Table } from "../manifest/compile.ts";
import type { Field } from "./field.ts";
import { type Source, tableSource } from "./source.ts";
import type { Params } from "./statement.ts";

// Ranking reads a matching row's whole text again, so only so many matches are ranked; the others follow.
const RANKED_ROWS = 1_000;
const MAX_WORDS = 12;

const wordsOf = (query: string) => query.match(/[\p{L}\p{N}]+/gu)?.slice(0, MAX_WORDS) ?? [];

// Quotes, a leading minus and OR are websearch_to_tsquery's; with them no words are added to it.
const OPERATORS = /"|(?:^|\s)-|(?:^|\s)or(?:\s|$)/i;

/** How a search selects and ranks rows. */
export interface SearchPlan {
  readonly source: Source;
  readonly where: readonly string[];
  /** The rank of a row, best is highest; null where matches are not ranked. */
  readonly rank: Field | null;
}

/**
 * Rows whose full-text index matches: all words of the query, the words also as beginnings of longer
 * ones. The rank becomes a column of the source, so that it can be ordered and paged by.
 */
function indexed(
  params: Params,
  table: Table,
  search: NonNullable<Table["search"]>,
  query: string,
  where: readonly string[],
): SearchPlan {
  const base = tableSource(table);
  const config = `'${search.config}'`;
  const words = OPERATORS.test(query) ? [] : wordsOf(query);
  const prefixes = words.map((word) => `'${word}':*`).join(" & ");
  const vector = `(${search.expression})`;
  const terms = `websearch_to_tsquery(${config}, ${params.bind(query)})` +
    (prefixes ? ` || to_tsquery(${config}, ${params.bind(prefixes)})` : "");
  const conditions = [`${vector} @@ (${terms})`, ...where];
  const columns = base.fields.map((field) => field.sql).join(", ");
  let label = "rank";
  while (table.columns.has(label)) label += "_";
  const ranked = `CASE WHEN row_number() OVER () <= ${RANKED_ROWS} ` +
    `THEN ts_rank(${vector}, ${terms}) ELSE 0 END`;
  const from = `(SELECT ${columns}, ${ranked} AS ${quoteIdent(label)} FROM ${base.from} WHERE ${
    conditions.join(" AND ")
  }) t`;
  const rank: Field = {
    label,
    sql: `t.${quoteIdent(label)}`,
    kind: "float",
    type: "real",
    cast: "pg_catalog.float4",
    nullable: false,
  };
  return { source: { ...base, from }, where: [], rank };
}

/** Rows in whose text columns every word of the query occurs. */
function scanned(
  params: Params,
  table: Table,
  query: string,
  where: readonly string[],
): SearchPlan {
  const source = tableSource(table);
  const texts = source.fields.filter((field) => field.kind === "text");
  if (!texts.length) {
    throw new AppError(
      "INVALID_ARGUMENTS",
      `${source.label} has no text column to search; use filter_rows`,
    );
  }
  const words = query.split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  const conditions = words.map((word) => {
    const pattern = params.bind(`%${word.replace(/[\\%_]/g, "\\$&")}%`);
    return `(${texts.map((field) => `${field.sql} ILIKE ${pattern}`).join(" OR ")})`;
  });
  return { source, where: [...where, ...conditions], rank: null };
}

/** How to search a table: by its full-text index, else by looking through its text columns. */
export function searchPlan(
  params: Params,
  table: Table,
  query: string,
  where: readonly string[],
): SearchPlan {
  return table.search
    ? indexed(params, table, table.search, query, where)
    : scanned(params, table, query, where);
}
