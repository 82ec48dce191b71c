import type pg from "pg";
import { cancelSession, type Target } from "./client/mod.ts";
import { asFault, createRunner, type Names, sendOn, type Tx } from "./session.ts";

/** A connection with nothing of anybody's on it, or one that must not be used again. */
export interface Lent {
  readonly client: pg.ClientBase;
  /** Where a cancel request for it goes. */
  readonly target: Target;
  /** Says that it must not be used again. */
  spoil(): void;
}

/** What the driver knows of its session and its types leave out. */
interface SessionNumbers {
  readonly processID: number;
  readonly secretKey: number;
}

/**
 * Runs a transaction on a connection that nothing else uses meanwhile. When the connection is lost, every
 * statement of it fails, and so does the transaction: none is ever sent over another one.
 *
 * @param mode `READ WRITE`, or empty for what the session says.
 * @throws what the work throws; else what the first statement failed with that the work did not throw,
 * since a transaction with a failed statement commits nothing.
 */
export async function runTransaction<T>(
  { client, target, spoil }: Lent,
  names: Names,
  mode: string,
  work: (tx: Tx) => T | PromiseLike<T>,
): Promise<T> {
  const state = { failed: null as unknown, level: 0 };
  const send = (text: string) =>
    client.query(text).catch((error) => {
      throw asFault(error);
    });
  const runner = createRunner((sql, options) =>
    sendOn(client, names, sql, options, spoil).catch((error) => {
      state.failed ??= error;
      throw error;
    })
  );
  const tx: Tx = Object.assign(runner, {
    client,
    async cancel() {
      const { processID, secretKey } = client as unknown as SessionNumbers;
      const secret = new Uint8Array(4);
      new DataView(secret.buffer).setInt32(0, secretKey);
      await cancelSession(target, { process: processID, secret });
    },
    async savepoint<S>(part: (tx: Tx) => S | PromiseLike<S>): Promise<S> {
      const name = `s${state.level++}`;
      await send(`SAVEPOINT ${name}`);
      const before = state.failed;
      try {
        const result = await part(tx);
        if (state.failed !== before) throw state.failed;
        await send(`RELEASE SAVEPOINT ${name}`);
        return result;
      } catch (error) {
        try {
          await client.query(`ROLLBACK TO SAVEPOINT ${name}`);
          state.failed = before;
        } catch {
          // The connection is gone: what led here says so, and nothing of the transaction stays.
          state.failed ??= error;
        }
        throw error;
      } finally {
        state.level--;
      }
    },
  });
  await client.query(mode ? `BEGIN ${mode}` : "BEGIN").catch((error) => {
    spoil();
    throw asFault(error);
  });
  let result: T;
  try {
    result = await work(tx);
    // It may have been caught; the transaction is over all the same.
    if (state.failed !== null) throw state.failed;
  } catch (error) {
    await client.query("ROLLBACK").catch(spoil);
    throw error;
  }
  try {
    const { command } = await client.query("COMMIT");
    // A COMMIT of a transaction that failed answers so, without an error.
    if (command !== "COMMIT") throw new Error("the transaction was rolled back");
  } catch (error) {
    spoil();
    throw asFault(error);
  }
  return result;
}
