import type { JSONWebKeySet } from "jose";
import type { Anchor } from "./chain.ts";
import { readStatement } from "./statement.ts";
import { type KeptAnchor, verifyExport } from "./verify.ts";

/** What `deno task audit:verify` says of itself. */
export const VERIFY_USAGE =
  `deno task audit:verify FILE [--anchors FILE --key FILE] [--anchor NUMBER:HASH …]

Checks an NDJSON export of the activity log without the database: that no entry was changed, and that
none is missing or out of order. Without an anchor it can only say that the file agrees with itself: who
can rewrite the whole chain, or cut off its end, makes a file that does. An anchor that you kept finds
both.

--anchors  signed anchors: what /v1/activity/anchors answered, or what the webhook was sent
--key      the installation's public keys, from /.well-known/bulkhead-audit-keys.json; keep the file
           from before, since who rewrites the log may serve other keys today
--anchor   one anchor by hand, as the server's log ("audit.anchored") or the activity page told it

Entries are deleted after twelve months. An export that begins later says so in its first line; that it
was the server that deleted them is shown by the anchor that its log told then ("audit.dropped").

Answers 0 where nothing is wrong, 1 where something is, 2 where a file could not be read.`;

/** How it ended, and what to tell. */
export interface Verdict {
  readonly code: 0 | 1 | 2;
  readonly text: string;
}

/** What the command line asks for. */
interface Asked {
  readonly path: string;
  readonly anchors: readonly KeptAnchor[];
  readonly statements: string | null;
  readonly key: string | null;
}

/** A fault of the command line or of a file that it names. */
class Unusable extends Error {}

function readAnchor(text: string | undefined): Anchor {
  const match = /^([1-9]\d{0,18}):([0-9a-f]{64})$/.exec(text ?? "");
  if (!match) throw new Unusable("An anchor is written NUMBER:HASH, as the log tells it.");
  return { seq: BigInt(match[1]!), hash: match[2]! };
}

function readAsked(args: readonly string[]): Asked {
  const files: string[] = [];
  const anchors: Anchor[] = [];
  const named: Record<string, string | null> = { "--anchors": null, "--key": null };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--anchor") anchors.push(readAnchor(args[++at]));
    else if (arg in named) named[arg] = args[++at] ?? "";
    else files.push(arg);
  }
  const [path] = files;
  const { "--anchors": statements = null, "--key": key = null } = named;
  if (path === undefined || files.length > 1 || path.startsWith("-")) {
    throw new Unusable(VERIFY_USAGE);
  }
  // A signature that nobody checks says nothing.
  if ((statements === null) !== (key === null)) {
    throw new Unusable("--anchors and --key go together: a signed anchor is checked by its key.");
  }
  return { path, anchors, statements, key };
}

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    throw new Unusable(`${path} could not be read.`);
  }
}

async function readKeys(path: string): Promise<JSONWebKeySet> {
  const text = await readFile(path);
  try {
    const value = JSON.parse(text);
    if (Array.isArray(value.keys)) return value;
  } catch {
    // Told below.
  }
  throw new Unusable(`${path} holds no keys.`);
}

// A compact JWS, wherever in the file it stands: both JSON and NDJSON are taken.
const STATEMENT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;

async function signedAnchors({ statements, key }: Asked): Promise<KeptAnchor[]> {
  if (statements === null || key === null) return [];
  const keys = await readKeys(key);
  const found = (await readFile(statements)).match(STATEMENT) ?? [];
  if (!found.length) throw new Unusable(`${statements} holds no signed anchor.`);
  const anchors: KeptAnchor[] = [];
  for (const text of found) {
    const anchor = await readStatement(text, keys);
    if (!anchor) throw new Unusable(`${statements}: an anchor was not signed by a key of ${key}.`);
    anchors.push(anchor);
  }
  return anchors;
}

/** The lines of a file; a last line that is not ended counts too. */
async function* linesOf(file: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of file.pipeThrough(new TextDecoderStream("utf-8", { fatal: true }))) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest) yield rest;
}

function wordOfBeginning({ seq, hash }: Anchor, unproven: boolean): string {
  if (seq === 0n) return "";
  const those = seq === 1n ? "Entry 1 was" : `Entries 1 to ${seq} were`;
  return unproven
    ? `\n${those} deleted for age, as the file says of itself. To be sure of it, look for the ` +
      `anchor ${seq}:${hash} among "audit.dropped" in the server's log, and give it with --anchor.`
    : `\n${those} deleted for age, as the anchor says.`;
}

function wordOfProof(from: Anchor, to: Anchor, proven: Anchor | null): string {
  // That the deleted beginning was met says nothing of what follows it.
  if (!proven || proven.seq <= from.seq) {
    return "self-consistent only: no anchor was given, and a log that was rewritten or cut off at its " +
      "end agrees with itself as well";
  }
  const rest = to.seq > proven.seq
    ? `; what follows it, to entry ${to.seq}, is self-consistent only`
    : "";
  return `whole up to entry ${proven.seq}, as its anchor says${rest}`;
}

async function verify(args: readonly string[]): Promise<Verdict> {
  const asked = readAsked(args);
  const { path } = asked;
  const anchors = [...asked.anchors, ...await signedAnchors(asked)];
  const file = await Deno.open(path, { read: true }).catch(() => null);
  if (!file) throw new Unusable(`${path} could not be read.`);
  const { from, to, unproven, proven, fault } = await verifyExport(linesOf(file.readable), anchors);
  if (fault) {
    const place = fault.line ? `Line ${fault.line} ` : "";
    return { code: 1, text: `${path}: not whole. ${place}${fault.text}.` };
  }
  const said = to.seq === from.seq
    ? `${path}: no entries.`
    : `${path}: ${wordOfProof(from, to, proven)}. Entries ${
      from.seq + 1n
    } to ${to.seq}, ending in ` +
      `${to.seq}:${to.hash}`;
  return { code: 0, text: said + wordOfBeginning(from, unproven) };
}

/** Checks the export that the command line names. */
export async function verifyCommand(args: readonly string[]): Promise<Verdict> {
  try {
    return await verify(args);
  } catch (error) {
    if (error instanceof Unusable) return { code: 2, text: error.message };
    // What the decoder of UTF-8 throws.
    if (error instanceof TypeError) return { code: 2, text: "The file is not UTF-8 text." };
    throw error;
  }
}
