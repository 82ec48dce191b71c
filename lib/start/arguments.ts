/** What the command line asks for. */
export interface Arguments {
  readonly files: readonly string[];
  /** One line of JSON on standard output instead of text for people. */
  readonly json: boolean;
  readonly help: boolean;
}

/** What `--help` prints. */
export const USAGE = `deno task start [--json] [FILE…]

Starts Bulkhead. With files (CSV, TSV, JSON, NDJSON), serves them at once: makes a local account and an
endpoint named after the first file, loads them, and prints how to connect.

  --json   print one line of JSON on standard output once it is serving; all else goes to standard error
  --help   print this

Environment: PORT, HOST, BASE_URL, BULKHEAD_DATA, DATABASE_URL, BULKHEAD_MASTER_KEY, ALLOWED_ORIGINS,
TRUSTED_PROXIES, SMTP_URL, MAIL_FROM, HSTS_SUBDOMAINS; README.md tells what each does.`;

/** Reads the command line; throws a plain Error for an option that there is not. */
export function readArguments(args: readonly string[]): Arguments {
  const files: string[] = [];
  let json = false;
  let help = false;
  let literal = false;
  for (const arg of args) {
    if (literal || !arg.startsWith("-")) files.push(arg);
    else if (arg === "--") literal = true;
    else if (arg === "--json") json = true;
    else if (arg === "--help" || arg === "-h") help = true;
    else throw new Error(`There is no option ${arg}. See --help.`);
  }
  return { files, json, help };
}
