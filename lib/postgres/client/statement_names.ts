/** Statements that a session keeps: each costs the server memory. */
const MOST = 200;

/** The name that a statement runs under. */
export interface Name {
  readonly name: string;
  /** Whether the session has to be told its text first. */
  readonly fresh: boolean;
  /** The statement that made room for it; null where there was room. */
  readonly dropped: string | null;
}

/** Which statements a session has prepared, by their text; the least lately used one makes room. */
export class StatementNames {
  // A Map keeps the order of insertion: its front is the least lately used.
  readonly #names = new Map<string, string>();
  #made = 0;

  /** The name of a statement, which from now on is prepared. */
  take(text: string): Name {
    const known = this.#names.get(text);
    if (known !== undefined) {
      // Moved only where order matters: while there is room it does not.
      if (this.#names.size >= MOST) {
        this.#names.delete(text);
        this.#names.set(text, known);
      }
      return { name: known, fresh: false, dropped: null };
    }
    let dropped: string | null = null;
    if (this.#names.size >= MOST) {
      const [oldest] = this.#names;
      this.#names.delete(oldest![0]);
      dropped = oldest![1];
    }
    // Never the name of another, also not of one that failed: what was sent behind it would run this one.
    const name = `s${this.#made++}`;
    this.#names.set(text, name);
    return { name, fresh: true, dropped };
  }

  /** Forgets a statement under a name; one that was prepared anew meanwhile stays. */
  forget(text: string, name: string): void {
    if (this.#names.get(text) === name) this.#names.delete(text);
  }
}
