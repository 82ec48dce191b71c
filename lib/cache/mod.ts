/** Caches with leases: entries are trusted for a bounded time only. */
export {
  CacheKind,
  type Caches,
  createCaches,
  type LeaseCache,
  MAX_LEASE_MS,
} from "./lease_cache.ts";
