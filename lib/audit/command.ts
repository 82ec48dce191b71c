import type { Anchor } from "./chain.ts";
import { verifyExport } from "./verify.ts";

/** What `deno task audit:verify` says of itself. */
export const VERIFY_USAGE = `deno task audit:verify FILE [--anchor NUMBER:HASH …]

Checks an NDJSON export of the activity log without the database: that no entry was changed, and that
none is missing or out of order. Entries cut off at the end are found by an anchor: the number and hash
that the log of the server ("audit.anchored") or the activity page told.

Entries are deleted after twelve months. An export that begins later says so in its first line; that it
was the server that deleted them is shown by the anchor that its log told then ("audit.dropped").

Answers 0 where the export is whole, 1 where it is not, 2 where it could not be read.`;

/** How it ended, and what to tell. */
export interface Verdict {
  readonly code: 0 | 1 | 2;
  readonly text: string;
}

function readAnchor(text: string | undefined): Anchor | null {
  const match = /^([1-9]\d{0,18}):([0-9a-f]{64})$/.exec(text ?? "");
  return match ? { seq: BigInt(match[1]!), hash: match[2]! } : null;
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

/** Checks the export that the command line names. */
export async function verifyCommand(args: readonly string[]): Promise<Verdict> {
  const files: string[] = [];
  const anchors: Anchor[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg !== "--anchor") {
      files.push(arg);
      continue;
    }
    const anchor = readAnchor(args[++at]);
    if (!anchor) return { code: 2, text: "An anchor is written NUMBER:HASH, as the log tells it." };
    anchors.push(anchor);
  }
  const [path] = files;
  if (path === undefined || files.length > 1 || path.startsWith("-")) {
    return { code: 2, text: VERIFY_USAGE };
  }
  try {
    const file = await Deno.open(path, { read: true });
    const { from, to, unproven, fault } = await verifyExport(linesOf(file.readable), anchors);
    if (fault) {
      const place = fault.line ? `Line ${fault.line} ` : "";
      return { code: 1, text: `${path}: not whole. ${place}${fault.text}.` };
    }
    const said = to.seq === from.seq
      ? `${path}: no entries.`
      : `${path}: whole. Entries ${from.seq + 1n} to ${to.seq}, ending in ${to.seq}:${to.hash}`;
    return { code: 0, text: said + wordOfBeginning(from, unproven) };
  } catch (error) {
    const reason = error instanceof TypeError ? "is not UTF-8 text" : "could not be read";
    return { code: 2, text: `${path} ${reason}.` };
  }
}
