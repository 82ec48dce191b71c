import pg from "pg";
import { type Target, targetOf } from "./client/mod.ts";
import { type Listening, listenOn } from "./listen.ts";
import { asFault, createRunner, Names, type Runner, sendOn, type Tx, typesOf } from "./session.ts";
import { isConnectionLost } from "./sqlstate.ts";
import { type Lent, runTransaction } from "./transaction.ts";

export type { Tx } from "./session.ts";
export { quoteIdent, quoteLiteral } from "./template.ts";

/**
 * A pool of connections to one database as one role. As a template it runs one statement, which is a
 * transaction of its own.
 */
export interface Sql extends Runner {
  /** Runs a transaction; `mode` as after BEGIN. */
  begin<T>(work: (tx: Tx) => T | PromiseLike<T>): Promise<T>;
  begin<T>(mode: string, work: (tx: Tx) => T | PromiseLike<T>): Promise<T>;
  /** Takes a connection out of the pool until `release()`. */
  reserve(): Promise<Reserved>;
  /** Hears notifications of a channel over a connection of its own, which is made anew when it is lost. */
  listen(channel: string, hear: (payload: string) => void): Promise<Listening>;
  /** Closes every connection; those still in use after `timeout` seconds are cut. */
  end(options?: { timeout?: number }): Promise<void>;
  readonly options: Target & { readonly max: number };
}

/** A connection taken out of its pool. */
export interface Reserved extends Runner {
  readonly client: pg.ClientBase;
  /**
   * Gives it back.
   *
   * @param spoiled Whether it must not be used again.
   */
  release(spoiled?: boolean): void;
}

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
  /** Answers lists as arrays, and not as their text. */
  readonly arrays?: boolean;
  /** Lets a session write in `begin` alone, for work that may be taken back before its end. */
  readonly guarded?: boolean;
  /** Told of each notice; without it notices are dropped. */
  readonly onNotice?: (text: string) => void;
}

const CONNECT_TIMEOUT_MS = 15_000;

/** A pool's own timeout would also bound how long a caller waits for its turn: that is the caller's matter. */
class TimedClient extends pg.Client {
  constructor(config: pg.ClientConfig = {}) {
    super({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  }
}

/** Settings as a startup option (libpq, "options"): blanks and backslashes are escaped. */
function startupOptions(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, "\\$&")}`).join(" ");
}

/**
 * Opens a pool. Nothing connects before the first query. int8 and numeric come back as text, since a
 * JavaScript number would lose digits; timestamps as Date, which keeps milliseconds only.
 */
export function connect(url: string, options: ConnectOptions = {}): Sql {
  const max = options.max ?? 4;
  const target = targetOf(url);
  const config: pg.PoolConfig = {
    connectionString: url,
    application_name: options.name ?? "bulkhead",
    keepAlive: true,
    types: typesOf(options.arrays ?? false),
    options: startupOptions({
      ...options.settings,
      ...(options.guarded ? { default_transaction_read_only: "on" } : {}),
    }),
  };
  const idleTimeoutMillis = (options.idleSeconds ?? 30) * 1000;
  const pool = new pg.Pool({ ...config, max, idleTimeoutMillis, Client: TimedClient });
  const names = new Names();
  /** Sessions that have not ended yet, and when each has. */
  const open = new Map<pg.PoolClient, Promise<void>>();
  const listeners = new Set<Listening>();
  // Whoever used the connection has been told; one that was idle is simply gone.
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    const ended = Promise.withResolvers<void>();
    open.set(client, ended.promise);
    client.on("end", () => {
      open.delete(client);
      ended.resolve();
    });
    client.on("error", () => {});
    if (options.onNotice) client.on("notice", ({ message }) => options.onNotice!(message ?? ""));
  });

  async function take(): Promise<pg.PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      throw asFault(error);
    }
  }

  async function withClient<T>(work: (lent: Lent) => Promise<T>): Promise<T> {
    const client = await take();
    let spoiled = false;
    try {
      return await work({ client, target, spoil: () => void (spoiled = true) });
    } catch (error) {
      spoiled ||= isConnectionLost(error);
      throw error;
    } finally {
      client.release(spoiled);
    }
  }

  const runner = createRunner((sql, how) =>
    withClient(({ client, spoil }) => sendOn(client, names, sql, how, spoil))
  );
  return Object.assign(runner, {
    options: { ...target, max },
    begin: (<T>(first: string | ((tx: Tx) => T), second?: (tx: Tx) => T) => {
      const work = typeof first === "string" ? second! : first;
      const mode = typeof first === "string" ? first : options.guarded ? "READ WRITE" : "";
      return withClient((lent) => runTransaction(lent, names, mode, work));
    }) as Sql["begin"],
    async reserve(): Promise<Reserved> {
      const client = await take();
      let spoiled = false;
      let given = false;
      const own = createRunner((sql, how) =>
        sendOn(client, names, sql, how, () => void (spoiled = true))
      );
      return Object.assign(own, {
        client,
        release(broken = false) {
          if (given) return;
          given = true;
          client.release(spoiled || broken);
        },
      });
    },
    async listen(channel: string, hear: (payload: string) => void) {
      const listening = await listenOn(config, channel, hear);
      listeners.add(listening);
      return listening;
    },
    async end({ timeout = 5 }: { timeout?: number } = {}) {
      for (const listening of listeners) await listening.unlisten();
      const cut = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        for (const client of open.keys()) {
          (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream
            .destroy();
        }
        cut.resolve();
      }, timeout * 1000);
      // The pool waits for its connections to be given back, not for the sessions to be over.
      const over = pool.end().catch(() => {}).then(() => Promise.all(open.values()));
      await Promise.race([over, cut.promise]);
      clearTimeout(timer);
    },
  });
}
