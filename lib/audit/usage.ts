import type { EndpointId, TenantId, TokenId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Control } from "../postgres/mod.ts";
import { insertUsage } from "./store.ts";

/** One call of a tool: how it went, never what was asked or answered. */
export interface UsageEvent {
  readonly tenantId: TenantId;
  readonly endpointId: EndpointId;
  readonly tokenId: TokenId | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly tool: string;
  /** `ok`, or the code of the error. */
  readonly status: string;
  readonly latencyUs: number;
}

/** Takes usage events off the hot path: buffered, written in batches, at most a second behind. */
export interface UsageRecorder {
  record(event: UsageEvent): void;
  /** Writes what is buffered now. */
  flush(): Promise<void>;
  /** Flushes and stops. */
  close(): Promise<void>;
}

const BATCH = 5_000;
const EVERY_MS = 500;
// Past this, with the database away for long, the oldest are given up rather than memory.
const BUFFER_LIMIT = 200_000;

/** Makes a recorder that writes to the control database. */
export function createUsageRecorder(control: Control, log: Log): UsageRecorder {
  let buffer: UsageEvent[] = [];
  let running: Promise<void> | undefined;

  async function write(): Promise<void> {
    while (buffer.length) {
      const batch = buffer;
      buffer = [];
      const byTenant = Map.groupBy(batch, (event) => event.tenantId);
      for (const [tenantId, events] of byTenant) {
        for (let start = 0; start < events.length; start += BATCH) {
          const part = events.slice(start, start + BATCH);
          try {
            await insertUsage(control, tenantId, part);
          } catch (error) {
            log.warn("usage.write_failed", { events: part.length, error });
            buffer = [...part, ...buffer].slice(-BUFFER_LIMIT);
            return;
          }
        }
      }
    }
  }

  function flush(): Promise<void> {
    running ??= write().finally(() => running = undefined);
    return running;
  }

  const timer = setInterval(() => void (buffer.length && flush()), EVERY_MS);
  Deno.unrefTimer(timer);

  return {
    record(event) {
      buffer.push(event);
      if (buffer.length >= BUFFER_LIMIT) buffer = buffer.slice(-BUFFER_LIMIT / 2);
    },
    flush,
    async close() {
      clearInterval(timer);
      await running;
      await flush();
    },
  };
}
