import { AppError } from "../errors.ts";
import { Deadlines } from "./deadlines.ts";

/**
 * How slowly a body may come: all in all, a client may be waited for `graceMs`, and longer by a second
 * for each `bytesPerSecond` that it has sent, but never longer than `mostMs`.
 */
export interface Pace {
  readonly graceMs: number;
  readonly bytesPerSecond: number;
  readonly mostMs: number;
}

/** Of bodies that are read whole: forms, JSON, calls of tools. */
export const BODY_PACE: Pace = { graceMs: 20_000, bytesPerSecond: 4096, mostMs: 10 * 60_000 };

/** Of files. */
export const FILE_PACE: Pace = { graceMs: 60_000, bytesPerSecond: 4096, mostMs: 12 * 3_600_000 };

const DEADLINES = new Deadlines(50);

const SLOW = "The body came too slowly. Send it again over a faster connection.";

/** For how long in all a client may be waited for that has sent so many bytes. */
export function patienceMs({ graceMs, bytesPerSecond, mostMs }: Pace, bytes: number): number {
  return Math.min(mostMs, graceMs + 1000 * bytes / bytesPerSecond);
}

/**
 * Waits for what a client sends.
 *
 * @throws AppError REQUEST_TIMEOUT after that many milliseconds, or a tenth of a second later.
 */
export function within<T>(sent: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = DEADLINES.after(ms, () => reject(new AppError("REQUEST_TIMEOUT", SLOW)));
    const settled = () => DEADLINES.cancel(late);
    sent.then(
      (value) => (settled(), resolve(value)),
      (error) => (settled(), reject(error)),
    );
  });
}

/**
 * Passes a body on, and fails with REQUEST_TIMEOUT where it comes more slowly than the pace. Only the
 * time counts in which the client is waited for: not that which its reader takes.
 */
export function paced(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  pace: Pace,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  async function* pass() {
    const reader = body.getReader();
    let received = 0;
    let waited = 0;
    try {
      for (;;) {
        const began = performance.now();
        const { value, done } = await within(reader.read(), patienceMs(pace, received) - waited);
        waited += performance.now() - began;
        if (done) return;
        received += value.length;
        yield value;
      }
    } finally {
      // The rest is not wanted; a body that has failed or ended is not to be cancelled.
      reader.cancel().catch(() => {});
    }
  }
  return ReadableStream.from(pass());
}
