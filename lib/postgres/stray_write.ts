/**
 * Tells the errors that the driver (3.4.9) raises where nobody can catch them: when the server closes a
 * connection, as DROP DATABASE … FORCE and a kill of Postgres do, the driver still writes to it, from a
 * timer. A socket that is gone throws a TypeError; one that the other side has ended raises EPIPE, for
 * which nobody listens any more. What was asked on the connection has failed by then, and its caller
 * knows.
 */
export function isStrayWrite(error: unknown): boolean {
  return error instanceof Error && /\bnextWrite\b.*\/postgres\/src\/connection\.js/.test(
    error.stack ?? "",
  );
}
