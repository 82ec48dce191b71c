import type { CallAbort } from "../call_signal.ts";
import { type Deadline, Deadlines } from "../http/mod.ts";

/** How long a request is answered before its client is watched, in milliseconds. */
const PATIENCE_MS = 25;

/**
 * Ends calls whose client has gone away, without `request.signal`: touching that costs a tenth of a
 * short call. Most are answered before anybody would leave, so a request is watched by its own signal
 * only from some milliseconds on; a client that left before is noticed then.
 */
export class DisconnectWatcher {
  readonly #deadlines = new Deadlines(PATIENCE_MS);

  /** Starts to watch, until what this answers is handed to `done()`. */
  watch(request: Request, call: CallAbort): Deadline {
    return this.#deadlines.after(PATIENCE_MS, () => {
      const { signal } = request;
      if (signal.aborted) call.abort();
      else signal.addEventListener("abort", () => call.abort(), { once: true });
    });
  }

  /** Ends what `watch()` began, when the answer is there. */
  done(watched: Deadline): void {
    this.#deadlines.cancel(watched);
  }
}
