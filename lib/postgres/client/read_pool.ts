import type { CallSignal } from "../../call_signal.ts";
import {
  type ConnectionOptions,
  ReadConnection,
  type ReadStatement,
  type TextRow,
} from "./connection.ts";
import { ConnectionLost, ServerFault } from "./faults.ts";

/** How a pool of readers is opened. */
export interface ReadPoolOptions extends Omit<ConnectionOptions, "onClosed"> {
  /** Connections that share quick statements, each with many under way. */
  readonly quick: number;
  /** Connections that run one statement each. */
  readonly slow: number;
  /** Milliseconds after which a statement no longer counts as quick. */
  readonly quickMs: number;
  /** Milliseconds that any other statement may take. */
  readonly slowMs: number;
  /** Milliseconds after which an idle connection is closed. */
  readonly idleMs: number;
}

/** How a statement is run. */
export interface RunOptions {
  /** Whether it reads by key, or so little that it can share a connection. */
  readonly quick: boolean;
  /** Aborted where nobody waits for the answer any more. */
  readonly signal: CallSignal;
}

const QUERY_CANCELED = "57014";
// Statements that ran too long among the quick ones, so that they are not tried there again.
const MAX_REMEMBERED = 500;
const MAX_SEEN = 1_000;
const LOOK_EVERY_MS = 1_000;
// The server ends a statement by its timeout; a server that says nothing for so long beyond it is gone.
const SILENCE_MS = 10_000;

interface Waiting {
  readonly start: (connection: ReadConnection) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Reads one database as one role. Quick statements share a few connections, one behind the other; each
 * other one has a connection to itself, which a cancel request can end without ending another's. What
 * turns out not to be quick is moved, so that it holds the quick ones up for `quickMs` at most, once.
 */
export class ReadPool {
  readonly #options: ReadPoolOptions;
  readonly #quick: (ReadConnection | Promise<ReadConnection> | null)[];
  #idle: { connection: ReadConnection; since: number }[] = [];
  readonly #busy = new Set<ReadConnection>();
  #opening = 0;
  readonly #waiting: Waiting[] = [];
  readonly #slowTexts = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #again = new Set<string>();
  #quickUsed = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #ended = false;

  constructor(options: ReadPoolOptions) {
    this.#options = options;
    this.#quick = new Array(options.quick).fill(null);
  }

  /**
   * Runs one statement.
   *
   * @throws ServerFault, ConnectionLost, what the system says of a connection that cannot be made, or the
   * signal's reason.
   */
  async query(statement: ReadStatement, { quick, signal }: RunOptions): Promise<TextRow[]> {
    if (this.#ended) throw new ConnectionLost("the pool is closed");
    signal.throwIfAborted();
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    if (quick && !this.#slowTexts.has(statement.text)) {
      try {
        return await this.#runQuick(statement);
      } catch (error) {
        if (!(error instanceof ServerFault) || error.code !== QUERY_CANCELED) throw error;
        // Its time was up. It only read, so it can be begun anew where it has longer.
        if (this.#slowTexts.size >= MAX_REMEMBERED) this.#slowTexts.clear();
        this.#slowTexts.add(statement.text);
        signal.throwIfAborted();
      }
    }
    return await this.#runSlow(statement, signal);
  }

  /** Closes every connection. What is under way fails. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    const lost = new ConnectionLost("the pool is closed");
    for (const connection of this.#quick) {
      if (connection instanceof ReadConnection) connection.close(lost);
      else connection?.then((opened) => opened.close(lost), () => {});
    }
    for (const { connection } of this.#idle) connection.close(lost);
    for (const connection of this.#busy) connection.close(lost);
    for (const { fail } of this.#waiting.splice(0)) fail(lost);
  }

  /** Whether a session shall keep a statement: from its second time on. */
  #prepares(text: string): boolean {
    if (this.#again.has(text)) return true;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
      this.#seen.add(text);
      return false;
    }
    if (this.#again.size >= MAX_SEEN) this.#again.clear();
    this.#again.add(text);
    return true;
  }

  #runQuick(statement: ReadStatement): Promise<TextRow[]> {
    this.#quickUsed = performance.now();
    const prepare = this.#prepares(statement.text);
    const best = this.#leastBusy();
    return best instanceof ReadConnection
      ? best.query(statement, prepare)
      : best.then((opened) => opened.query(statement, prepare));
  }

  /** The quick connection with the fewest under way; a further one only when all of those have some. */
  #leastBusy(): ReadConnection | Promise<ReadConnection> {
    let best: ReadConnection | null = null;
    let place = -1;
    for (let at = 0; at < this.#quick.length; at++) {
      const connection = this.#quick[at];
      if (!(connection instanceof ReadConnection)) {
        if (connection === null && place < 0) place = at;
        continue;
      }
      if (connection.isClosed) {
        this.#quick[at] = null;
        if (place < 0) place = at;
      } else if (best === null || connection.pending < best.pending) best = connection;
    }
    if (best !== null && (best.pending === 0 || place < 0)) return best;
    if (place >= 0) {
      const opened = this.#openQuick(place);
      return best ?? opened;
    }
    // All are being opened.
    return this.#quick.find((connection) => connection instanceof Promise) as Promise<
      ReadConnection
    >;
  }

  #openQuick(place: number): Promise<ReadConnection> {
    const { target, settings, quickMs } = this.#options;
    const opening = ReadConnection.open({
      target,
      settings: { ...settings, statement_timeout: quickMs },
    });
    this.#quick[place] = opening;
    opening.then(
      (connection) => {
        if (this.#ended) connection.close();
        this.#quick[place] = connection;
      },
      () => this.#quick[place] = null,
    );
    return opening;
  }

  async #runSlow(statement: ReadStatement, signal: CallSignal): Promise<TextRow[]> {
    const connection = await this.#take(signal);
    let cancelled = false;
    const cancel = () => {
      cancelled = true;
      void connection.cancel();
    };
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
    try {
      return await connection.query(statement, this.#prepares(statement.text));
    } finally {
      signal.removeEventListener("abort", cancel);
      // A request that comes late must find nothing of anybody's.
      if (cancelled) connection.close();
      this.#giveBack(connection);
    }
  }

  /** Takes a connection for one statement, waiting in turn where all are taken. */
  #take(signal: CallSignal): Promise<ReadConnection> {
    while (this.#idle.length) {
      const { connection } = this.#idle.pop()!;
      if (connection.isClosed) continue;
      this.#busy.add(connection);
      return Promise.resolve(connection);
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        start: (connection) => {
          signal.removeEventListener("abort", leave);
          resolve(connection);
        },
        fail: (error) => {
          signal.removeEventListener("abort", leave);
          reject(error);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
      this.#openMore();
    });
  }

  #openMore(): void {
    const { slow, slowMs, target, settings } = this.#options;
    const open = this.#busy.size + this.#idle.length + this.#opening;
    if (open >= slow || this.#opening >= this.#waiting.length) return;
    this.#opening++;
    ReadConnection.open({ target, settings: { ...settings, statement_timeout: slowMs } }).then(
      (connection) => {
        this.#opening--;
        if (this.#ended) return connection.close();
        this.#busy.add(connection);
        this.#giveBack(connection);
      },
      (error) => {
        this.#opening--;
        this.#waiting.shift()?.fail(error);
        this.#openMore();
      },
    );
  }

  #giveBack(connection: ReadConnection): void {
    if (connection.isClosed || this.#ended) {
      this.#busy.delete(connection);
      connection.close();
      return this.#openMore();
    }
    const next = this.#waiting.shift();
    if (next) return next.start(connection);
    this.#busy.delete(connection);
    this.#idle.push({ connection, since: performance.now() });
  }

  /** Closes what has been idle for long, and what a server that is gone keeps waiting. */
  #look(): void {
    const now = performance.now();
    const { idleMs, quickMs, slowMs } = this.#options;
    const open = this.#quick.filter((connection) => connection instanceof ReadConnection);
    for (const connection of open) {
      if (connection.waitingMs(now) > quickMs + SILENCE_MS) connection.close();
      if (connection.pending === 0 && now - this.#quickUsed > idleMs) connection.close();
    }
    for (const connection of this.#busy) {
      if (connection.waitingMs(now) > slowMs + SILENCE_MS) connection.close();
    }
    this.#idle = this.#idle.filter(({ connection, since }) => {
      if (now - since <= idleMs) return !connection.isClosed;
      connection.close();
      return false;
    });
    const rests =
      this.#busy.size + this.#idle.length + this.#opening + this.#waiting.length === 0 &&
      open.every((connection) => connection.isClosed) &&
      this.#quick.every((connection) => !(connection instanceof Promise));
    if (!rests) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
