import { type Anchor, entryHash, GENESIS, HASHED_FIELDS, type HashedEntry } from "./chain.ts";
import { jsonbText, Numeral, parseExactly } from "./jsonb_text.ts";

/** What is wrong with an export, and on which line; its end is line 0. */
export interface Fault {
  readonly line: number;
  readonly text: string;
}

/** What became of a check. */
export interface Verified {
  /** Where the chain begins: what came before is not in the file. */
  readonly from: Anchor;
  /** Where it ends. */
  readonly to: Anchor;
  /** The first fault; null where there is none. */
  readonly fault: Fault | null;
}

const NAMES: ReadonlySet<string> = new Set([...HASHED_FIELDS, "previous_hash", "hash"]);

interface Line {
  readonly entry: HashedEntry;
  readonly seq: bigint;
  readonly previous: string;
  readonly hash: string;
}

/** Reads one line of an export, or says what is wrong with it. */
function readLine(text: string): Line | string {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    return "is not JSON";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no entry";
  const object = value as Record<string, unknown>;
  const names = Object.keys(object);
  if (names.length !== NAMES.size || !names.every((name) => NAMES.has(name))) {
    return "has other fields than an entry";
  }
  const entry: Record<string, string | null> = {};
  for (const name of HASHED_FIELDS) {
    const field = object[name];
    if (name === "detail") entry[name] = jsonbText(field);
    else if (name === "seq") entry[name] = field instanceof Numeral ? field.text : null;
    else if (field === null || typeof field === "string") entry[name] = field;
    else return `has a field ${name} that is no text`;
  }
  const { seq } = entry;
  const { previous_hash: previous, hash } = object;
  if (!seq || !/^[1-9]\d{0,18}$/.test(seq)) return "has no number";
  if (typeof previous !== "string" || !/^[0-9a-f]{64}$/.test(previous)) return "has no hash before";
  if (typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash)) return "has no hash";
  return { entry: entry as HashedEntry, seq: BigInt(seq), previous, hash };
}

function faultOf(line: Line, head: Anchor, tenant: string | null): string | null {
  const { entry, seq, previous, hash } = line;
  if (seq !== head.seq + 1n) return `is entry ${seq}, where ${head.seq + 1n} belongs`;
  if (tenant !== null && entry.tenant_id !== tenant) return "is of another team";
  if (previous !== head.hash) return `(entry ${seq}) does not follow the one before it`;
  if (entryHash(previous, entry) !== hash) return `(entry ${seq}) was changed`;
  return null;
}

/**
 * Checks an export of the audit log, line by line and without the database: that each entry is what it
 * was when it was written, and that none is missing or out of order between the first and the last.
 *
 * @param anchors What is known of the chain from elsewhere: each must be met by an entry of that number,
 * so that an end that was cut off is found.
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  anchors: readonly Anchor[] = [],
): Promise<Verified> {
  const expected = new Map(anchors.map((anchor) => [anchor.seq, anchor]));
  let from: Anchor | null = null;
  let head = GENESIS;
  let tenant: string | null = null;
  let number = 0;
  const fault = (line: number, text: string) => ({
    from: from ?? GENESIS,
    to: head,
    fault: { line, text },
  });
  const meets = ({ seq, hash }: Anchor) => {
    const anchor = expected.get(seq);
    expected.delete(seq);
    return !anchor || anchor.hash === hash;
  };
  for await (const text of lines) {
    number++;
    const line = readLine(text);
    if (typeof line === "string") return fault(number, line);
    if (from === null) {
      from = line.seq === 1n ? GENESIS : { seq: line.seq - 1n, hash: line.previous };
      head = from;
      if (!meets(from)) return fault(number, "does not follow the anchor");
    }
    const wrong = faultOf(line, head, tenant);
    if (wrong !== null) return fault(number, wrong);
    head = { seq: line.seq, hash: line.hash };
    tenant = line.entry.tenant_id;
    if (!meets(head)) return fault(number, `(entry ${head.seq}) is not what was anchored`);
  }
  for (const { seq } of expected.values()) {
    return fault(0, `anchored entry ${seq} is not in the file`);
  }
  return { from: from ?? GENESIS, to: head, fault: null };
}
