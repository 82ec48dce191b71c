import { quoteIdent, quoteLiteral, type Tx } from "../../postgres/mod.ts";
import type { AppendPlan } from "./append_shape.ts";
import type { CatalogueReference } from "./catalogue.ts";
import { copyRows } from "./copy_rows.ts";
import type { Source } from "./source.ts";
import { execute } from "./statements.ts";
import { columnList, copyRowsStatement, publicTable } from "./tables.ts";

/** The column in which a waiting row's line stands; no header is ever named so. */
const LINE = '"bulkhead.line"';

/** What an append needs to know of its load. */
export interface AppendLoad {
  readonly ingestId: string;
  readonly fileName: string;
  readonly signal: AbortSignal;
  told(bytes: number, rows: number): void;
}

/**
 * Adds a source's rows to tables that are there. They are copied beside the tables first; those whose
 * key is there already (or earlier in the file), that lack a key, or whose counterpart in another
 * table is missing are set aside, and the rest goes in. Answers how many rows went into each table.
 */
export async function appendRows(
  tx: Tx,
  source: Source,
  plans: readonly AppendPlan[],
  load: AppendLoad,
): Promise<number[]> {
  const waiting = plans.map((_, index) => `bulkhead.${quoteIdent(`append_${index}`)}`);
  for (const [index, { draft, table }] of plans.entries()) {
    const list = columnList(draft.columns);
    await tx.unsafe(
      `CREATE TABLE ${waiting[index]} AS SELECT ${list} FROM ${
        publicTable(table.name)
      } WITH NO DATA`,
    );
    await tx.unsafe(`ALTER TABLE ${waiting[index]} ADD COLUMN ${LINE} bigint`);
  }
  const statements = plans.map(({ draft }, index) => {
    const columns = [...draft.columns, { name: "bulkhead.line" }];
    return copyRowsStatement(waiting[index]!, columns, false);
  });
  await copyRows(tx, source, { statements, withLine: true, load, told: load.told });
  const counts = plans.map(() => 0);
  for (const index of parentsFirst(plans)) {
    await execute(tx, `ANALYZE ${waiting[index]}`, load.signal);
    counts[index] = await moveRows(tx, plans[index]!, waiting[index]!, load);
  }
  for (const name of waiting) await tx.unsafe(`DROP TABLE ${name}`);
  return counts;
}

/** The order in which a row's counterpart goes in before the row. */
function parentsFirst(plans: readonly AppendPlan[]): number[] {
  const order: number[] = [];
  const visit = (index: number, path: ReadonlySet<number>) => {
    if (order.includes(index) || path.has(index)) return;
    for (const { references } of plans[index]!.table.references) {
      const parent = plans.findIndex(({ table }) => table.name === references.table);
      if (parent >= 0) visit(parent, new Set([...path, index]));
    }
    order.push(index);
  };
  plans.forEach((_, index) => visit(index, new Set()));
  return order;
}

async function moveRows(
  tx: Tx,
  { draft, table }: AppendPlan,
  waiting: string,
  load: AppendLoad,
): Promise<number> {
  const filled = new Set(draft.columns.map((column) => column.name));
  const target = publicTable(table.name);
  for (const { columns } of table.unique) {
    // A key that Postgres fills has no value in the file.
    if (!columns.every((column) => filled.has(column))) continue;
    const list = columns.map(quoteIdent).join(", ");
    const same = columns.map((column) => `t.${quoteIdent(column)} = w.${quoteIdent(column)}`)
      .join(" AND ");
    const isPrimary = columns === table.primaryKey?.columns;
    if (isPrimary) {
      const absent = columns.map((column) => `w.${quoteIdent(column)} IS NULL`).join(" OR ");
      await setAside(
        tx,
        waiting,
        absent,
        `no value for the key (${columns.join(", ")})`,
        table,
        load,
      );
    }
    await setAside(
      tx,
      waiting,
      `EXISTS (SELECT FROM ${target} t WHERE ${same}) OR w.${LINE} IN (
         SELECT ${LINE} FROM (SELECT ${LINE},
           row_number() OVER (PARTITION BY ${list} ORDER BY ${LINE}) AS place
           FROM ${waiting} WHERE (${list}) IS NOT NULL) AS numbered WHERE place > 1)`,
      `duplicate key (${columns.join(", ")})`,
      table,
      load,
    );
  }
  for (const reference of table.references) {
    if (!reference.columns.every((column) => filled.has(column))) continue;
    const reason = `no counterpart in ${reference.references.table} (${
      reference.columns.join(", ")
    })`;
    await setAside(
      tx,
      waiting,
      orphanCondition(reference, table.name, waiting),
      reason,
      table,
      load,
    );
  }
  const list = columnList(draft.columns);
  const moved = await tx.unsafe(
    `INSERT INTO ${target} (${list}) SELECT ${list} FROM ${waiting} ORDER BY ${LINE}`,
  );
  return moved.count;
}

/** Where a row refers to one that is neither in the table nor, for a table's own rows, in the file. */
function orphanCondition(reference: CatalogueReference, table: string, waiting: string): string {
  const { references: { table: parent, columns: keys } } = reference;
  const own = reference.columns.map((column) => `w.${quoteIdent(column)}`);
  const match = (alias: string) =>
    keys.map((key, index) => `${alias}.${quoteIdent(key)} = ${own[index]}`).join(" AND ");
  const present = own.map((column) => `${column} IS NOT NULL`).join(" AND ");
  const inFile = parent === table
    ? ` AND NOT EXISTS (SELECT FROM ${waiting} s WHERE ${match("s")})`
    : "";
  return `${present} AND NOT EXISTS (SELECT FROM ${publicTable(parent)} t WHERE ${match("t")})` +
    inFile;
}

/** Moves waiting rows into `bulkhead.rejects`. */
async function setAside(
  tx: Tx,
  waiting: string,
  condition: string,
  reason: string,
  table: { readonly name: string },
  load: AppendLoad,
): Promise<void> {
  await execute(
    tx,
    `WITH gone AS (DELETE FROM ${waiting} w WHERE ${condition} RETURNING w.*)
     INSERT INTO bulkhead.rejects (ingest_id, file_name, table_name, line, reason, raw)
     SELECT ${quoteLiteral(load.ingestId)}::uuid, ${quoteLiteral(load.fileName)},
       ${quoteLiteral(table.name)}, ${LINE}, ${quoteLiteral(reason)},
       left((to_jsonb(gone) - 'bulkhead.line')::text, 2000)
     FROM gone`,
    load.signal,
  );
}
