import { z } from "zod";
import { isId } from "../ids.ts";
import type { ChangeId } from "../ids.ts";
import { type Sql, sqlState, type Tx } from "../postgres/mod.ts";

const uuid = z.string().refine(isId);

// What is said of an actor is what the writer's session said: nothing of it is taken as it comes.
const said = z.object({
  kind: z.enum(["dashboard", "mcp", "rest", "agent", "system"]).catch("system"),
  user: uuid.nullable().catch(null),
  token: uuid.nullable().catch(null),
  grant: uuid.nullable().catch(null),
  tool: z.string().regex(/^[a-z][a-z0-9_]{0,99}$/).nullable().catch(null),
  request: uuid.nullable().catch(null),
  network: z.string().regex(/^[0-9a-f.:]{2,45}\/\d{1,3}$/).nullable().catch(null),
}).catch({
  kind: "system",
  user: null,
  token: null,
  grant: null,
  tool: null,
  request: null,
  network: null,
});

/** Who made a change, as its entry says; not yet known to be true. */
export type SaidActor = z.infer<typeof said>;

/** What leaves an endpoint's database of one journal entry: which row and what of it, no value. */
export interface WaitingEntry {
  /** A bigint as text. */
  readonly id: string;
  /** When the row was changed: ISO 8601, UTC, to the microsecond. */
  readonly at: string;
  readonly change: ChangeId;
  readonly op: "insert" | "update" | "delete" | "rules";
  readonly table: string;
  /** Hexadecimal SHA-256 over the database's salt and the image; null where there is none. */
  readonly key: string | null;
  readonly before: string | null;
  readonly after: string | null;
  /** The columns that differ, without those that are hidden. */
  readonly columns: readonly string[];
  readonly undoes: string | null;
  readonly actor: SaidActor;
}

const notice = z.object({
  action: z.enum([
    "change.queued",
    "change.approved",
    "change.rejected",
    "change.undone",
    "table.opened",
  ]),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
});

/** What happened in an endpoint that is no change of a row, to be told in the audit log. */
export type Notice = z.infer<typeof notice>;

/** A notice that waits to be told. */
export interface WaitingNotice {
  /** A bigint as text. */
  readonly id: string;
  readonly notice: Notice;
  readonly actor: SaidActor;
}

interface Raw extends Omit<WaitingEntry, "actor"> {
  readonly notice: unknown;
  readonly context: unknown;
}

/**
 * Lets the audit log be told of something, in the transaction in which it happens: told once if that
 * commits, and else not.
 *
 * @param by Who does it, as `changedBy` says.
 */
export async function insertNotice(
  tx: Sql | Tx,
  { action, subject, detail }: Notice,
  by: Readonly<Record<string, string | null>>,
): Promise<void> {
  await tx`
    INSERT INTO bulkhead.outbox (entry, notice)
    VALUES (
      nextval(pg_get_serial_sequence('bulkhead.journal', 'id')),
      ${tx.json({ action, subject, detail, by } as never)}
    )`;
}

// Longer than a thousand entries take; short enough that a database in trouble holds up nothing.
const TIMEOUT = "20s";

/**
 * Reads up to `limit` entries that wait, in the order of their commits. An entry shows when its
 * transaction is over, so a late one with a low id is not passed by: it comes in a later read. Within a
 * read, transactions stand in the order of their commit times where the server keeps them, else of ids,
 * which is right for all that touch the same row: the later one got its id after the earlier was over.
 *
 * @param owner The endpoint's database as its owner.
 */
export async function selectWaiting(
  owner: Sql,
  limit: number,
): Promise<(WaitingEntry | WaitingNotice)[]> {
  const rows = await owner.begin(async (tx) => {
    await tx`SELECT set_config('statement_timeout', ${TIMEOUT}, true)`;
    return await tx<Raw[]>`
      WITH waiting AS (
        SELECT o.entry, o.notice, CASE WHEN current_setting('track_commit_timestamp') = 'on'
          THEN pg_xact_commit_timestamp(o.xmin) END AS committed
        FROM bulkhead.outbox o
        ORDER BY committed NULLS FIRST, o.entry LIMIT ${limit}
      )
      SELECT w.entry::text AS id, w.notice, j.change_id AS change, j.op, j.table_name AS "table",
        j.undoes::text, coalesce(w.notice -> 'by', j.context) AS context,
        to_char(j.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
        encode(sha256(a.salt || convert_to(j.key::text, 'UTF8')), 'hex') AS key,
        encode(sha256(a.salt || convert_to(j.before::text, 'UTF8')), 'hex') AS before,
        encode(sha256(a.salt || convert_to(j.after::text, 'UTF8')), 'hex') AS after,
        (
          SELECT coalesce(jsonb_agg(k.name ORDER BY k.name), '[]')
          FROM jsonb_object_keys(coalesce(j.before, '{}') || coalesce(j.after, '{}')) AS k(name)
          WHERE (j.before ->> k.name) IS DISTINCT FROM (j.after ->> k.name)
            AND NOT EXISTS (
              SELECT FROM bulkhead.rules r
              WHERE r.table_name = j.table_name AND k.name = ANY (r.hidden)
            )
        ) AS columns
      FROM waiting w CROSS JOIN bulkhead.access a LEFT JOIN bulkhead.journal j ON j.id = w.entry
      WHERE w.notice IS NOT NULL OR j.id IS NOT NULL
      ORDER BY w.committed NULLS FIRST, w.entry`;
  });
  return rows.map(({ context, notice: told, ...entry }) => {
    const actor = said.parse(context);
    return told === null
      ? { ...entry, actor }
      : { id: entry.id, notice: notice.parse(told), actor };
  });
}

/**
 * Tells whether no transaction is changing rows now, of which nothing shows yet: an owner's may last longer
 * than any note. By a lock that goes with none of them, given back at once.
 */
export async function isAtRest(owner: Sql): Promise<boolean> {
  try {
    await owner.begin(async (tx) => {
      const tables = await tx<{ name: string }[]>`
        SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'bulkhead_journal'`;
      const names = ["bulkhead.outbox", ...tables.map(({ name }) => name)].join(", ");
      await tx.unsafe(`LOCK TABLE ${names} IN SHARE MODE NOWAIT`);
    });
    return true;
  } catch (error) {
    if (sqlState(error) === "55P03") return false;
    throw error;
  }
}

/** Strikes entries off the outbox; those that are not there do no harm. */
export async function strikeOff(owner: Sql, entries: readonly string[]): Promise<void> {
  if (entries.length === 0) return;
  await owner`
    DELETE FROM bulkhead.outbox
    WHERE entry IN (SELECT value::bigint FROM jsonb_array_elements_text(${
    owner.json([...entries])
  }))`;
}

/**
 * Lets no row be changed any more: waits for the transactions that are changing some, and makes each later
 * one fail. The journal's trigger cannot be passed by, and from then on it cannot write.
 */
export async function closeOutbox(owner: Sql): Promise<void> {
  await owner.begin(async (tx) => {
    await tx`LOCK TABLE bulkhead.outbox IN ACCESS EXCLUSIVE MODE`;
    await tx`ALTER TABLE bulkhead.outbox DROP CONSTRAINT IF EXISTS outbox_closed`;
    await tx`ALTER TABLE bulkhead.outbox ADD CONSTRAINT outbox_closed CHECK (false) NOT VALID`;
  });
}
