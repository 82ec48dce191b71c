import { ConnectionLost, readFields, ServerFault } from "./faults.ts";
import type { Frames, FrameSink } from "./frames.ts";
import { cancelSession, closeQuietly, openSession, type SessionKey, writeAll } from "./open.ts";
import { StatementNames } from "./statement_names.ts";
import type { Target } from "./target.ts";
import { message, MessageWriter } from "./writer.ts";

/** A row as Postgres wrote it: one text a column. */
export type TextRow = readonly (string | null)[];

/** A statement with its values, all of them as text. */
export interface ReadStatement {
  readonly text: string;
  readonly values: readonly (string | null)[];
}

/** A query that was sent and not answered yet. */
interface Pending {
  readonly statement: ReadStatement;
  readonly resolve: (rows: TextRow[]) => void;
  readonly reject: (error: Error) => void;
  readonly rows: TextRow[];
  /** The name that it runs under; empty for one that is not prepared. */
  readonly name: string;
  /** Whether it told the session the statement's text. */
  readonly fresh: boolean;
  fault: ServerFault | null;
  retried: boolean;
}

/** How a connection is opened. */
export interface ConnectionOptions {
  readonly target: Target;
  /** Session settings sent at the start. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Told once, when the connection is over. */
  readonly onClosed?: () => void;
}

// ASCII codes of the messages that answer a query.
const COMMAND_COMPLETE = 0x43;
const DATA_ROW = 0x44;
const ERROR = 0x45;
const EMPTY_QUERY = 0x49;
const NOTICE = 0x4e;
const READY = 0x5a;
const IDLE = 0x49;
/** Parse, Bind and Close complete, no data, parameter status, notification: nothing to do. */
const PASSED_OVER = new Set([0x31, 0x32, 0x33, 0x6e, 0x53, 0x41]);

/** The statement is not known (any more), or its plan no longer fits the tables. */
const PREPARED_ANEW = new Set(["26000", "0A000"]);

/**
 * One session that reads: statements are sent one behind the other without waiting, each a transaction of
 * its own that ends with its own Sync, so that a fault of one is no other's. It begins no transaction.
 * When it ends, what was not answered fails; nothing is ever sent again over another connection.
 */
export class ReadConnection implements FrameSink {
  readonly #socket: Deno.Conn;
  readonly #key: SessionKey | null;
  readonly #options: ConnectionOptions;
  readonly #out = new MessageWriter();
  readonly #names = new StatementNames();
  // A queue with a moving head: shift() of a long array copies it.
  #queue: Pending[] = [];
  #head = 0;
  #writing = false;
  #scheduled = false;
  #closed: Error | null = null;
  /** When the oldest query that is not answered was sent or became the oldest, by `performance.now()`. */
  #since = 0;

  private constructor(socket: Deno.Conn, key: SessionKey | null, options: ConnectionOptions) {
    this.#socket = socket;
    this.#key = key;
    this.#options = options;
  }

  /** Connects. Throws what `openSession` throws. */
  static async open(options: ConnectionOptions): Promise<ReadConnection> {
    const { socket, frames, key } = await openSession(options.target, options.settings);
    const connection = new ReadConnection(socket, key, options);
    void connection.#read(frames);
    return connection;
  }

  /** How many queries wait for their answer. */
  get pending(): number {
    return this.#queue.length - this.#head;
  }

  get isClosed(): boolean {
    return this.#closed !== null;
  }

  /** Milliseconds for which the oldest query has been waiting; 0 where none is. */
  waitingMs(now: number): number {
    return this.pending ? now - this.#since : 0;
  }

  /**
   * Runs one statement.
   *
   * @param prepare Whether the session keeps it: for statements that come again.
   * @throws ServerFault, ConnectionLost.
   */
  query(statement: ReadStatement, prepare: boolean): Promise<TextRow[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      this.#send(statement, prepare, false, resolve, reject);
    });
  }

  /**
   * Asks the server to end what the session runs, over a connection of its own. The session is not used
   * again: a request names a session and not a statement, and a late one would end another's.
   */
  async cancel(): Promise<void> {
    const key = this.#key;
    if (this.#closed || !key) return;
    await cancelSession(this.#options.target, key);
  }

  /** Ends the session. What waits fails. */
  close(reason: Error = new ConnectionLost("the connection was closed")): void {
    if (this.#closed) return;
    this.#closed = reason;
    // Terminate, so that the server need not find out; a socket that takes no more is closed all the same.
    this.#socket.write(message("X")).catch(() => {}).finally(() => closeQuietly(this.#socket));
    const waiting = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    // Of the oldest the server may have said why.
    for (const { reject, fault } of waiting) reject(fault ?? reason);
    this.#options.onClosed?.();
  }

  #send(
    statement: ReadStatement,
    prepare: boolean,
    retried: boolean,
    resolve: Pending["resolve"],
    reject: Pending["reject"],
  ): void {
    const { name, fresh, dropped } = prepare
      ? this.#names.take(statement.text)
      : { name: "", fresh: true, dropped: null };
    if (dropped) this.#out.closeStatement(dropped);
    if (fresh) this.#out.parse(name, statement.text);
    this.#out.run(name, statement.values);
    if (this.pending === 0) this.#since = performance.now();
    this.#queue.push({ statement, resolve, reject, rows: [], name, fresh, fault: null, retried });
    if (this.#writing || this.#scheduled) return;
    this.#scheduled = true;
    // The only one goes out at once; under load what comes in one turn of the loop goes out together.
    if (this.pending === 1) queueMicrotask(() => this.#flush());
    else setImmediate(() => this.#flush());
  }

  async #flush(): Promise<void> {
    this.#scheduled = false;
    if (this.#writing || this.#closed) return;
    this.#writing = true;
    try {
      while (!this.#out.isEmpty && !this.#closed) await writeAll(this.#socket, this.#out.take());
    } catch (error) {
      this.close(new ConnectionLost("the connection broke", { cause: error }));
    }
    this.#writing = false;
  }

  async #read(frames: Frames): Promise<void> {
    try {
      for (;;) {
        const count = await this.#socket.read(frames.room());
        if (count === null) throw new ConnectionLost("the server closed the connection");
        frames.took(count, this);
        if (this.#closed) return;
      }
    } catch (error) {
      this.close(
        error instanceof ConnectionLost || error instanceof ServerFault
          ? error
          : new ConnectionLost("the connection broke", { cause: error }),
      );
    }
  }

  /** Takes one message of the server's. */
  frame(type: number, frames: Frames, start: number, end: number): void {
    const query = this.#queue[this.#head];
    if (type === DATA_ROW) {
      if (!query) throw new ConnectionLost("an answer to nothing");
      query.rows.push(frames.row(start, end));
    } else if (type === READY) {
      if (!query || end - start !== 1) throw new ConnectionLost("an answer to nothing");
      if (frames.byte(start) !== IDLE) throw new ConnectionLost("a transaction was left open");
      this.#answered(query);
    } else if (type === ERROR) {
      const fault = new ServerFault(readFields(frames.slice(start, end)));
      // Without a query it tells why the session ends.
      if (!query) throw fault;
      query.fault = fault;
    } else if (
      type !== COMMAND_COMPLETE && type !== EMPTY_QUERY && type !== NOTICE && !PASSED_OVER.has(type)
    ) {
      throw new ConnectionLost("a message that answers no query of ours");
    }
  }

  #answered(query: Pending): void {
    this.#head++;
    if (this.#head > 1024) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    this.#since = performance.now();
    const { fault, name, fresh, retried } = query;
    if (!fault) return query.resolve(query.rows);
    const again = name !== "" && PREPARED_ANEW.has(fault.code);
    if (again || (name !== "" && fresh)) {
      // Whether the fault came before it was kept or after: it is not used again. To close one that is
      // not there is no fault.
      this.#names.forget(query.statement.text, name);
      this.#out.closeStatement(name);
    }
    if (again && !retried && !this.#closed) {
      return this.#send(query.statement, true, true, query.resolve, query.reject);
    }
    query.reject(fault);
  }
}
