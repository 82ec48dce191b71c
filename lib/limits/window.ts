import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";

/** So many attempts in so many milliseconds. */
export interface Limit {
  readonly name: string;
  readonly attempts: number;
  readonly windowMs: number;
}

/** Counts attempts by key; in the memory of this process. */
export interface Limiter {
  /** Counts one attempt; throws RATE_LIMITED, with the seconds to wait, past the limit. */
  take(limit: Limit, key: string): void;
  /** Throws RATE_LIMITED where the limit is already reached, without counting. */
  check(limit: Limit, key: string): void;
  /** Forgets a key's attempts, after a success. */
  clear(limit: Limit, key: string): void;
}

interface Window {
  count: number;
  endsAt: number;
}

const MAX_KEYS = 100_000;

/** Makes a limiter with fixed windows that start at a key's first attempt. */
export function createLimiter(clock: Clock): Limiter {
  const windows = new Map<string, Window>();

  function current(limit: Limit, key: string): { id: string; window: Window } {
    const id = `${limit.name}\0${key}`;
    const now = clock.now();
    let window = windows.get(id);
    if (!window || window.endsAt <= now) {
      windows.delete(id);
      // A flood of keys drops the oldest windows, never the process.
      if (windows.size >= MAX_KEYS) windows.delete(windows.keys().next().value!);
      window = { count: 0, endsAt: now + limit.windowMs };
    }
    return { id, window };
  }

  function refuse(limit: Limit, window: Window): void {
    if (window.count < limit.attempts) return;
    const seconds = Math.max(1, Math.ceil((window.endsAt - clock.now()) / 1000));
    throw new AppError("RATE_LIMITED", `Too many attempts. Wait ${seconds} seconds.`, {
      retryAfter: seconds,
    });
  }

  return {
    take(limit, key) {
      const { id, window } = current(limit, key);
      refuse(limit, window);
      window.count++;
      windows.set(id, window);
    },
    check: (limit, key) => refuse(limit, current(limit, key).window),
    clear: (limit, key) => void windows.delete(`${limit.name}\0${key}`),
  };
}
