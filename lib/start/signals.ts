/** What signals ask of the process. */
export interface Signals {
  /** Aborted by the first: everything is closed in order. */
  readonly stop: AbortSignal;
  /** Aborted by one that comes when stopping has gone on for a while: the process leaves at once. */
  readonly hurry: AbortSignal;
}

// One Ctrl-C is several signals: the terminal sends it to every process, and `deno task` forwards its
// own. People press it twice as well. What comes within this time is one wish.
const SAME_WISH_MS = 2_000;

/**
 * Tells one wish to stop from a second one.
 *
 * @param now Milliseconds that only grow.
 * @returns What to call at each signal.
 */
export function stopRequests(now: () => number): Signals & { signalled(): void } {
  const stop = new AbortController();
  const hurry = new AbortController();
  let first: number | null = null;
  return {
    stop: stop.signal,
    hurry: hurry.signal,
    signalled() {
      first ??= now();
      if (!stop.signal.aborted) {
        stop.abort(new DOMException("stopped by a signal", "AbortError"));
      } else if (now() - first > SAME_WISH_MS) {
        hurry.abort();
      }
    },
  };
}

/**
 * Listens for Ctrl-C, a stop of the service and the end of the terminal.
 *
 * @param ignoreHangup Whether the process goes on when its terminal closes.
 */
export function listenForSignals(ignoreHangup: boolean): Signals {
  const requests = stopRequests(() => performance.now());
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, requests.signalled);
  }
  Deno.addSignalListener("SIGHUP", ignoreHangup ? () => {} : requests.signalled);
  return requests;
}
