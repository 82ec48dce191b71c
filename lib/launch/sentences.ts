import { ConfigError } from "../config.ts";
import { AppError } from "../errors.ts";
import { StartupError } from "../postgres/embedded/mod.ts";

// What the driver and Postgres say by a code (PostgreSQL 18, Appendix A), in the operator's words.
const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    "Nothing answers at the address of DATABASE_URL. Start that Postgres, or correct it.",
  ENOTFOUND: "The host of DATABASE_URL is not known. Correct it.",
  EHOSTUNREACH: "The host of DATABASE_URL cannot be reached. Check network and address.",
  ETIMEDOUT: "The host of DATABASE_URL does not answer. Check network and address.",
  CONNECT_TIMEOUT: "The host of DATABASE_URL does not answer. Check network and address.",
  CONNECTION_CLOSED: "The Postgres of DATABASE_URL closed the connection. Is it a Postgres?",
  CONNECTION_ENDED: "The Postgres of DATABASE_URL closed the connection. Is it running?",
  "28P01": "The Postgres of DATABASE_URL refuses the user's password. Correct it.",
  "28000": "The Postgres of DATABASE_URL does not let this user in. See its pg_hba.conf.",
  "3D000": "The database that DATABASE_URL names does not exist. Create it first.",
  "42501": "The user of DATABASE_URL may not do what a start needs. See docs/how-to/self-host.md.",
  "53300": "The Postgres of DATABASE_URL has no connection left. Raise max_connections.",
  "57P03": "The Postgres of DATABASE_URL is starting or stopping. Try again in a moment.",
  "53100": "The disk of Postgres is full. Make room on it.",
  "25006": "The Postgres of DATABASE_URL takes no writes: it is a standby. Name the primary.",
};

/** Words for the errors of the system, where nobody nearer has found better ones. */
function ofSystem(error: Error): string | null {
  const path = /'([^']+)'\s*$/.exec(error.message)?.[1];
  const what = path ? ` ${path}` : "";
  if (error instanceof Deno.errors.NotCapable) {
    return `The server lacks a permission${
      /access to ("[^"]+")/.exec(error.message)?.[1]?.replace(/^/, " for ") ?? ""
    }. Start it with "deno task start", which grants what it needs.`;
  }
  if (error instanceof Deno.errors.NotFound) return `There is no file or folder${what}.`;
  if (error instanceof Deno.errors.PermissionDenied) {
    return `The user of this process may not use the file or folder${what}.`;
  }
  if (error instanceof Deno.errors.AddrInUse) {
    return "The port is taken by another process. Set PORT to another; 0 picks a free one.";
  }
  return /No space left|os error 28/.test(error.message)
    ? "The disk is full. Make room on it."
    : null;
}

/** Words for an error that is known: what is wrong, and what to do. Null where there are none. */
export function wordsFor(error: unknown): string | null {
  if (error instanceof ConfigError || error instanceof StartupError) return error.message;
  if (error instanceof AppError) return error.detail ?? error.message;
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && chain.length < 5; at = at.cause) chain.push(at);
  // The cause says more than what was made of it: that a connection is lost, say.
  for (const at of chain.reverse()) {
    // The driver gathers several attempts to connect in one error.
    const first = at instanceof AggregateError ? at.errors[0] : at;
    const code = first && typeof first === "object" && "code" in first ? String(first.code) : "";
    const words = CODES[code] ?? ofSystem(at);
    if (words) return words;
  }
  // One of our own, which is a sentence.
  return error instanceof Error && error.constructor === Error && /^[A-Z].*\.$/s.test(error.message)
    ? error.message
    : null;
}

/** What a start that fails says: a sentence, or a list of faults. No code of a system, no trace. */
export function sentenceOf(error: unknown): string {
  return wordsFor(error) ??
    "The server could not go on, for a reason that it does not know. The log has the details.";
}
