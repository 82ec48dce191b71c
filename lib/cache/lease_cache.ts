import type { Clock } from "../clock.ts";

/** The longest that what can change may be trusted, in milliseconds: whoever revokes counts on it. */
export const MAX_LEASE_MS = 1000;

/** One kind of cached thing: its name, how long an entry may be trusted, how many are kept. */
export class CacheKind<T> {
  declare readonly holds: T;
  /** @param leaseMs At most `MAX_LEASE_MS`; Infinity for what never changes under its key. */
  constructor(readonly name: string, readonly leaseMs: number, readonly capacity: number) {
    if (leaseMs > MAX_LEASE_MS && leaseMs !== Infinity) {
      throw new Error(`the cache ${name} would trust what may have been revoked`);
    }
  }
}

/** A cache whose entries are trusted for their lease only. */
export interface LeaseCache<T> {
  /** The entry, or what `load` answers; callers that ask at once share one load. Failures are not kept. */
  get(key: string, load: () => Promise<T>): Promise<T>;
  /** The entry where it is present and its lease holds; for paths that must not wait. */
  peek(key: string): T | undefined;
  /** Forgets one entry; a load under way is not kept either. */
  drop(key: string): void;
  /** Forgets each entry that matches. */
  dropWhere(matches: (value: T, key: string) => boolean): void;
}

/** The caches of a process. */
export interface Caches {
  of<T>(kind: CacheKind<T>): LeaseCache<T>;
  /** Forgets an entry of the cache of that name, where there is one. */
  drop(name: string, key: string): void;
  /** While false, nothing that can change is taken from a cache: nobody could tell us to forget it. */
  trust(trusted: boolean): void;
}

interface Entry<T> {
  readonly promise: Promise<T>;
  value: T | undefined;
  loaded: boolean;
  until: number;
}

function leaseCache<T>(kind: CacheKind<T>, clock: Clock, trusted: () => boolean): LeaseCache<T> {
  const entries = new Map<string, Entry<T>>();
  const fresh = (entry: Entry<T> | undefined) =>
    entry !== undefined && (kind.leaseMs === Infinity || trusted()) &&
      (!entry.loaded || entry.until > clock.now())
      ? entry
      : undefined;

  return {
    get(key, load) {
      const known = fresh(entries.get(key));
      if (known) return known.promise;
      entries.delete(key);
      if (entries.size >= kind.capacity) entries.delete(entries.keys().next().value!);
      // The lease runs from before the load: what is read cannot be older than that.
      const until = clock.now() + kind.leaseMs;
      const entry: Entry<T> = { promise: load(), value: undefined, loaded: false, until };
      entries.set(key, entry);
      entry.promise.then(
        (value) => {
          entry.value = value;
          entry.loaded = true;
        },
        () => {
          if (entries.get(key) === entry) entries.delete(key);
        },
      );
      return entry.promise;
    },
    peek(key) {
      const entry = fresh(entries.get(key));
      return entry?.loaded ? entry.value : undefined;
    },
    drop: (key) => void entries.delete(key),
    dropWhere(matches) {
      for (const [key, entry] of entries) {
        if (!entry.loaded || matches(entry.value as T, key)) entries.delete(key);
      }
    },
  };
}

/** Makes the caches of a process. */
export function createCaches(clock: Clock): Caches {
  const kinds = new Map<string, LeaseCache<unknown>>();
  let trusted = true;
  return {
    drop: (name, key) => kinds.get(name)?.drop(key),
    trust: (now) => void (trusted = now),
    of<T>(kind: CacheKind<T>): LeaseCache<T> {
      let cache = kinds.get(kind.name);
      if (!cache) {
        cache = leaseCache(kind, clock, () => trusted) as LeaseCache<unknown>;
        kinds.set(kind.name, cache);
      }
      return cache as LeaseCache<T>;
    },
  };
}
