/** One thing that is waited for. */
export interface Deadline {
  readonly due: number;
  readonly passed: () => void;
}

/**
 * Deadlines that are seldom reached: one timer looks at all of them now and then, since setting and
 * clearing one for each costs a tenth of a short call. So they pass up to two turns late, never early.
 */
export class Deadlines {
  readonly #waiting = new Set<Deadline>();
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param everyMs How often it looks. */
  constructor(readonly everyMs: number) {}

  /** Calls `passed` when so many milliseconds have gone by, unless it is cancelled before. */
  after(ms: number, passed: () => void): Deadline {
    const due = this.#turn + 1 + Math.ceil(Math.max(0, ms) / this.everyMs);
    const deadline = { due, passed };
    this.#waiting.add(deadline);
    this.#timer ??= setTimeout(() => this.#look(), this.everyMs);
    return deadline;
  }

  /** Lets one go; one that has passed is let go already. */
  cancel(deadline: Deadline): void {
    this.#waiting.delete(deadline);
  }

  #look(): void {
    this.#turn++;
    for (const deadline of this.#waiting) {
      if (deadline.due > this.#turn) continue;
      this.#waiting.delete(deadline);
      deadline.passed();
    }
    this.#timer = this.#waiting.size ? setTimeout(() => this.#look(), this.everyMs) : undefined;
  }
}
