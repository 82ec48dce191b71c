import { CacheKind } from "../cache/mod.ts";
import type { Principal } from "../principal.ts";

/** What a valid token stands for. */
export interface Credential {
  readonly principal: Principal;
  /** Milliseconds since 1970; Infinity for a token that does not expire. */
  readonly expiresAt: number;
}

/**
 * Valid tokens by the hex of their hash. Trusted for a second at most, which bounds how long another
 * replica's revocation goes unseen; this process's own drop the entry at once.
 */
export const CREDENTIALS = new CacheKind<Credential>("tokens.credential", 1000, 50_000);
