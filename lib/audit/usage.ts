import type { EndpointId, TenantId, TokenId } from "../ids.ts";
import type { Log } from "../log.ts";
import { type Control, sqlState } from "../postgres/mod.ts";
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

/** Calls that differ only in when they were and how long they took: as many rows, and little to send. */
export interface UsageGroup {
  readonly tenantId: TenantId;
  readonly endpointId: EndpointId;
  readonly tokenId: TokenId | null;
  readonly tool: string;
  readonly status: string;
  /** Milliseconds since 1970, one a call. */
  readonly at: number[];
  /** One a call, in the same order. */
  readonly latencyUs: number[];
}

/** Takes usage events off the hot path: buffered, written in batches, at most a second behind. */
export interface UsageRecorder {
  record(event: UsageEvent): void;
  /** Writes what is buffered now. */
  flush(): Promise<void>;
  /** Flushes and stops. */
  close(): Promise<void>;
}

/** Calls of one group that are written at once, at most. */
const BATCH = 5_000;
const EVERY_MS = 500;
// Past this, with the database away for long, the oldest are given up rather than memory.
const BUFFER_LIMIT = 200_000;

/** What waits to be written. */
class UsageBuffer {
  #groups = new Map<string, UsageGroup>();
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  add({ tenantId, endpointId, tokenId, tool, status, at, latencyUs }: UsageEvent): void {
    const key = `${tenantId} ${endpointId} ${tokenId} ${tool} ${status}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = { tenantId, endpointId, tokenId, tool, status, at: [], latencyUs: [] };
      this.#groups.set(key, group);
    }
    group.at.push(at);
    group.latencyUs.push(latencyUs);
    if (++this.#size > BUFFER_LIMIT) this.#giveUpOldest();
  }

  #giveUpOldest(): void {
    this.#size = 0;
    for (const { at, latencyUs } of this.#groups.values()) {
      at.splice(0, Math.ceil(at.length / 2));
      latencyUs.splice(0, latencyUs.length - at.length);
      this.#size += at.length;
    }
  }

  /** Puts back what could not be written. */
  restore(groups: readonly UsageGroup[]): void {
    for (const { at, latencyUs, ...what } of groups) {
      at.forEach((when, i) => this.add({ ...what, at: when, latencyUs: latencyUs[i]! }));
    }
  }

  /** Takes everything out: batches of one tenant each. */
  take(): UsageGroup[][] {
    const byTenant = Map.groupBy(this.#groups.values(), ({ tenantId }) => tenantId);
    this.#groups = new Map();
    this.#size = 0;
    return [...byTenant.values()].flatMap(batches);
  }
}

/** A tenant's groups in batches of a bounded number of calls. */
function batches(groups: readonly UsageGroup[]): UsageGroup[][] {
  const out: UsageGroup[][] = [];
  let room = 0;
  for (const group of groups) {
    for (let from = 0; from < group.at.length;) {
      if (room === 0) {
        out.push([]);
        room = BATCH;
      }
      const to = Math.min(group.at.length, from + room);
      const part = { at: group.at.slice(from, to), latencyUs: group.latencyUs.slice(from, to) };
      out.at(-1)!.push({ ...group, ...part });
      room -= to - from;
      from = to;
    }
  }
  return out;
}

/** Makes a recorder that writes to the control database. */
export function createUsageRecorder(control: Control, log: Log): UsageRecorder {
  const buffer = new UsageBuffer();
  let running: Promise<void> | undefined;

  async function write(): Promise<void> {
    const failed: UsageGroup[] = [];
    for (const batch of buffer.take()) {
      try {
        await insertUsage(control, batch);
      } catch (error) {
        const events = batch.reduce((sum, { at }) => sum + at.length, 0);
        log.warn("usage.write_failed", { events, error });
        // Nobody asks for the usage of a tenant that is gone, and it must hold up no other's.
        if (sqlState(error) !== "23503") failed.push(...batch);
      }
    }
    buffer.restore(failed);
  }

  async function flush(): Promise<void> {
    // What was recorded while another write was under way is not in that one.
    await running;
    if (!buffer.isEmpty) running ??= write().finally(() => running = undefined);
    await running;
  }

  const timer = setInterval(() => void flush(), EVERY_MS);
  Deno.unrefTimer(timer);

  return {
    record: (event) => buffer.add(event),
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
