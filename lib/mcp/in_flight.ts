import type { CallAbort } from "../call_signal.ts";

/**
 * The calls that this process is answering, so that `notifications/cancelled` of the legacy era finds
 * them. It names an id that is the client's own, and without sessions two clients of one token may
 * use the same: then neither is cancelled, which the protocol allows (2025-11-25, cancellation).
 */
export class InFlight {
  readonly #calls = new Map<string, CallAbort[]>();

  /** Keeps a call findable until it is removed. */
  add(key: string, call: CallAbort): void {
    const calls = this.#calls.get(key);
    if (calls) calls.push(call);
    else this.#calls.set(key, [call]);
  }

  /** Forgets a call under the key. */
  remove(key: string, call: CallAbort): void {
    const calls = this.#calls.get(key)!;
    if (calls.length === 1) this.#calls.delete(key);
    else calls.splice(calls.indexOf(call), 1);
  }

  /** Aborts the call under the key, where it is the only one. */
  cancel(key: string): void {
    const calls = this.#calls.get(key);
    if (calls?.length === 1) calls[0]!.abort();
  }
}
