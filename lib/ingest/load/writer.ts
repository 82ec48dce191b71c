import { AppError } from "../../errors.ts";
import { postgresFault, type Tx } from "../../postgres/mod.ts";
import type { CatalogueTable } from "./catalogue.ts";

/** A table as whoever imports may know and fill it. */
export interface TargetTable {
  readonly table: CatalogueTable;
  /** Columns that may be known and not set. */
  readonly readOnly: ReadonlySet<string>;
  /** The condition of its row filter, as SQL over its bare column names; null where all rows are open. */
  readonly rowFilter: string | null;
}

interface Rule {
  table_name: string;
  hidden: string[];
  read_only: string[];
  row_filter_sql: string | null;
}

/**
 * The tables as an endpoint's writer may know them: without hidden columns, tables all of whose columns are
 * hidden, and tables that wait to be opened. What it may do there Postgres decides, by its grants and policies.
 *
 * @throws AppError WRITES_OFF.
 */
export async function writersTables(
  tx: Tx,
  catalogue: ReadonlyMap<string, CatalogueTable>,
): Promise<Map<string, TargetTable>> {
  const [access] = await tx<{ writes: boolean }[]>`SELECT writes FROM bulkhead.access`;
  if (!access?.writes) throw new AppError("WRITES_OFF");
  const rules = new Map(
    (await tx<Rule[]>`
      SELECT table_name, to_jsonb(hidden) AS hidden, to_jsonb(read_only) AS read_only,
        row_filter_sql FROM bulkhead.rules`)
      .map((rule) => [rule.table_name, rule]),
  );
  const waiting = new Set(
    (await tx<{ name: string }[]>`SELECT table_name AS name FROM bulkhead.waiting`)
      .map(({ name }) => name),
  );
  const known = new Map<string, TargetTable>();
  for (const table of catalogue.values()) {
    if (waiting.has(table.name)) continue;
    const rule = rules.get(table.name);
    const hidden = new Set(rule?.hidden);
    const columns = table.columns.filter(({ name }) => !hidden.has(name));
    if (columns.length === 0) continue;
    known.set(table.name, {
      table: { ...table, columns },
      readOnly: new Set(rule?.read_only),
      rowFilter: rule?.row_filter_sql ?? null,
    });
  }
  return known;
}

/** Names of the tables that wait to be opened, or of which the field rules hide rows or columns. */
export async function restrictedTables(tx: Tx): Promise<Set<string>> {
  const rows = await tx<{ name: string }[]>`
    SELECT table_name AS name FROM bulkhead.rules
    WHERE cardinality(hidden) > 0 OR row_filter_sql IS NOT NULL
    UNION SELECT table_name FROM bulkhead.waiting`;
  return new Set(rows.map(({ name }) => name));
}

/** The tables as their owner knows them: all of it. */
export function ownersTables(
  catalogue: ReadonlyMap<string, CatalogueTable>,
): Map<string, TargetTable> {
  return new Map([...catalogue].map(([name, table]) => [name, {
    table,
    readOnly: new Set<string>(),
    rowFilter: null,
  }]));
}

/** Runs statements with the writer's grants and under its row policies. */
export async function asWriter<T>(tx: Tx, run: () => Promise<T>): Promise<T> {
  const [access] = await tx<{ writer: string }[]>`
    SELECT quote_ident(writer) AS writer FROM bulkhead.access`;
  await tx.unsafe(`SET LOCAL ROLE ${access!.writer}`);
  const result = await run();
  // What Postgres would judge at the end is judged while it is the writer's.
  await tx`SET CONSTRAINTS ALL IMMEDIATE`;
  await tx`RESET ROLE`;
  return result;
}

/** Lets the writer read the rows that wait, for as long as the transaction shows them to nobody else. */
export async function lendToWriter(tx: Tx, schema: string, tables: readonly string[]) {
  const [access] = await tx<{ writer: string }[]>`
    SELECT quote_ident(writer) AS writer FROM bulkhead.access`;
  const { writer } = access!;
  await tx.unsafe(`GRANT USAGE ON SCHEMA ${schema} TO ${writer}`);
  for (const table of tables) await tx.unsafe(`GRANT SELECT ON ${table} TO ${writer}`);
  return async () => {
    await tx.unsafe(`REVOKE ALL ON SCHEMA ${schema} FROM ${writer}`);
  };
}

const NOTHING = "No rows were imported.";

/**
 * What is told of rows that Postgres refused to take from a writer: no name that it may not know.
 * Null where the fault is of another kind.
 */
export function writerFault(
  error: unknown,
  tables: ReadonlyMap<string, TargetTable>,
): AppError | null {
  const fault = postgresFault(error);
  const text = fault && textOf(fault, tables);
  return text ? new AppError("CONFLICT", `${text} ${NOTHING}`, { cause: error }) : null;
}

function textOf(
  { code, routine, table, column }: NonNullable<ReturnType<typeof postgresFault>>,
  tables: ReadonlyMap<string, TargetTable>,
): string | null {
  switch (code) {
    case "42501":
      return routine === "ExecWithCheckOptions"
        ? "A row is outside of what you may write."
        : "The field rules do not let you do this to the table.";
    case "23502": {
      const known = tables.get(table ?? "")?.table.columns.some(({ name }) => name === column);
      return known
        ? `${JSON.stringify(column)} needs a value in every row.`
        : "A column that is not yours to set needs a value, so no row can be added here.";
    }
    case "23505":
      return "A row with the same value in a unique column is there already.";
    case "23503":
      return "Rows refer to rows that are not there.";
    case "23514":
    case "23P01":
      return "A rule of the table refuses a row.";
    default:
      return null;
  }
}
