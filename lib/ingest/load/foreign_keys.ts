import { AppError } from "../../errors.ts";
import { quoteIdent, type Sql, sqlState, type Tx } from "../../postgres/mod.ts";
import { type CatalogueTable, readCatalogue } from "./catalogue.ts";
import { attempt, execute } from "./statements.ts";
import { publicTable } from "./tables.ts";

/** A reference from one column to another table's key. */
export interface ForeignKey {
  readonly table: string;
  readonly column: string;
  readonly references: { readonly table: string; readonly column: string };
}

const addStatement = (key: ForeignKey) =>
  `ALTER TABLE ${publicTable(key.table)} ADD FOREIGN KEY (${quoteIdent(key.column)}) ` +
  `REFERENCES ${publicTable(key.references.table)} (${quoteIdent(key.references.column)})`;

/** The index by which a referenced row's own rows are found. */
const indexStatement = (key: ForeignKey) =>
  `CREATE INDEX ON ${publicTable(key.table)} (${quoteIdent(key.column)})`;

/**
 * Adds a foreign key with its index. Postgres checks all rows as it adds it: false, with nothing
 * done, where one has no counterpart. `indexed` says that an index begins with the column already.
 */
export async function addForeignKey(
  tx: Tx,
  key: ForeignKey,
  indexed: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  if (!await attempt(tx, addStatement(key), signal)) return false;
  if (!indexed) await execute(tx, indexStatement(key), signal);
  return true;
}

/** Finds a named column. Throws UNKNOWN_TABLE and UNKNOWN_COLUMN. */
function columnIn(tables: ReadonlyMap<string, CatalogueTable>, table: string, column: string) {
  const found = tables.get(table);
  if (!found) throw new AppError("UNKNOWN_TABLE", `There is no table ${JSON.stringify(table)}.`);
  if (!found.columns.some((candidate) => candidate.name === column)) {
    throw new AppError(
      "UNKNOWN_COLUMN",
      `The table ${table} has no column ${JSON.stringify(column)}.`,
    );
  }
  return found;
}

/**
 * Declares a foreign key by hand, after Postgres has checked it against every row. Throws
 * UNKNOWN_TABLE, UNKNOWN_COLUMN, CONFLICT (it is there already) and FOREIGN_KEY_INVALID.
 */
export async function declareForeignKey(owner: Sql, key: ForeignKey): Promise<void> {
  await owner.begin(async (tx) => {
    const tables = await readCatalogue(tx);
    const from = columnIn(tables, key.table, key.column);
    const to = columnIn(tables, key.references.table, key.references.column);
    if (from.references.some(({ columns }) => columns.length === 1 && columns[0] === key.column)) {
      throw new AppError("CONFLICT", `${key.table}.${key.column} has a foreign key already.`);
    }
    const isKey = to.unique.some(({ columns }) =>
      columns.length === 1 && columns[0] === key.references.column
    );
    if (!isKey) {
      throw new AppError(
        "FOREIGN_KEY_INVALID",
        `${key.references.table}.${key.references.column} is not a key of its table.`,
      );
    }
    try {
      await tx.savepoint((inner) => inner.unsafe(addStatement(key)));
    } catch (error) {
      throw refused(error, key);
    }
    if (from.primaryKey?.columns[0] !== key.column) await tx.unsafe(indexStatement(key));
  });
}

function refused(error: unknown, key: ForeignKey): unknown {
  const { references: { table, column } } = key;
  if (sqlState(error) === "23503") {
    const detail = `Some values of ${key.table}.${key.column} are not in ${table}.${column}.`;
    return new AppError("FOREIGN_KEY_INVALID", detail, { cause: error });
  }
  if (sqlState(error) === "42804") {
    const detail = `${key.table}.${key.column} and ${table}.${column} are of different types.`;
    return new AppError("FOREIGN_KEY_INVALID", detail, { cause: error });
  }
  return error;
}

/** Takes a foreign key of one column away, and the index that came with it. Throws UNKNOWN_TABLE, UNKNOWN_COLUMN and NOT_FOUND. */
export async function dropForeignKey(
  owner: Sql,
  key: Pick<ForeignKey, "table" | "column">,
): Promise<void> {
  await owner.begin(async (tx) => {
    const table = columnIn(await readCatalogue(tx), key.table, key.column);
    const found = table.references.filter(({ columns }) =>
      columns.length === 1 && columns[0] === key.column
    );
    if (found.length === 0) {
      throw new AppError("NOT_FOUND", `${key.table}.${key.column} has no foreign key.`);
    }
    for (const { name } of found) {
      await tx.unsafe(`ALTER TABLE ${publicTable(key.table)} DROP CONSTRAINT ${quoteIdent(name)}`);
    }
    for (const name of await plainIndexes(tx, key.table, key.column)) {
      await tx.unsafe(`DROP INDEX public.${quoteIdent(name)}`);
    }
  });
}

/** The indexes of one column that say nothing of it: neither unique nor over some rows alone. */
async function plainIndexes(tx: Tx, table: string, column: string): Promise<string[]> {
  const rows = await tx<{ name: string }[]>`
    SELECT x.relname AS name
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ${table}
      AND i.indnatts = 1 AND a.attname = ${column} AND NOT i.indisunique AND i.indpred IS NULL`;
  return rows.map((row) => row.name);
}
