import { VARIABLES } from "../config.ts";
import { StartupError } from "../postgres/embedded/mod.ts";

const OPTIONS: ReadonlySet<string> = new Set([
  "--replace",
  "--new-token",
  "--ignore-hangup",
  "--json",
  "--help",
]);

/** What the command line asks for. */
export interface Arguments {
  readonly files: readonly string[];
  /** Creates another token for the endpoint of the files. */
  readonly newToken: boolean;
  /** Replaces the tables of files that have changed since they were loaded. */
  readonly replace: boolean;
  /** Goes on when the terminal closes. */
  readonly ignoreHangup: boolean;
  /** One line of JSON on standard output instead of text for people. */
  readonly json: boolean;
  readonly help: boolean;
}

/** What `--help` prints. */
export const USAGE = `deno task start [OPTION…] [FILE…]

Starts Bulkhead. With files (CSV, TSV, JSON, NDJSON), serves them at once: creates a local account and
an endpoint named after the first file, imports them, and prints how to connect. Files that are served
already are left as they are, and so are the tokens of their endpoint.

  --replace        replace the tables of files that have changed; without it, a terminal is asked
  --new-token      create another token for the endpoint; earlier ones go on working
  --json           print one line of JSON on standard output once it is serving
  --ignore-hangup  go on when the terminal closes; nohup implies it
  --help           print this

Environment: ${VARIABLES.join(", ")};
README.md tells what each does.`;

/**
 * Reads the command line.
 *
 * @throws StartupError for an option that there is not, or that needs a file.
 */
export function readArguments(args: readonly string[]): Arguments {
  const files: string[] = [];
  const options = new Set<string>();
  let literal = false;
  for (const arg of args) {
    if (literal || !arg.startsWith("-")) files.push(arg);
    else if (arg === "--") literal = true;
    else if (arg === "-h") options.add("--help");
    else if (OPTIONS.has(arg)) options.add(arg);
    else throw new StartupError(`There is no option ${arg}. See --help.`);
  }
  for (const option of ["--replace", "--new-token"]) {
    if (options.has(option) && !files.length && !options.has("--help")) {
      throw new StartupError(`${option} needs the file that is served. See --help.`);
    }
  }
  return {
    files,
    newToken: options.has("--new-token"),
    replace: options.has("--replace"),
    ignoreHangup: options.has("--ignore-hangup"),
    json: options.has("--json"),
    help: options.has("--help"),
  };
}
