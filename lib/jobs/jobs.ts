import { PgBoss } from "pg-boss";
import type { Log } from "../log.ts";
import { connect, type Tx } from "../postgres/mod.ts";
import { bossDatabase } from "./adapter.ts";
import { SCHEMA } from "./store.ts";

/** What a job carries: ids and small values only, since the queue is shared by all tenants. */
export type JobPayload = Readonly<Record<string, string | number | boolean | null>>;

/** How a job is queued. */
export interface EnqueueOptions {
  /** Of jobs with one key, at most one waits; a second is not queued. */
  readonly key?: string;
  /** Seconds before which it is not run. */
  readonly delaySeconds?: number;
}

/** Why a handler's signal is aborted where the process stops, and not because its job was lost. */
export const STOPPING = new Error("the process stops");

/**
 * Does one job. Throwing means: again later. `signal` is aborted when the process stops (`STOPPING`) or
 * when the job was given to somebody else; the handler then ends soon, by throwing.
 */
export type JobHandler = (payload: unknown, signal: AbortSignal) => Promise<void>;

/**
 * Work that outlives a request and a process: queued durably, run by any replica, and run again where
 * its process was killed. A handler may therefore run more than once for one job.
 */
export interface Jobs {
  /** Queues a job; with a transaction, as part of it. */
  enqueue(
    tx: Tx | null,
    name: string,
    payload: JobPayload,
    options?: EnqueueOptions,
  ): Promise<void>;
  /** Starts to take jobs of a name, `concurrency` at once in this process. */
  work(name: string, handler: JobHandler, options: { concurrency: number }): Promise<void>;
  /**
   * Takes no more jobs, waits for those that run, then aborts them and leaves them to be run again.
   *
   * @param graceMs Milliseconds before running handlers are aborted.
   */
  close(graceMs?: number): Promise<void>;
}

/** What the queue is opened with. */
export interface JobsInput {
  /** The application's login. */
  readonly url: string;
  readonly log: Log;
}

const QUEUE = {
  // At most one waiting job a key.
  policy: "short",
  // A worker reports twice in this time; silence means that its process is gone.
  heartbeatSeconds: 20,
  // The heartbeat is what ends a dead job; a long one that lives may take its time.
  expireInSeconds: 23 * 60 * 60,
  retryLimit: 20,
  retryDelay: 2,
  retryBackoff: true,
  retryDelayMax: 60,
} as const;

const POLL_SECONDS = 0.5;
const SUPERVISE_SECONDS = 10;
const GRACE_MS = 5_000;
// After their signal, handlers have this long to end before their jobs are taken from them.
const ABORT_MS = 10_000;

/** Opens the queue with the application's login. */
export async function createJobs({ url, log }: JobsInput): Promise<Jobs> {
  // In the text of an array the library finds no id: at the first heartbeat it took every job away.
  const sql = connect(url, { max: 2, name: "bulkhead jobs", idleSeconds: 60, arrays: true });
  const boss = new PgBoss({
    db: bossDatabase(sql),
    schema: SCHEMA,
    // The administrator makes the schema at start, and its owner alone could rebuild indexes.
    migrate: false,
    createSchema: false,
    reindex: false,
    monitorVacuum: false,
    schedule: false,
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS,
  });
  boss.on("error", (error) => log.warn("jobs.error", { error }));
  boss.on("warning", (warning) => log.warn("jobs.warning", { ...warning }));
  await boss.start();

  const stopping = new AbortController();
  const queues = new Map<string, Promise<void>>();
  let closed: Promise<void> | undefined;

  function ensureQueue(name: string): Promise<void> {
    let made = queues.get(name);
    if (!made) {
      made = boss.createQueue(name, QUEUE);
      made.catch(() => queues.delete(name));
      queues.set(name, made);
    }
    return made;
  }

  async function stop(graceMs: number): Promise<void> {
    const timer = setTimeout(() => stopping.abort(STOPPING), graceMs);
    try {
      await boss.stop({ graceful: true, timeout: graceMs + ABORT_MS, close: false });
    } finally {
      clearTimeout(timer);
      await sql.end({ timeout: 5 });
    }
  }

  return {
    async enqueue(tx, name, payload, { key, delaySeconds } = {}) {
      await ensureQueue(name);
      await boss.send(name, payload, {
        ...(tx ? { db: bossDatabase(tx) } : {}),
        // Without a key of its own, a job would share that of all others without one.
        singletonKey: key ?? crypto.randomUUID(),
        ...(delaySeconds === undefined ? {} : { startAfter: delaySeconds }),
      });
    },
    async work(name, handler, { concurrency }) {
      await ensureQueue(name);
      await boss.work(
        name,
        { pollingIntervalSeconds: POLL_SECONDS, localConcurrency: concurrency, batchSize: 1 },
        async (batch) => {
          for (const job of batch) {
            try {
              await handler(job.data, AbortSignal.any([stopping.signal, job.signal]));
            } catch (error) {
              log.warn("job.again", { job: job.id, name, error });
              // What failed stays in the log: the queue keeps no text of an error.
              throw new Error("the handler failed");
            }
          }
        },
      );
    },
    close: (graceMs = GRACE_MS) => closed ??= stop(graceMs),
  };
}
