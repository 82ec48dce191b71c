import { from as copyFrom } from "pg-copy-streams";
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
export function copyIn(tx: Pick<Tx, "client">, statement: string): CopyIn {
  const stream = tx.client.query(copyFrom(statement));
  const closed = Promise.withResolvers<void>();
  let fault: Error | null = null;
  stream.on("error", (error) => {
    fault ??= error;
    closed.reject(error);
  });
  stream.on("close", closed.resolve);
  stream.on("finish", () => closed.resolve());
  closed.promise.catch(() => {});

  return {
    async write(chunk) {
      if (fault) throw fault;
      if (stream.write(chunk)) return;
      const drained = Promise.withResolvers<void>();
      stream.once("drain", drained.resolve);
      await Promise.race([drained.promise, closed.promise]).finally(() =>
        stream.off("drain", drained.resolve)
      );
      if (fault) throw fault;
    },
    async end() {
      stream.end();
      await closed.promise;
      return stream.rowCount;
    },
    async abort() {
      stream.destroy(new Error("the load was given up"));
      await closed.promise.catch(() => {});
    },
  };
}
