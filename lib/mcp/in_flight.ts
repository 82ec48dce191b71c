/**
 * The calls that this process is answering, so that `notifications/cancelled` of the legacy era finds
 * them. It names an id that is the client's own, and without sessions two clients of one token may
 * use the same: then neither is cancelled, which the protocol allows (2025-11-25, cancellation).
 */
export class InFlight {
  readonly #calls = new Map<string, Set<AbortController>>();

  /** Keeps a call findable until the function that it returns is called. */
  add(key: string, call: AbortController): () => void {
    const calls = this.#calls.get(key) ?? new Set();
    this.#calls.set(key, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0 && this.#calls.get(key) === calls) this.#calls.delete(key);
    };
  }

  /** Aborts the call under the key, where it is the only one. */
  cancel(key: string): void {
    const calls = this.#calls.get(key);
    if (calls?.size === 1) { for (const call of calls) call.abort(); }
  }
}
