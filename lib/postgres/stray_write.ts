/**
 * Tells the one error that the driver (3.4.9) throws where nobody can catch it: when the server closes
 * a connection inside a transaction, as DROP DATABASE … FORCE does, the driver writes its own ROLLBACK
 * to a socket that is gone, from a timer. The transaction has failed by then, and its caller knows.
 */
export function isStrayWrite(error: unknown): boolean {
  return error instanceof TypeError && /\bnextWrite\b.*\/postgres\/src\/connection\.js/.test(
    error.stack ?? "",
  );
}
