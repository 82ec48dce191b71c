import { AppError } from "../../errors.ts";
import { keptTable } from "../../journal/mod.ts";
import { quoteIdent, sqlState, type Tx } from "../../postgres/mod.ts";
import { execute } from "./statements.ts";
import { publicTable } from "./tables.ts";
import { asWriter, type TargetTable } from "./writer.ts";

interface Reference {
  readonly child: string;
  readonly name: string;
  readonly definition: string;
}

/** What stands until the new rows are in: foreign keys of other tables, to be made again. */
export interface Emptied {
  readonly removed: number;
  readonly references: readonly Reference[];
}

const MEANWHILE = "The table's rows changed just now, or not all of them are yours to remove. " +
  "No rows were imported.";

const FOLLOWERS =
  "Other rows would be changed or deleted along with the table's. No rows were imported.";

const POINTED_TO = "Rows of other tables refer to rows that the file does not have. " +
  "No rows were imported.";

/**
 * Empties a table for what replaces its rows, and keeps them aside: all of them, or those that the writer
 * sees. Nobody else writes to it until the transaction ends. Foreign keys of other tables are taken away
 * until `restoreReferences`, which checks each of their rows.
 */
export async function emptyTable(
  tx: Tx,
  target: TargetTable,
  access: "owner" | "writer",
  kept: { readonly schema: string; readonly place: number },
  signal: AbortSignal,
): Promise<Emptied> {
  const { table: { name }, rowFilter } = target;
  const from = publicTable(name);
  const into = keptTable(kept.schema, "rows", kept.place);
  await execute(tx, `LOCK TABLE ${from} IN SHARE ROW EXCLUSIVE MODE`, signal);
  const references = await tx<Reference[]>`
    SELECT k.conrelid::regclass::text AS child, k.conname AS name,
      pg_get_constraintdef(k.oid) AS definition
    FROM pg_catalog.pg_constraint k
    -- One that was never checked against all rows stays, and refuses what it refuses.
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid <> k.confrelid AND k.convalidated
      AND k.confrelid = ${from}::text::regclass ORDER BY k.oid`;
  // Rows that follow by a foreign key which stays are in none of what is kept.
  const following = await tx`
    SELECT FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.confrelid = ${from}::text::regclass
      AND k.confdeltype IN ('c', 'n', 'd')
      AND (NOT k.convalidated OR k.conrelid = k.confrelid AND ${rowFilter !== null})`;
  if (following.length > 0) throw new AppError("CONFLICT", FOLLOWERS);
  await execute(
    tx,
    `CREATE TABLE ${into} AS SELECT * FROM ${from}${
      rowFilter === null ? "" : ` WHERE ${rowFilter}`
    }`,
    signal,
  );
  const [count] = await tx.unsafe<{ n: number }[]>(`SELECT count(*)::float8 AS n FROM ${into}`);
  for (const { child, name } of references) {
    await tx.unsafe(`ALTER TABLE ${child} DROP CONSTRAINT ${quoteIdent(name)}`);
  }
  const remove = async () => (await tx.unsafe(`DELETE FROM ${from}`)).count;
  const removed = await (access === "writer" ? asWriter(tx, remove) : remove());
  if (removed !== count!.n) throw new AppError("CONFLICT", MEANWHILE);
  return { removed, references };
}

/** Makes the foreign keys again that `emptyTable` took away. Throws CONFLICT where rows miss theirs. */
export async function restoreReferences(
  tx: Tx,
  { references }: Emptied,
  signal: AbortSignal,
): Promise<void> {
  for (const { child, name, definition } of references) {
    try {
      await execute(
        tx,
        `ALTER TABLE ${child} ADD CONSTRAINT ${quoteIdent(name)} ${definition}`,
        signal,
      );
    } catch (error) {
      if (sqlState(error) !== "23503") throw error;
      throw new AppError("CONFLICT", POINTED_TO, { cause: error });
    }
  }
}
