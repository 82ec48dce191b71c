/** How long a request is answered before its client is watched, in milliseconds. */
const PATIENCE_MS = 25;

interface Watched {
  readonly request: Request;
  readonly controller: AbortController;
  readonly since: number;
}

/**
 * Tells calls that their client has gone away, without `request.signal`: touching that costs a tenth of
 * a short call. Most are answered before anybody would leave, so a request is watched by its own signal
 * only from some milliseconds on; a client that left before is noticed then.
 */
export class Departures {
  // In the order of their beginning.
  readonly #waiting = new Set<Watched>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts to watch; `done()` when the answer is there. */
  watch(request: Request): { readonly signal: AbortSignal; done(): void } {
    const watched = { request, controller: new AbortController(), since: performance.now() };
    this.#waiting.add(watched);
    this.#timer ??= setTimeout(() => this.#look(), PATIENCE_MS);
    return {
      signal: watched.controller.signal,
      done: () => {
        this.#waiting.delete(watched);
        if (this.#waiting.size === 0) this.#rest();
      },
    };
  }

  #look(): void {
    const now = performance.now();
    for (const watched of this.#waiting) {
      if (now - watched.since < PATIENCE_MS) break;
      this.#waiting.delete(watched);
      const { request: { signal }, controller } = watched;
      const gone = () => controller.abort();
      if (signal.aborted) gone();
      else signal.addEventListener("abort", gone, { once: true });
    }
    this.#rest();
    if (this.#waiting.size) this.#timer = setTimeout(() => this.#look(), PATIENCE_MS);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
