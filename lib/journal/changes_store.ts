import type { ChangeId } from "../ids.ts";
import type { Sql, Tx } from "../postgres/mod.ts";
import {
  type ChangedBy,
  type ChangedRows,
  type ChangeSummary,
  type JournalEntry,
  parseImage,
  type RowOp,
} from "./entry.ts";

/** Which changes; what is not said bounds nothing. */
export interface ChangeFilter {
  readonly token?: string | undefined;
  /** A connection of an app. */
  readonly grant?: string | undefined;
  /** Somebody's own acts, through neither. */
  readonly person?: string | undefined;
  readonly tool?: string | undefined;
  readonly table?: string | undefined;
  readonly since?: Date | undefined;
}

type Db = Sql | Tx;

/**
 * The entry that took the entry `e` back and holds still. What was taken back and brought back again is
 * a chain, in which each link is undone by the next: only its latest counts, since nothing is undone
 * twice while it is undone.
 */
const takenBackBy = (sql: Db) =>
  sql`(
    WITH RECURSIVE chain AS (
      SELECT e.id, 0 AS depth, NULL::bigint AS first
      UNION ALL
      SELECT u.id, c.depth + 1, coalesce(c.first, u.id) FROM chain c
      CROSS JOIN LATERAL (SELECT max(n.id) AS id FROM bulkhead.journal n WHERE n.undoes = c.id) u
      WHERE u.id IS NOT NULL
    )
    SELECT first FROM chain WHERE depth % 2 = 1 AND depth = (SELECT max(depth) FROM chain)
  )`;

/** Whether all that there is of the entry `e` may be shown now. */
const isShown = (sql: Db) =>
  sql`(
    (e.before IS NULL OR bulkhead.visible_image(e.table_name, e.before) IS NOT NULL)
    AND (e.after IS NULL OR bulkhead.visible_image(e.table_name, e.after) IS NOT NULL)
  )`;

/** Tables by name, as far as a credential reaches; null: all. */
export type Reached = readonly string[] | null;

/** Whether the entry called `alias` is of a table that is reached. */
const isReached = (sql: Db, tables: Reached, alias: string) =>
  tables === null
    ? sql`true`
    : sql`${JSON.stringify(tables)}::text::jsonb ? ${sql(alias)}.table_name`;

/** Parts of queries over entries called `e`, shared by reading and undoing. */
export const entrySql = { takenBackBy, isShown, isReached };

interface RawSummary {
  head: string;
  change_id: ChangeId;
  at: Date;
  context: Partial<ChangedBy>;
  tables: ChangedRows[];
  file: ChangeSummary["file"];
  rows: number;
  undone: number;
  undoing: number;
}

/** Who changed something, with what the journal was not told as null. */
function parseContext(context: Partial<ChangedBy>): ChangedBy {
  const { kind = "system", user = null, token = null, grant = null, label = null } = context;
  const { tool = null, request = null, network = null } = context;
  return { kind, user, token, grant, label, tool, request, network };
}

const summaryOf = ({ change_id, context, ...row }: RawSummary): ChangeSummary => ({
  ...row,
  changeId: change_id,
  by: parseContext(context),
});

/** What is told of the change that the entry `j` is the last of. */
const summaryColumns = (sql: Db, reached: Reached) =>
  sql`
    j.id::text AS head, j.change_id, j.at, j.context,
    (SELECT jsonb_agg(jsonb_build_object('table', g.table_name, 'op', g.op, 'rows', g.rows)
       ORDER BY g.table_name, g.op)
     FROM (
       SELECT e.table_name, o.op, sum(o.rows) AS rows FROM bulkhead.journal e
       LEFT JOIN bulkhead.import_entries i ON i.entry = e.id
       CROSS JOIN LATERAL (
         SELECT e.op, 1::bigint AS rows WHERE i.entry IS NULL
         UNION ALL SELECT 'insert', i.added WHERE i.added > 0
         UNION ALL SELECT 'delete', i.removed WHERE i.removed > 0
       ) o
       WHERE e.change_id = j.change_id AND e.op <> 'rules' AND ${isReached(sql, reached, "e")}
       GROUP BY e.table_name, o.op
     ) g) AS tables,
    (SELECT jsonb_build_object('fileName', i.file_name, 'sha256', i.sha256, 'mode', i.mode)
     FROM bulkhead.journal e JOIN bulkhead.import_entries i ON i.entry = e.id
     WHERE e.change_id = j.change_id AND e.op = 'import' ORDER BY e.id LIMIT 1) AS file,
    c.rows, c.undone, c.undoing
    FROM bulkhead.journal j
    CROSS JOIN LATERAL (
      SELECT sum(n.rows)::float8 AS rows,
        coalesce(sum(n.rows) FILTER (WHERE e.undoes IS NOT NULL), 0)::float8 AS undoing,
        coalesce(sum(n.rows) FILTER (WHERE ${takenBackBy(sql)} IS NOT NULL), 0)::float8 AS undone
      FROM bulkhead.journal e
      LEFT JOIN bulkhead.import_entries i ON i.entry = e.id
      CROSS JOIN LATERAL (SELECT coalesce(i.added + i.removed, 1) AS rows) n
      WHERE e.change_id = j.change_id AND e.op <> 'rules' AND ${isReached(sql, reached, "e")}
    ) c`;

/**
 * Reads changes, the latest first, behind the one whose last entry is `after`. Each step looks for the
 * last entry below the ones before that belongs to a change not met yet, since changes that ran side by
 * side have their entries between each other's.
 */
export async function selectChanges(
  sql: Db,
  { token = null, grant = null, person = null, tool = null, table = null, since }: Nullable<
    ChangeFilter
  >,
  after: string | null,
  limit: number,
  reached: Reached = null,
): Promise<ChangeSummary[]> {
  const from = since?.toISOString() ?? null;
  const rows = await sql<RawSummary[]>`
    WITH RECURSIVE heads AS (
      SELECT coalesce(${after}::bigint, 9223372036854775807) AS id, 0 AS place,
        ARRAY(SELECT change_id FROM bulkhead.journal WHERE id = ${after}::bigint) AS seen
      UNION ALL
      SELECT n.id, h.place + 1, h.seen || n.change_id
      FROM heads h
      CROSS JOIN LATERAL (
        SELECT j.id, j.change_id FROM bulkhead.journal j
        WHERE j.id < h.id AND j.op <> 'rules' AND j.change_id <> ALL (h.seen)
          AND ${isReached(sql, reached, "j")}
          AND (${token}::text IS NULL OR j.context ->> 'token' = ${token})
          AND (${grant}::text IS NULL OR j.context ->> 'grant' = ${grant})
          AND (${person}::text IS NULL OR (
            j.context ->> 'user' = ${person}
            AND j.context ->> 'token' IS NULL AND j.context ->> 'grant' IS NULL
          ))
          AND (${tool}::text IS NULL OR j.context ->> 'tool' = ${tool})
          AND (${table}::text IS NULL OR j.table_name = ${table})
          AND (${from}::timestamptz IS NULL OR j.at >= ${from})
          AND (${after}::bigint IS NULL OR NOT EXISTS (
            SELECT FROM bulkhead.journal m
            WHERE m.change_id = j.change_id AND m.id > ${after}::bigint
              AND (${table}::text IS NULL OR m.table_name = ${table})
              AND ${isReached(sql, reached, "m")}
          ))
        ORDER BY j.id DESC LIMIT 1
      ) n
      WHERE h.place < ${limit}
    )
    SELECT ${summaryColumns(sql, reached)}
    JOIN heads h ON h.id = j.id AND h.place > 0
    ORDER BY j.id DESC`;
  return rows.map(summaryOf);
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

/** Ends statements of the transaction that take long: a journal may be of any size. */
export async function limitTime(tx: Tx): Promise<void> {
  await tx`SET LOCAL statement_timeout = '15s'`;
}

/** Reads one change; null where there is none. */
export async function selectChange(
  sql: Db,
  change: ChangeId,
  reached: Reached = null,
): Promise<ChangeSummary | null> {
  const [row] = await sql<RawSummary[]>`
    SELECT ${summaryColumns(sql, reached)}
    WHERE j.id = (
      SELECT max(m.id) FROM bulkhead.journal m
      WHERE m.change_id = ${change} AND m.op <> 'rules' AND ${isReached(sql, reached, "m")}
    )`;
  return row ? summaryOf(row) : null;
}

interface RawEntry {
  id: string;
  at: Date;
  change_id: ChangeId;
  op: RowOp;
  table_name: string;
  key: string;
  before: string | null;
  after: string | null;
  undoes: string | null;
  undone_by: string | null;
  undone_in: ChangeId | null;
}

const entryOf = (row: RawEntry): JournalEntry => ({
  id: row.id,
  at: row.at,
  changeId: row.change_id,
  op: row.op,
  table: row.table_name,
  key: parseImage(row.key),
  before: row.before === null ? null : parseImage(row.before),
  after: row.after === null ? null : parseImage(row.after),
  undoes: row.undoes,
  undoneBy: row.undone_by === null ? null : { entry: row.undone_by, changeId: row.undone_in! },
});

const entryColumns = (sql: Db) =>
  sql`
    e.id::text, e.at, e.change_id, e.op, e.table_name,
    (coalesce(e.key, '{}') - coalesce(r.hidden, '{}'))::text AS key,
    bulkhead.visible_image(e.table_name, e.before)::text AS before,
    bulkhead.visible_image(e.table_name, e.after)::text AS after,
    e.undoes::text, b.id::text AS undone_by,
    (SELECT u.change_id FROM bulkhead.journal u WHERE u.id = b.id) AS undone_in
    FROM bulkhead.journal e
    LEFT JOIN bulkhead.rules r ON r.table_name = e.table_name
    CROSS JOIN LATERAL (SELECT ${takenBackBy(sql)} AS id) b`;

/** Reads a change's entries that may be shown, in the order in which they happened. */
export async function selectEntries(
  sql: Db,
  change: ChangeId,
  after: string | null,
  limit: number,
  reached: Reached = null,
): Promise<JournalEntry[]> {
  const rows = await sql<RawEntry[]>`
    SELECT ${entryColumns(sql)}
    WHERE e.change_id = ${change} AND e.op NOT IN ('rules', 'import') AND e.id > coalesce(${after}::bigint, 0)
      AND ${isShown(sql)} AND ${isReached(sql, reached, "e")}
    ORDER BY e.id LIMIT ${limit}`;
  return rows.map(entryOf);
}

/** Reads those of the named entries that may be shown, the latest first. */
export async function selectEntriesById(
  sql: Db,
  ids: readonly string[],
): Promise<JournalEntry[]> {
  const rows = await sql<RawEntry[]>`
    SELECT ${entryColumns(sql)}
    WHERE e.id = ANY (ARRAY(SELECT jsonb_array_elements_text(${
    JSON.stringify(ids)
  }::text::jsonb)::bigint))
      AND e.op <> 'import' AND ${isShown(sql)}
    ORDER BY e.id DESC`;
  return rows.map(entryOf);
}

/** How many of a change's entries may not be shown. */
export async function countHidden(
  sql: Db,
  change: ChangeId,
  reached: Reached = null,
): Promise<number> {
  const [row] = await sql<{ hidden: number }[]>`
    SELECT count(*)::int AS hidden FROM bulkhead.journal e
    WHERE e.change_id = ${change} AND e.op NOT IN ('rules', 'import') AND NOT ${isShown(sql)}
      AND ${isReached(sql, reached, "e")}`;
  return row!.hidden;
}

/** Tables and tools of the changes since a time, for people to choose from. */
export async function selectNames(
  sql: Db,
): Promise<{ tables: string[]; tools: string[] }> {
  const [row] = await sql<{ tables: string[] | null; tools: string[] | null }[]>`
    WITH latest AS (
      SELECT table_name, context ->> 'tool' AS tool FROM bulkhead.journal
      WHERE op <> 'rules' ORDER BY id DESC LIMIT 5000
    )
    SELECT (SELECT jsonb_agg(DISTINCT table_name) FROM latest) AS tables,
      (SELECT jsonb_agg(DISTINCT tool) FROM latest WHERE tool IS NOT NULL) AS tools`;
  return { tables: row!.tables ?? [], tools: row!.tools ?? [] };
}

/** Somebody who changed rows: through an app or a token, or themselves. One of the three is said. */
export interface ChangeActor {
  readonly token: string | null;
  readonly grant: string | null;
  readonly person: string | null;
  readonly label: string | null;
}

/** Who changed something lately, for people to choose from. */
export async function selectActors(sql: Db): Promise<ChangeActor[]> {
  return [
    ...await sql<ChangeActor[]>`
      SELECT a.token, a."grant", a.person, a.label FROM (
        SELECT DISTINCT ON (coalesce(l."grant", l.token, l.person))
          CASE WHEN l."grant" IS NULL THEN l.token END AS token, l."grant",
          CASE WHEN coalesce(l."grant", l.token) IS NULL THEN l.person END AS person,
          l.label, l.id
        FROM (
          SELECT id, context ->> 'token' AS token, context ->> 'grant' AS "grant",
            context ->> 'user' AS person, context ->> 'label' AS label
          FROM bulkhead.journal WHERE op <> 'rules' ORDER BY id DESC LIMIT 5000
        ) l
        WHERE coalesce(l."grant", l.token, l.person) IS NOT NULL
        ORDER BY coalesce(l."grant", l.token, l.person), l.id DESC
      ) a ORDER BY a.id DESC LIMIT 100`,
  ];
}
