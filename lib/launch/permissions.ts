import { StartupError } from "../postgres/embedded/mod.ts";

/** What the serving process is allowed besides reading files and using the network. */
export interface Permits {
  /** Folders that it writes to; absolute. */
  readonly write: readonly string[];
  /** Programs that it runs; absolute. */
  readonly run: readonly string[];
  /** Files or folders of native libraries that it loads; absolute. */
  readonly ffi: readonly string[];
  /** Environment variables that it sees. All others are as if they were not set. */
  readonly env: readonly string[];
}

// What postgres.js, bcrypt's loader and Postgres's account ask the system.
const SYSTEM = ["uid", "gid", "hostname", "osRelease", "userInfo"];

// The runtime splits its lists at commas and has no way to say one.
function list(values: readonly string[]): string {
  const split = values.find((one) => one.includes(","));
  if (split !== undefined) {
    throw new StartupError(
      `The path ${split} has a comma, with which the server's permissions cannot be told. ` +
        "Use a folder without one.",
    );
  }
  return values.join();
}

/**
 * The runtime's flags for it. No question is ever asked: what is not allowed is refused.
 *
 * @throws StartupError for a path that cannot be told.
 */
export function permissionFlags({ write, run, ffi, env }: Permits): string[] {
  return [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    `--allow-write=${list(write)}`,
    ...(run.length ? [`--allow-run=${list(run)}`] : []),
    `--allow-ffi=${list(ffi)}`,
    `--allow-env=${list(env)}`,
    "--ignore-env",
    `--allow-sys=${list(SYSTEM)}`,
  ];
}
