import { VARIABLES } from "../config.ts";
import { StartupError } from "../postgres/embedded/mod.ts";

const OPTIONS: ReadonlySet<string> = new Set([
  "--replace",
  "--new-token",
  "--sign-in",
  "--reset-factors",
  "--ignore-hangup",
  "--json",
  "--help",
]);

/** Whom the command line asks a sign-in link for. */
export interface SignInArgument {
  readonly email: string;
  /** Takes away what their account has of two-factor methods. */
  readonly reset: boolean;
}

/** What the command line asks for. */
export interface Arguments {
  readonly files: readonly string[];
  /** Creates another token for the endpoint of the files. */
  readonly newToken: boolean;
  /** Replaces the tables of files that have changed since they were loaded. */
  readonly replace: boolean;
  /** null: nobody. */
  readonly signIn: SignInArgument | null;
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

  --replace          replace the tables of files that have changed; without it, a terminal is asked
  --new-token        create another token for the endpoint; earlier ones go on working
  --sign-in ADDRESS  print a link that signs ADDRESS in once, within 15 minutes; creates its account
                     where there is none
  --reset-factors    with --sign-in: remove the account's two-factor methods, sign out its devices, and
                     tell its owner by mail
  --json             print one line of JSON on standard output once it is serving
  --ignore-hangup    go on when the terminal closes; nohup implies it
  --help             print this

Environment: ${VARIABLES.join(", ")};
README.md tells what each does.`;

/** An option that works only beside another: what is missing, in words. */
function missing(options: ReadonlySet<string>, files: number, email: string | null): string | null {
  for (const option of ["--replace", "--new-token"]) {
    if (options.has(option) && !files) return `${option} needs the file that is served.`;
  }
  if (options.has("--sign-in") && !email) return "--sign-in needs an address.";
  if (email && files) return "--sign-in and files do not go together: start once for each.";
  if (options.has("--reset-factors") && !email) return "--reset-factors needs --sign-in ADDRESS.";
  return null;
}

/**
 * Reads the command line.
 *
 * @throws StartupError for an option that there is not, or that needs something else.
 */
export function readArguments(args: readonly string[]): Arguments {
  const files: string[] = [];
  const options = new Set<string>();
  let email: string | null = null;
  let literal = false;
  const rest = args.values();
  for (const arg of rest) {
    const [option = "", value] = arg.startsWith("--sign-in=") ? arg.split(/=(.*)/s) : [arg];
    if (literal || !arg.startsWith("-")) files.push(arg);
    else if (arg === "--") literal = true;
    else if (arg === "-h") options.add("--help");
    else if (option === "--sign-in") {
      options.add(option);
      const next = value ?? rest.next().value ?? "";
      if (!next.startsWith("-")) email = next || null;
    } else if (OPTIONS.has(arg)) options.add(arg);
    else throw new StartupError(`There is no option ${arg}. See --help.`);
  }
  const fault = options.has("--help") ? null : missing(options, files.length, email);
  if (fault) throw new StartupError(`${fault} See --help.`);
  return {
    files,
    newToken: options.has("--new-token"),
    replace: options.has("--replace"),
    signIn: email ? { email, reset: options.has("--reset-factors") } : null,
    ignoreHangup: options.has("--ignore-hangup"),
    json: options.has("--json"),
    help: options.has("--help"),
  };
}
