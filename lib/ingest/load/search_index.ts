import { quoteIdent, type Sql, type Tx } from "../../postgres/mod.ts";
import { objectName } from "../infer/mod.ts";
import { type CatalogueTable, readCatalogue } from "./catalogue.ts";
import { execute } from "./statements.ts";
import { publicTable } from "./tables.ts";

/**
 * Characters of a row that are searched. A tsvector ends at 1 MB of lexemes with their positions, past
 * which a row could not be written at all.
 */
const SEARCHED_CHARACTERS = 100_000;

/** Columns that are searched; an index's expression cannot grow without end. */
const SEARCHED_COLUMNS = 100;

/** Rows past which the index takes longer to build than its table took to load. */
const INDEXED_AT_ONCE = 50_000;

/** Whether a table of so many rows is loaded without its full-text index, for `indexForSearch`. */
export const isIndexedLater = (table: { readonly rows: number }) => table.rows > INDEXED_AT_ONCE;

/** The name of a table's full-text index. */
export const searchIndexName = (table: string) => objectName(table, "search_idx");

/** What a table's full-text index holds of its text columns; undefined without one. */
export function searchExpression(table: CatalogueTable): string | undefined {
  const columns = table.columns.filter((column) => column.type === "text")
    .slice(0, SEARCHED_COLUMNS);
  if (columns.length === 0) return undefined;
  const text = columns.map((column) => `coalesce(${quoteIdent(column.name)}, ''::text)`)
    .join(" || ' '::text || ");
  return `to_tsvector('simple'::regconfig, "left"(${text}, ${SEARCHED_CHARACTERS}))`;
}

/**
 * Gives a table its full-text index, named `<table>_search_idx` where that name is free; without
 * effect where it has no text.
 */
export async function indexTable(
  tx: Tx,
  table: CatalogueTable,
  signal: AbortSignal,
): Promise<void> {
  const expression = searchExpression(table);
  if (expression === undefined) return;
  const [taken] = await tx`
    SELECT FROM pg_catalog.pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname = ${searchIndexName(table.name)}`;
  const name = taken ? "" : quoteIdent(searchIndexName(table.name));
  await execute(
    tx,
    `CREATE INDEX ${name} ON ${publicTable(table.name)} USING gin ((${expression}))`,
    signal,
  );
}

/**
 * Gives every table that has text and no full-text index yet its index. A load leaves that out where
 * it would take longer than the load: search works without, only slower. May be repeated after a
 * crash. Answers the tables that were given one.
 */
export async function indexForSearch(owner: Sql, signal: AbortSignal): Promise<string[]> {
  const tables = await owner.begin((tx) => tablesWithoutIndex(tx));
  for (const table of tables) {
    await owner.begin(async (tx) => {
      await tx`SET LOCAL statement_timeout = 0`;
      await tx`SET LOCAL lock_timeout = 0`;
      // Words too long for an index are left out with a notice each.
      await tx`SET LOCAL client_min_messages = error`;
      await indexTable(tx, table, signal);
    });
  }
  return tables.map((table) => table.name);
}

async function tablesWithoutIndex(tx: Tx): Promise<CatalogueTable[]> {
  const indexed = await tx<{ relname: string }[]>`
    SELECT c.relname
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
    JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0]
    WHERE c.relnamespace = 'public'::regnamespace AND o.opcname = 'tsvector_ops'
      AND i.indisvalid`;
  const names = new Set(indexed.map((row) => row.relname));
  const tables = await readCatalogue(tx);
  return [...tables.values()].filter((table) =>
    !names.has(table.name) && searchExpression(table) !== undefined
  );
}
