import { CacheKind, MAX_LEASE_MS } from "../cache/mod.ts";
import { type Principal, TOKEN_CACHE } from "../principal.ts";

/** What a valid token stands for. */
export interface Credential {
  readonly principal: Principal;
  /** The networks, in CIDR notation, that it is taken from; null: from anywhere. */
  readonly networks: readonly string[] | null;
  /** Milliseconds since 1970; Infinity for a token that does not expire. */
  readonly expiresAt: number;
}

/**
 * Valid tokens by the hex of their hash. Whoever revokes makes every replica forget the entry; the
 * lease bounds how long one that cannot be told may go on.
 */
export const CREDENTIALS = new CacheKind<Credential>(TOKEN_CACHE, MAX_LEASE_MS, 50_000);
