import type { ChangeId } from "../ids.ts";
import type { Sql, Tx } from "../postgres/mod.ts";
import { entrySql, type Reached } from "./changes_store.ts";
import { type ChangedBy, type Image, type ImportedFile, parseImage, type RowOp } from "./entry.ts";
import {
  type ChangeCounts,
  deleteRows,
  insertRows,
  type PreviewJson,
  type RowWindow,
} from "./preview_store.ts";

/** A change that is to wait for a person. */
export interface QueuedChange {
  readonly id: ChangeId;
  readonly tool: string;
  readonly table: string;
  /** The call's arguments without dry run and key. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What it would do now. */
  readonly preview: PreviewJson;
  /** Whose idempotency keys these are. */
  readonly actor: string;
  /** Who asks, as the journal will keep it. */
  readonly context: Readonly<Record<string, string | null>>;
  readonly idempotency: { readonly key: string; readonly digest: string } | null;
}

/** How many changes are in an endpoint's queue. */
export interface QueueSize {
  readonly all: number;
  /** Of one actor. */
  readonly own: number;
  /** Bytes that the arguments and rows of all take. */
  readonly bytes: number;
}

/** Days after which a change that nobody decided is rejected. */
export const QUEUE_DAYS = 30;

/** Lets one change at a time into the queue, so that its bounds hold; no other work waits for that. */
export async function lockQueue(tx: Tx): Promise<void> {
  await tx`LOCK TABLE bulkhead.changes IN SHARE UPDATE EXCLUSIVE MODE`;
}

/** Counts what waits. */
export async function selectQueueSize(sql: Sql | Tx, actor: string): Promise<QueueSize> {
  const [row] = await sql<QueueSize[]>`
    SELECT count(*)::int AS all, (count(*) FILTER (WHERE actor = ${actor}))::int AS own,
      coalesce(sum(pg_column_size(arguments) + coalesce((preview ->> 'size')::int, 0)), 0)::float8
        AS bytes
    FROM bulkhead.changes WHERE state = 'queued'`;
  return row!;
}

/** Puts a change into the queue. */
export async function insertQueued(tx: Tx, change: QueuedChange): Promise<void> {
  const { id, tool, table, actor, idempotency } = change;
  await tx`
    INSERT INTO bulkhead.changes (
      id, state, tool, table_name, arguments, preview, actor, context, idempotency_key, body_digest
    ) VALUES (
      ${id}, 'queued', ${tool}, ${table}, ${tx.json(change.arguments as never)},
      ${change.preview.head}::text::jsonb, ${actor}, ${tx.json(change.context)},
      ${idempotency?.key ?? null}, ${idempotency?.digest ?? null}
    )`;
  await insertRows(tx, id, change.preview);
}

/** One row of a preview, as far as it may be shown now. */
export interface PreviewRow {
  /** From 1, in the order of the preview. */
  readonly place: number;
  readonly op: RowOp;
  /** Without hidden columns. */
  readonly key: Image;
  /** Null for an insert. */
  readonly before: Image | null;
  /** Null for a delete. */
  readonly after: Image | null;
  /** The row version before; null for an insert. */
  readonly was: string | null;
  /** The key as the preview has it, as JSON text, to find the row by. */
  readonly keyText: string;
  /** Whether every value is there to its end. */
  readonly whole: boolean;
  /** Whether it holds afterwards what it held before, hidden columns included. */
  readonly same: boolean;
}

/** Who decided on a change; `system` where nobody did in time. */
export interface DecidedBy {
  readonly kind: string;
  readonly user: string | null;
  readonly token: string | null;
  readonly label: string | null;
}

/** A change that waits, or that was decided on. */
export interface ReviewedChange {
  readonly id: ChangeId;
  readonly at: Date;
  readonly state: "queued" | "applied" | "rejected";
  readonly tool: string;
  readonly table: string;
  readonly by: ChangedBy;
  readonly actor: string;
  readonly counts: ChangeCounts;
  readonly file: ImportedFile | null;
  /** Rows that it finds or makes. */
  readonly count: number;
  /** Rows of the window that may be shown: none of a change that is decided. */
  readonly rows: readonly PreviewRow[];
  /** Rows outside of the window. */
  readonly beyond: number;
  /** Rows of the window that the field rules hide. */
  readonly notShown: number;
  /** The window: after which place it begins, and its last; null where no more rows are kept. */
  readonly after: number;
  readonly next: number | null;
  /** Names the preview: another one, and it is another text. Null of a change that is decided. */
  readonly version: string | null;
  readonly decidedAt: Date | null;
  readonly decidedBy: DecidedBy | null;
  /** Of one that was rejected, why; of one that waits, what stood against it when it was approved. */
  readonly note: string | null;
}

interface Raw {
  id: ChangeId;
  at: Date;
  state: ReviewedChange["state"];
  tool: string;
  table_name: string;
  actor: string;
  context: Partial<ChangedBy>;
  counts: (ChangeCounts & { count: number; file?: ImportedFile | null }) | null;
  effects: {
    place: number;
    op: RowOp;
    key: string;
    before: string | null;
    after: string | null;
    was: string | null;
    raw: string;
    whole: boolean;
    same: boolean;
  }[];
  taken: number;
  kept: number;
  version: string | null;
  decided_at: Date | null;
  decided_by: DecidedBy | null;
  note: string | null;
}

const NO_COUNTS = { inserted: 0, updated: 0, deleted: 0, unchanged: 0, count: 0 };

function parse(row: Raw, { after }: RowWindow): ReviewedChange {
  const { kind = "system", user = null, token = null, grant = null, label = null } = row.context;
  const { tool = null, request = null, network = null } = row.context;
  const { count, file = null, ...counts }: NonNullable<Raw["counts"]> = row.counts ?? NO_COUNTS;
  const queued = row.state === "queued";
  return {
    id: row.id,
    at: row.at,
    state: row.state,
    tool: row.tool,
    table: row.table_name,
    by: { kind, user, token, grant, label, tool, request, network },
    actor: row.actor,
    counts,
    file,
    count: queued ? count : 0,
    rows: row.effects.map(({ place, op, key, before, after, was, raw, whole, same }) => ({
      place,
      op,
      key: parseImage(key),
      before: before === null ? null : parseImage(before),
      after: after === null ? null : parseImage(after),
      was,
      keyText: raw,
      whole,
      same,
    })),
    beyond: queued ? Math.max(0, count - row.taken) : 0,
    notShown: row.taken - row.effects.length,
    after,
    next: after + row.taken < row.kept ? after + row.taken : null,
    version: row.version,
    decidedAt: row.decided_at,
    decidedBy: row.decided_by,
    note: row.note,
  };
}

// A preview was made with what its proposer could see then; shown is what may be seen now. A cell that was
// cut could pass a row filter that the whole one does not.
const columns = (sql: Sql | Tx, { after, limit, size, atLeastOne }: RowWindow) =>
  sql`
    c.id, c.at, c.state, c.tool, c.table_name, c.actor, c.context, c.decided_at, c.decided_by, c.note,
    c.preview - 'was' - 'kept' - 'size' - 'digest' AS counts,
    coalesce((c.preview ->> 'kept')::int, (
      SELECT count(*)::int FROM bulkhead.change_rows k WHERE k.change_id = c.id
    )) AS kept,
    CASE WHEN c.state = 'queued' THEN bulkhead.shown_version(c.table_name, c.preview) END AS version,
    w.taken, w.effects
    FROM bulkhead.changes c LEFT JOIN bulkhead.rules r ON r.table_name = c.table_name
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS taken, coalesce(jsonb_agg(jsonb_build_object(
        'place', e.place, 'op', e.op, 'raw', e.key::text, 'was', e.was,
        'key', (e.key - coalesce(r.hidden, '{}'))::text,
        'before', v.before::text, 'after', v.after::text,
        'whole', e.whole, 'same', coalesce(e.before = e.after, false)
      ) ORDER BY e.place) FILTER (
        WHERE (e.before IS NULL OR v.before IS NOT NULL)
          AND (e.after IS NULL OR v.after IS NOT NULL)
          AND (r.row_filter_sql IS NULL OR e.whole)
      ), '[]') AS effects
      FROM (
        SELECT n.*, sum(n.size) OVER (ORDER BY n.place) AS spent FROM (
          SELECT * FROM bulkhead.change_rows k
          WHERE k.change_id = c.id AND k.place > ${after} ORDER BY k.place LIMIT ${limit}
        ) n
      ) e
      CROSS JOIN LATERAL (
        SELECT bulkhead.visible_image(c.table_name, e.before) AS before,
          bulkhead.visible_image(c.table_name, e.after) AS after
      ) v
      WHERE c.state = 'queued'
        AND (e.spent <= ${size} OR (${atLeastOne} AND e.place = ${after} + 1))
    ) w`;

/** Which changes, and where a page of them begins. */
export interface QueuePage {
  readonly state: "queued" | "decided";
  /** The last change of the page before. */
  readonly after: ChangeId | null;
  readonly limit: number;
}

/** Reads changes that wait, the oldest first, or that were decided on, the latest asked first. */
export async function selectReviewed(
  sql: Sql | Tx,
  { state, after, limit }: QueuePage,
  window: RowWindow,
  reached: Reached = null,
): Promise<ReviewedChange[]> {
  const isReached = entrySql.isReached(sql, reached, "c");
  const rows = state === "queued"
    ? await sql<Raw[]>`
      SELECT ${columns(sql, window)}
      WHERE c.state = 'queued' AND ${isReached} AND (${after}::uuid IS NULL OR (c.at, c.id) > (
        SELECT a.at, a.id FROM bulkhead.changes a WHERE a.id = ${after}::uuid
      ))
      ORDER BY c.at, c.id LIMIT ${limit}`
    : await sql<Raw[]>`
      SELECT ${columns(sql, window)}
      WHERE c.decided_at IS NOT NULL AND ${isReached} AND (${after}::uuid IS NULL OR (c.at, c.id) < (
        SELECT a.at, a.id FROM bulkhead.changes a WHERE a.id = ${after}::uuid
      ))
      ORDER BY c.at DESC, c.id DESC LIMIT ${limit}`;
  return rows.map((row) => parse(row, window));
}

/** Reads one change that was queued or asked under a key; null where there is none. */
export async function selectReviewedChange(
  sql: Sql | Tx,
  change: ChangeId,
  window: RowWindow,
): Promise<ReviewedChange | null> {
  const [row] = await sql<Raw[]>`SELECT ${columns(sql, window)} WHERE c.id = ${change}`;
  return row ? parse(row, window) : null;
}

/** How many changes wait. */
export async function countQueued(sql: Sql | Tx): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM bulkhead.changes
    WHERE state = 'queued' AND at > now() - make_interval(days => ${QUEUE_DAYS})`;
  return row!.n;
}

/** A change as it is carried out. */
export interface LockedChange {
  readonly state: ReviewedChange["state"];
  readonly tool: string;
  readonly table: string;
  readonly actor: string;
  readonly arguments: Readonly<Record<string, unknown>> | null;
  readonly context: Readonly<Record<string, string | null>>;
  /** As `ReviewedChange` names it. */
  readonly version: string | null;
  readonly count: number;
  readonly inserted: number;
  readonly unchanged: number;
  /** A digest of all the rows as they were. */
  readonly was: string | null;
}

/**
 * Reads a change and keeps others from deciding on it until the transaction ends; null: none. What follows
 * is over within the half minute for which a note to the relay holds at least.
 */
export async function lockChange(tx: Tx, change: ChangeId): Promise<LockedChange | null> {
  await tx`
    SELECT set_config('lock_timeout', '5s', true), set_config('statement_timeout', '20s', true),
      -- Where a load had been said on this very connection, nothing would be kept of what follows.
      set_config('bulkhead.loading', 'off', true)`;
  const [row] = await tx<LockedChange[]>`
    SELECT state, tool, table_name AS "table", actor, arguments, context,
      bulkhead.shown_version(table_name, preview) AS version,
      (preview ->> 'count')::int AS count, (preview ->> 'inserted')::int AS inserted,
      (preview ->> 'unchanged')::int AS unchanged, preview ->> 'was' AS was
    FROM bulkhead.changes WHERE id = ${change} FOR UPDATE`;
  return row ?? null;
}

/**
 * Acts as the endpoint's writer until `actAsKeeper`, under its grants and row policies.
 *
 * @returns False where writes are off.
 */
export async function actAsWriter(tx: Tx): Promise<boolean> {
  const [access] = await tx<{ writes: boolean; writer: string }[]>`
    SELECT writes, quote_ident(writer) AS writer FROM bulkhead.access`;
  if (!access?.writes) return false;
  await tx.unsafe(`SET LOCAL ROLE ${access.writer}`);
  return true;
}

/** Ends `actAsWriter`, when what Postgres would judge at the end has been judged. */
export async function actAsKeeper(tx: Tx): Promise<void> {
  await tx`SET CONSTRAINTS ALL IMMEDIATE`;
  await tx`RESET ROLE`;
}

/** Notes that a change is done. What it would have done stands in the journal now, as it was done. */
export async function markApplied(tx: Tx, change: ChangeId, by: DecidedBy): Promise<void> {
  await tx`
    UPDATE bulkhead.changes SET state = 'applied', arguments = NULL,
      preview = preview - 'was' - 'kept' - 'size' - 'digest', note = NULL,
      decided_at = clock_timestamp(), decided_by = ${tx.json(by as never)}
    WHERE id = ${change} AND state = 'queued'`;
  await deleteRows(tx, [change]);
}

/** A change that was rejected, as the activity log tells of it. */
export interface RejectedChange {
  readonly id: ChangeId;
  readonly tool: string;
  readonly table: string;
  readonly counts: ChangeCounts;
}

const rejected = (sql: Tx, by: DecidedBy, note: string | null) =>
  sql`
    UPDATE bulkhead.changes SET state = 'rejected', arguments = NULL,
      preview = preview - 'was' - 'kept' - 'size' - 'digest', note = ${note},
      decided_at = clock_timestamp(), decided_by = ${sql.json(by as never)}`;

const told = (sql: Tx) =>
  sql`RETURNING id, tool, table_name AS "table", preview - 'count' - 'file' AS counts`;

/** Rejects a change that waits; null where none does. */
export async function markRejected(
  tx: Tx,
  change: ChangeId,
  by: DecidedBy,
  note: string | null,
): Promise<RejectedChange | null> {
  const [row] = await tx<RejectedChange[]>`
    ${rejected(tx, by, note)} WHERE id = ${change} AND state = 'queued' ${told(tx)}`;
  if (row) await deleteRows(tx, [change]);
  return row ?? null;
}

const NOBODY: DecidedBy = { kind: "system", user: null, token: null, label: null };

/** Rejects what nobody decided in time. */
export async function markExpired(tx: Tx): Promise<RejectedChange[]> {
  const rows = await tx<RejectedChange[]>`
    ${rejected(tx, NOBODY, `Nobody decided on it within ${QUEUE_DAYS} days.`)}
    WHERE state = 'queued' AND at <= now() - make_interval(days => ${QUEUE_DAYS}) ${told(tx)}`;
  await deleteRows(tx, rows.map(({ id }) => id));
  return [...rows];
}

/** Whether anything waits that nobody decided in time. */
export async function hasExpired(sql: Sql | Tx): Promise<boolean> {
  const rows = await sql`
    SELECT FROM bulkhead.changes
    WHERE state = 'queued' AND at <= now() - make_interval(days => ${QUEUE_DAYS}) LIMIT 1`;
  return rows.length > 0;
}

/** Keeps what stood against a change that still waits. */
export async function updateObstacle(tx: Tx, change: ChangeId, note: string): Promise<void> {
  await tx`UPDATE bulkhead.changes SET note = ${note} WHERE id = ${change} AND state = 'queued'`;
}
