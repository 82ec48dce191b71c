import { createKept, keptTable } from "../../journal/mod.ts";
import { quoteIdent, quoteLiteral, type Tx } from "../../postgres/mod.ts";
import type { AppendPlan } from "./append_shape.ts";
import type { CatalogueReference, CatalogueTable } from "./catalogue.ts";
import { copyRows } from "./copy_rows.ts";
import type { Draft } from "./draft.ts";
import { type Emptied, emptyTable, restoreReferences } from "./replace.ts";
import type { Source } from "./source.ts";
import { execute } from "./statements.ts";
import { columnList, copyRowsStatement, publicTable } from "./tables.ts";
import { asWriter, lendToWriter } from "./writer.ts";

/** The column in which a waiting row's line stands; no header is ever named so. */
const LINE = '"bulkhead.line"';

/** What an append needs to know of its load. */
export interface AppendLoad {
  readonly ingestId: string;
  readonly fileName: string;
  readonly access: "owner" | "writer";
  /** Whether the rows of the tables go, for these to come in their place. */
  readonly replace: boolean;
  /** The schema that keeps what undoing needs. */
  readonly kept: string;
  /** Rows of the first table to answer as JSON. */
  readonly shown: number;
  readonly signal: AbortSignal;
  told(bytes: number, rows: number): void;
}

/** What went into the tables, in the order of the plans. */
export interface Appended {
  readonly tables: readonly { readonly added: number; readonly removed: number }[];
  readonly rows: readonly string[];
}

/**
 * Adds a source's rows to tables that are there, or puts them in place of those tables' rows. They are
 * copied beside the tables first; those whose key is there already (or earlier in the file), that lack a
 * key, or whose counterpart in another table is missing are set aside, and the rest goes in, with the
 * writer's grants where it is a writer's. The keys of what went in are kept.
 */
export async function appendRows(
  tx: Tx,
  source: Source,
  plans: readonly AppendPlan[],
  load: AppendLoad,
): Promise<Appended> {
  await createKept(tx, load.kept);
  const waiting = plans.map((_, index) => keptTable(load.kept, "file", index));
  for (const [index, { draft, target: { table } }] of plans.entries()) {
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
  const takeBack = load.access === "writer"
    ? await lendToWriter(tx, quoteIdent(load.kept), waiting)
    : null;
  const order = parentsFirst(plans);
  const emptied = new Map<number, Emptied>();
  if (load.replace) {
    // Children first, for their rows refer to their parents'.
    for (const index of order.toReversed()) {
      const { target } = plans[index]!;
      const kept = { schema: load.kept, place: index };
      emptied.set(index, await emptyTable(tx, target, load.access, kept, load.signal));
    }
  }
  const counts = plans.map(() => 0);
  for (const index of order) {
    await execute(tx, `ANALYZE ${waiting[index]}`, load.signal);
    counts[index] = await moveRows(tx, plans[index]!, waiting[index]!, index, load);
  }
  for (const one of emptied.values()) await restoreReferences(tx, one, load.signal);
  const rows = load.shown > 0 ? await firstRows(tx, waiting[0]!, load.shown) : [];
  await takeBack?.();
  for (const name of waiting) await tx.unsafe(`DROP TABLE ${name}`);
  return {
    tables: counts.map((added, index) => ({ added, removed: emptied.get(index)?.removed ?? 0 })),
    rows,
  };
}

/** The first rows that wait, as JSON texts. */
async function firstRows(tx: Tx, waiting: string, limit: number): Promise<string[]> {
  const rows = await tx.unsafe<{ row: string }[]>(
    `SELECT (to_jsonb(w) - 'bulkhead.line')::text AS row FROM ${waiting} w ORDER BY ${LINE} LIMIT ${limit}`,
  );
  return rows.map(({ row }) => row);
}

/** The order in which a row's counterpart goes in before the row. */
function parentsFirst(plans: readonly AppendPlan[]): number[] {
  const order: number[] = [];
  const visit = (index: number, path: ReadonlySet<number>) => {
    if (order.includes(index) || path.has(index)) return;
    for (const { references } of plans[index]!.target.table.references) {
      const parent = plans.findIndex(({ target }) => target.table.name === references.table);
      if (parent >= 0) visit(parent, new Set([...path, index]));
    }
    order.push(index);
  };
  plans.forEach((_, index) => visit(index, new Set()));
  return order;
}

async function moveRows(
  tx: Tx,
  { draft, target: { table } }: AppendPlan,
  waiting: string,
  place: number,
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
    // The other table may be one that a writer is not to know of.
    const where = load.access === "owner" ? ` in ${reference.references.table}` : "";
    const reason = `no counterpart${where} (${reference.columns.join(", ")})`;
    await setAside(
      tx,
      waiting,
      orphanCondition(reference, table.name, waiting),
      reason,
      table,
      load,
    );
  }
  return await insertRows(tx, { draft, table }, waiting, keptTable(load.kept, "keys", place), load);
}

/** Puts waiting rows into their table, and keeps the keys of those that it now has. */
async function insertRows(
  tx: Tx,
  { draft, table }: { readonly draft: Draft; readonly table: CatalogueTable },
  waiting: string,
  keys: string,
  load: AppendLoad,
): Promise<number> {
  const target = publicTable(table.name);
  const list = columnList(draft.columns);
  const key = table.primaryKey?.columns ?? [];
  const given = new Set(draft.columns.map(({ name }) => name));
  const generated = key.length === 1 && table.columns.find(({ name }) => name === key[0])?.identity;
  const last = generated ? await largestKey(tx, target, key[0]!) : null;
  const insert = async () =>
    (await tx.unsafe(
      `INSERT INTO ${target} (${list}) SELECT ${list} FROM ${waiting} ORDER BY ${LINE}`,
    )).count;
  const added = await (load.access === "writer" ? asWriter(tx, insert) : insert());
  if (key.length === 0 || added === 0) return added;
  const keyList = key.map(quoteIdent).join(", ");
  const keep = async (from: string) => {
    await execute(tx, `CREATE TABLE ${keys} AS SELECT ${keyList} FROM ${from}`, load.signal);
    const [count] = await tx.unsafe<{ n: number }[]>(`SELECT count(*)::float8 AS n FROM ${keys}`);
    return count!.n === added;
  };
  if (key.every((name) => given.has(name))) {
    await keep(waiting);
    return added;
  }
  // Keys that Postgres made: of rows that have this transaction's number, as the waiting table has.
  const own = `${target} WHERE xmin = (SELECT xmin FROM pg_catalog.pg_class
    WHERE oid = ${quoteLiteral(waiting)}::regclass)`;
  // They rise, so an index finds them, unless somebody gave a row a key by hand.
  if (last !== null && await keep(`${own} AND ${quoteIdent(key[0]!)} > ${last}`)) return added;
  await tx.unsafe(`DROP TABLE IF EXISTS ${keys}`);
  if (!await keep(own)) throw new Error("an import cannot tell which rows it added");
  return added;
}

/** The largest key of a table whose keys Postgres makes, as digits; null where it has no row. */
async function largestKey(tx: Tx, target: string, column: string): Promise<string | null> {
  const [row] = await tx.unsafe<{ last: string | null }[]>(
    `SELECT max(${quoteIdent(column)})::bigint::text AS last FROM ${target}`,
  );
  return row!.last;
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
