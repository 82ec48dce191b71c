import type { Clock } from "../clock.ts";
import type { TenantId, TokenId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Control } from "../postgres/mod.ts";
import { updateLastUsed } from "./store.ts";

/** Keeps when and from where each token was last used, off the hot path: in batches, to the minute. */
export interface TokenUseRecorder {
  /** @param network The client's, IPv4 /24 or IPv6 /48; null where unknown. */
  record(tenantId: TenantId, tokenId: TokenId, network: string | null): void;
  /** Writes what is buffered now. */
  flush(): Promise<void>;
  /** Flushes and stops. */
  close(): Promise<void>;
}

/** One token's use, as it is written. */
export interface TokenUse {
  readonly tenantId: TenantId;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly network: string | null;
}

const EVERY_MS = 5_000;
const RESOLUTION_MS = 60_000;
const MAX_REMEMBERED = 100_000;

/** Makes a recorder that writes to the control database. */
export function createTokenUseRecorder(
  control: Control,
  clock: Clock,
  log: Log,
): TokenUseRecorder {
  const remembered = new Map<TokenId, number>();
  let pending = new Map<TokenId, TokenUse>();
  let running: Promise<void> | undefined;

  async function write(): Promise<void> {
    const batch = pending;
    pending = new Map();
    const byTenant = Map.groupBy(batch, ([, use]) => use.tenantId);
    for (const [tenantId, uses] of byTenant) {
      try {
        await updateLastUsed(control, tenantId, uses);
      } catch (error) {
        // The next use after this minute tells again: not worth keeping.
        log.warn("token_use.write_failed", { tokens: uses.length, error });
      }
    }
  }

  async function flush(): Promise<void> {
    // What was recorded while another write was under way is not in that one.
    await running;
    if (pending.size) running ??= write().finally(() => running = undefined);
    await running;
  }

  const timer = setInterval(() => void flush(), EVERY_MS);
  Deno.unrefTimer(timer);

  return {
    record(tenantId, tokenId, network) {
      const at = clock.now();
      const before = remembered.get(tokenId);
      if (before !== undefined && at - before < RESOLUTION_MS) return;
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(tokenId, at);
      pending.set(tokenId, { tenantId, at, network });
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
