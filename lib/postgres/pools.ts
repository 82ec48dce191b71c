import { connect, type ConnectOptions, type Sql } from "./connect.ts";

/** A pool on loan: it is closed neither by eviction nor by `drop` before it is given back. */
export interface Lease {
  readonly sql: Sql;
  release(): void;
}

/** Many databases' pools, of which only the lately used ones stay open. */
export interface Pools {
  /** Borrows the pool under a key, opening it through `url` where it is not open. */
  lease(key: string, url: () => Promise<string>, options?: ConnectOptions): Promise<Lease>;
  /** Closes the pools whose key starts so, as soon as their loans end; later leases open anew. */
  drop(keyPrefix: string): Promise<void>;
  close(): Promise<void>;
}

interface Entry {
  readonly sql: Promise<Sql>;
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
    entry.sql.then((sql) => sql.end({ timeout: 5 })).catch(() => {}).finally(entry.closed.resolve);
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

  return {
    async lease(key, url, options) {
      let entry = open.get(key);
      if (entry) {
        open.delete(key);
      } else {
        entry = {
          sql: url().then((text) => connect(text, options)),
          loans: 0,
          dropped: false,
          closed: Promise.withResolvers(),
        };
      }
      open.set(key, entry);
      entry.loans++;
      const leased = entry;
      let given = false;
      const release = () => {
        if (given) return;
        given = true;
        leased.loans--;
        closeIfIdle(leased);
        if (open.size > capacity) evict();
      };
      try {
        const sql = await leased.sql;
        if (open.size > capacity) evict();
        return { sql, release };
      } catch (error) {
        if (open.get(key) === leased) open.delete(key);
        release();
        throw error;
      }
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
