/** Why the embedded Postgres could not start or stop, in words for the person at the terminal. */
export class StartupError extends Error {
  override readonly name = "StartupError";
}
