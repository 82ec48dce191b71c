import { sqlState, type Tx } from "../../postgres/mod.ts";

/** Runs one statement that may take long, and has the server stop it when the signal says so. */
export async function execute(tx: Tx, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const pending = tx.unsafe(text);
  const cancel = () => void tx.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    await pending;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
  signal.throwIfAborted();
}

/**
 * Runs a statement in a savepoint. False, with nothing done, where the data does not allow it: not
 * unique, null, without a counterpart, or too long for an index.
 */
export async function attempt(tx: Tx, text: string, signal: AbortSignal): Promise<boolean> {
  try {
    await tx.savepoint((inner) => execute(inner, text, signal));
    return true;
  } catch (error) {
    if (/^(?:23|54)/.test(sqlState(error) ?? "")) return false;
    throw error;
  }
}
