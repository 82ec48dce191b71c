import postgres from "postgres";

/** A pool of connections to one database as one role. */
export type Sql = postgres.Sql<Record<string, never>>;
/** One transaction, or one connection, of a pool. */
export type Tx = postgres.TransactionSql<Record<string, never>>;
/** A connection taken out of its pool until `release()`. */
export type Reserved = postgres.ReservedSql<Record<string, never>>;
/** A query that runs when awaited and can be cancelled. */
export type Pending = postgres.PendingQuery<postgres.Row[]>;

/** What a pool may be told. */
export interface ConnectOptions {
  /** Connections at most. */
  readonly max?: number;
  /** Seconds after which an idle connection is closed; 0 keeps it. */
  readonly idleSeconds?: number;
  /** Shown in pg_stat_activity. */
  readonly name?: string;
  /** Session settings sent at connect. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /**
   * Statements that may wait on a connection behind the running one; more wait in the pool. With 0 the
   * driver's `begin` does not work: a transaction goes over `reserve`.
   */
  readonly pipeline?: number;
  /**
   * Lets a session write in `begin` alone. When a connection closes inside a transaction the driver sends
   * what follows over another one, outside of any transaction: there it must change nothing.
   */
  readonly guarded?: boolean;
  /** Answers arrays as arrays, and not as their text; costs each connection a query. */
  readonly arrays?: boolean;
  /** Told of each notice; without it notices are dropped. */
  readonly onNotice?: (text: string) => void;
}

const LONGEST_BACKOFF_SECONDS = 0.5;

/**
 * Opens a pool. Nothing connects before the first query. int8 and numeric come back as text, since a
 * JavaScript number would lose digits; timestamps as Date, which keeps milliseconds only.
 */
export function connect(url: string, options: ConnectOptions = {}): Sql {
  const sql = postgres(url, {
    max: options.max ?? 4,
    idle_timeout: options.idleSeconds ?? 30,
    connect_timeout: 15,
    max_lifetime: null,
    // The driver counts failures of the whole pool, and would have calls wait 20 s for a database that
    // has long been back.
    backoff: (failures) => Math.min(3 ** failures / 100, LONGEST_BACKOFF_SECONDS),
    // A spread, since the driver's types leave this option out.
    ...{ max_pipeline: options.pipeline ?? 100 },
    // The catalogue of array types costs a query a connection, and of ours only the queue needs it.
    fetch_types: options.arrays ?? false,
    onnotice: (notice) => options.onNotice?.(String(notice["message"])),
    connection: {
      application_name: options.name ?? "bulkhead",
      ...options.settings,
      // Absent for the others: a reader's role says "on" of itself.
      ...((options.guarded ? { default_transaction_read_only: "on" } : {}) as object),
    },
  });
  if (options.guarded) {
    const begin = sql.begin as (mode: string, work: unknown) => Promise<unknown>;
    sql.begin = ((work: unknown) => begin("read write", work)) as typeof sql.begin;
  }
  // Without fetch_types, postgres.js 3.4.9 never hands out a connection that reserve() itself opened;
  // a query before it leaves one open.
  const reserve = sql.reserve;
  sql.reserve = async () => {
    await sql`SELECT`;
    return await reserve();
  };
  return sql;
}

/** Quotes an identifier for SQL text; a NUL byte, which no identifier holds, is refused. */
export function quoteIdent(name: string): string {
  if (name.includes("\0")) throw new Error("an identifier holds no NUL byte");
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text literal for the few statements that take no parameters (CREATE ROLE, COMMENT). */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) throw new Error("a literal holds no NUL byte");
  // E'' in every case: right whatever standard_conforming_strings says.
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
