import { saysDiskFull } from "./run.ts";

/** Why the embedded Postgres could not start or stop, in words for the person at the terminal. */
export class StartupError extends Error {
  override readonly name = "StartupError";
}

/**
 * Does something with the data of a folder and puts what may come of it into words.
 *
 * @throws StartupError where the folder may not be used or its disk is full; else what was thrown.
 */
export async function inOperatorsWords<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new StartupError(
        `The user of this process may not use the Postgres data under ${dataDir}. ` +
          "Start as its owner, or set BULKHEAD_DATA to another folder.",
        { cause: error },
      );
    }
    if (error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.AlreadyExists) {
      throw new StartupError(
        `${dataDir} is no folder. Set BULKHEAD_DATA to one, or to a path that is free.`,
        { cause: error },
      );
    }
    if (error instanceof Error && saysDiskFull(error.message)) {
      throw new StartupError("The disk that holds the Postgres data is full.", { cause: error });
    }
    throw error;
  }
}
