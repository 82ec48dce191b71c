import type { Writable } from "node:stream";
import type { Tx } from "./connect.ts";

/** A COPY … FROM STDIN under way. Nothing else may run on its connection before it is over. */
export interface CopyIn {
  /** Sends bytes, waiting while the server is behind. Throws what the server says against the data. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the data; answers the number of rows copied. */
  end(): Promise<number>;
  /** Gives up: the server takes nothing of the data. Does not throw. */
  abort(): Promise<void>;
}

/**
 * Starts a COPY … FROM STDIN. A fault leaves the transaction failed, as any statement does, so run it
 * inside a savepoint where the transaction goes on.
 */
export async function copyIn(tx: Tx, statement: string): Promise<CopyIn> {
  const query = tx.unsafe(statement);
  // `writable()` answers the query itself; awaiting that runs it and yields the stream.
  const stream = await query.writable() as unknown as Writable;
  const settled = Promise.withResolvers<number>();
  // The driver settles the query with the stream and drops what comes later. A fault in the last rows
  // comes after the end of the data, when the stream no longer hears of it: without these two the
  // end would never be answered.
  const outcome = query as unknown as {
    resolve(result: { count: number }): void;
    reject(reason: unknown): void;
  };
  outcome.resolve = (result) => settled.resolve(result.count);
  outcome.reject = (reason) => settled.reject(reason);
  settled.promise.catch(() => {});
  stream.on("error", () => {});
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));

  /** The driver writes to the socket once more as the stream closes: wait, lest it hit a later COPY. */
  async function over(): Promise<number> {
    try {
      const count = await settled.promise;
      await closed;
      return count;
    } catch (error) {
      stream.destroy();
      await closed;
      throw error;
    }
  }

  return {
    async write(chunk) {
      if (stream.destroyed) return void await over();
      if (stream.write(chunk)) return;
      const drained = Promise.withResolvers<void>();
      stream.once("drain", drained.resolve);
      await Promise.race([drained.promise, settled.promise]).finally(() =>
        stream.off("drain", drained.resolve)
      );
    },
    end() {
      stream.end();
      return over();
    },
    async abort() {
      stream.destroy(new Error("the load was given up"));
      await settled.promise.catch(() => {});
      await closed;
    },
  };
}
