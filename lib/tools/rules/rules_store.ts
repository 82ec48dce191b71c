import type { ChangeId } from "../../ids.ts";
import { quoteIdent, type Sql, sqlState, type Tx } from "../../postgres/mod.ts";
import { valueKind } from "../manifest/kind.ts";
import { OPEN_RULES, type RuledTable, type TableRules } from "./shape.ts";

interface TableRow {
  name: string;
  columns: {
    name: string;
    type: string;
    cast: string;
    base: string;
    base_schema: string;
    typtype: string;
    nullable: boolean;
    comment: string | null;
    generated: boolean;
    required: boolean;
    from: string[];
  }[];
  primary_key: string[];
  rules: {
    hidden: string[];
    read_only: string[];
    may_insert: boolean;
    may_update: boolean;
    may_delete: boolean;
    row_filter: Record<string, unknown> | null;
  } | null;
}

function parse({ name, columns, primary_key, rules }: TableRow): RuledTable {
  const known = (names: readonly string[]) =>
    names.filter((one) => columns.some((column) => column.name === one));
  return {
    name,
    primaryKey: primary_key,
    columns: columns.map(({ base, base_schema, typtype, ...column }) => ({
      ...column,
      kind: valueKind(base_schema, base, typtype),
    })),
    rules: rules
      ? {
        hidden: known(rules.hidden),
        readOnly: known(rules.read_only),
        insert: rules.may_insert,
        update: rules.may_update,
        delete: rules.may_delete,
        rowFilter: rules.row_filter,
      }
      : OPEN_RULES,
  };
}

/** The tables that rules can be set for, as the owner sees them; `only` names one. */
export async function selectTables(sql: Sql | Tx, only: string | null): Promise<RuledTable[]> {
  const rows = await sql<TableRow[]>`
    SELECT c.relname::text AS name,
      (
        SELECT coalesce(json_agg(json_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'cast', format('%I.%I', n.nspname, t.typname),
          'base', b.typname, 'base_schema', bn.nspname, 'typtype', b.typtype,
          'nullable', NOT a.attnotnull, 'comment', col_description(c.oid, a.attnum),
          'generated', a.attgenerated <> '' OR a.attidentity = 'a',
          'required', a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
          'from', (
            SELECT coalesce(json_agg(o.attname ORDER BY o.attnum), '[]')
            FROM pg_attrdef f
            JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
            JOIN pg_attribute o ON o.attrelid = c.oid AND o.attnum = d.refobjsubid
            WHERE a.attgenerated <> '' AND f.adrelid = c.oid AND f.adnum = a.attnum
              AND o.attnum <> a.attnum
          )
        ) ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_namespace n ON n.oid = t.typnamespace
        JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
        JOIN pg_namespace bn ON bn.oid = b.typnamespace
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      ) AS columns,
      (
        SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]')
        FROM pg_index i
        CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisprimary
      ) AS primary_key,
      (SELECT to_json(r) FROM bulkhead.rules r WHERE r.table_name = c.relname) AS rules
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND (${only}::text IS NULL OR c.relname = ${only})
    ORDER BY c.relname`;
  return rows.map(parse);
}

/** Keeps two changes of rules apart, and neither waits for more than a few seconds. */
export async function beginRules(tx: Tx): Promise<void> {
  await tx`SET LOCAL lock_timeout = '4s'`;
  await tx`SET LOCAL statement_timeout = '15s'`;
  await tx`LOCK TABLE bulkhead.rules IN SHARE ROW EXCLUSIVE MODE`;
}

/** Stores a table's rules, and makes its grants and its policy say so. */
export async function putRules(
  tx: Tx,
  table: string,
  rules: TableRules,
  filterSql: string | null,
): Promise<void> {
  const { hidden, readOnly, rowFilter } = rules;
  const names = (list: readonly string[]) => tx.json([...list]);
  await tx`
    INSERT INTO bulkhead.rules (
      table_name, hidden, read_only, may_insert, may_update, may_delete, row_filter, row_filter_sql
    ) VALUES (
      ${table}, ARRAY(SELECT jsonb_array_elements_text(${names(hidden)})),
      ARRAY(SELECT jsonb_array_elements_text(${names(readOnly)})),
      ${rules.insert}, ${rules.update}, ${rules.delete},
      ${rowFilter ? tx.json(rowFilter as never) : null}, ${filterSql}
    )
    ON CONFLICT (table_name) DO UPDATE SET
      hidden = excluded.hidden, read_only = excluded.read_only,
      may_insert = excluded.may_insert, may_update = excluded.may_update,
      may_delete = excluded.may_delete,
      row_filter = excluded.row_filter, row_filter_sql = excluded.row_filter_sql`;
  await tx`SELECT bulkhead.apply_access(${`public.${quoteIdent(table)}`}::text::regclass)`;
}

/** Runs the policy once as the writer, who reads under the same one as the reader. */
export async function tryPolicy(tx: Tx, table: string): Promise<void> {
  const [access] = await tx<{ writer: string }[]>`SELECT writer FROM bulkhead.access`;
  await tx.unsafe(`SET LOCAL ROLE ${quoteIdent(access!.writer)}`);
  await tx.unsafe(`SELECT FROM public.${quoteIdent(table)} LIMIT 1`);
  await tx`RESET ROLE`;
}

/** One change of rules, for the journal: rules as `/v1` shows them. */
export interface RulesEntry {
  readonly change: ChangeId;
  readonly table: string;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly by: Readonly<Record<string, unknown>>;
}

/** Writes a change of rules into the journal, for the relay to carry on. */
export async function insertRulesEntry(tx: Tx, entry: RulesEntry): Promise<void> {
  await tx`
    WITH made AS (
      INSERT INTO bulkhead.journal (change_id, op, table_name, before, after, context)
      VALUES (${entry.change}, 'rules', ${entry.table}, ${tx.json(entry.before as never)},
        ${tx.json(entry.after as never)}, ${tx.json(entry.by as never)})
      RETURNING id
    )
    INSERT INTO bulkhead.outbox (entry) SELECT id FROM made`;
}

/** How many rows there are, and how many of them a condition leaves; null where counting takes long. */
export async function countRows(
  sql: Sql,
  table: string,
  condition: string,
): Promise<{ visible: number; total: number } | null> {
  try {
    return await sql.begin("READ ONLY", async (tx) => {
      await tx`SET LOCAL statement_timeout = '3s'`;
      const [row] = await tx.unsafe<{ visible: number; total: number }[]>(
        `SELECT count(*) FILTER (WHERE ${condition})::float8 AS visible, count(*)::float8 AS total ` +
          `FROM public.${quoteIdent(table)}`,
      );
      return row!;
    });
  } catch (error) {
    if (sqlState(error) === "57014") return null;
    throw error;
  }
}

/** Turns writing on or off in the endpoint's database: the writer's grants on every table. */
export async function putWrites(sql: Sql, on: boolean): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`SET LOCAL lock_timeout = '4s'`;
    await tx`SET LOCAL statement_timeout = '60s'`;
    await tx`UPDATE bulkhead.access SET writes = ${on}`;
    await tx`SELECT bulkhead.apply_access_everywhere()`;
  });
}
