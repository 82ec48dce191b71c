import type postgres from "postgres";

/** What the driver's query knows of itself beyond its type. */
interface Running {
  /** Whether it is what its connection works on now. */
  readonly active: boolean;
  canceller: ((query: unknown) => Promise<void>) | null;
}

const AGAIN_MS = 20;

/**
 * Cancels a query in Postgres as soon as it runs there. The driver's own `cancel` (3.4.9) loses the
 * connection for good when the query still waits for it to open, and lets a cancel request that cannot
 * be sent end the process as an unhandled rejection.
 */
export function cancelQuery(query: PromiseLike<unknown>): void {
  const running = query as unknown as Running & postgres.PendingQuery<postgres.Row[]>;
  let settled = false;
  const settle = () => void (settled = true);
  running.then(settle, settle);
  const attempt = () => {
    if (settled) return;
    if (running.active) {
      const cancel = running.canceller;
      running.canceller = null;
      // Then the statement timeout has to end it.
      cancel?.(running).catch(() => {});
    } else {
      setTimeout(attempt, AGAIN_MS);
    }
  };
  attempt();
}
