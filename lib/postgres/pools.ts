import type { Sql } from "./connect.ts";

/** Connections to one database as one role. */
export interface Pool {
  end(options?: { timeout: number }): unknown;
}

/** A pool on loan: it is closed neither by eviction nor by `drop` before it is given back. */
export interface Lease<P extends Pool = Sql> {
  readonly sql: P;
  release(): void;
}

/** Many databases' pools, of which only the lately used ones stay open. */
export interface Pools {
  /** Borrows the pool under a key: at once where it is open, and else when `open` has opened it. */
  lease<P extends Pool>(key: string, open: () => Promise<P>): Lease<P> | Promise<Lease<P>>;
  /** Closes the pools whose key starts so, as soon as their loans end; later leases open anew. */
  drop(keyPrefix: string): Promise<void>;
  close(): Promise<void>;
}

interface Entry {
  readonly opening: Promise<Pool>;
  /** Null while it is being opened. */
  pool: Pool | null;
  loans: number;
  dropped: boolean;
  readonly closed: PromiseWithResolvers<void>;
}

/** Makes a set of at most `capacity` open pools (more while all are on loan). */
export function createPools(capacity = 64): Pools {
  // A Map keeps insertion order; moved to the end at each use, its front is the least lately used.
  const open = new Map<string, Entry>();

  function closeIfIdle(entry: Entry): void {
    if (!entry.dropped || entry.loans > 0) return;
    entry.opening.then((pool) => pool.end({ timeout: 5 })).catch(() => {})
      .finally(entry.closed.resolve);
  }

  function dropEntry(key: string, entry: Entry): Promise<void> {
    open.delete(key);
    entry.dropped = true;
    closeIfIdle(entry);
    return entry.closed.promise;
  }

  function evict(): void {
    for (const [key, entry] of open) {
      if (open.size <= capacity) return;
      if (entry.loans === 0) dropEntry(key, entry);
    }
  }

  function lend<P extends Pool>(entry: Entry): Lease<P> {
    let given = false;
    return {
      sql: entry.pool as P,
      release() {
        if (given) return;
        given = true;
        giveBack(entry);
      },
    };
  }

  function giveBack(entry: Entry): void {
    entry.loans--;
    closeIfIdle(entry);
    if (open.size > capacity) evict();
  }

  return {
    lease<P extends Pool>(key: string, openPool: () => Promise<P>) {
      let entry = open.get(key);
      if (entry) {
        open.delete(key);
      } else {
        const opening = openPool();
        entry = { opening, pool: null, loans: 0, dropped: false, closed: Promise.withResolvers() };
        const made = entry;
        opening.then((pool) => made.pool = pool, () => {});
      }
      open.set(key, entry);
      entry.loans++;
      if (open.size > capacity) evict();
      if (entry.pool) return lend<P>(entry);
      const leased = entry;
      return leased.opening.then(() => lend<P>(leased), (error) => {
        if (open.get(key) === leased) open.delete(key);
        giveBack(leased);
        throw error;
      });
    },
    async drop(prefix) {
      await Promise.all(
        [...open].filter(([key]) => key.startsWith(prefix)).map(([key, entry]) =>
          dropEntry(key, entry)
        ),
      );
    },
    async close() {
      await Promise.all([...open].map(([key, entry]) => dropEntry(key, entry)));
    },
  };
}
