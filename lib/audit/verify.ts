import { type Anchor, entryHash, GENESIS, HASHED_FIELDS, type HashedEntry } from "./chain.ts";
import { jsonbText, Numeral, parseExactly, RepeatedKey } from "./jsonb_text.ts";

/** What is wrong with an export, and on which line; its end is line 0. */
export interface Fault {
  readonly line: number;
  readonly text: string;
}

/** An anchor that somebody kept. */
export interface KeptAnchor extends Anchor {
  /** Whose chain it is of, where the anchor says so: one of another tenant says nothing of the file. */
  readonly tenantId?: string;
}

/** What became of a check. */
export interface Verified {
  /** Where the chain begins: what came before is not in the file. */
  readonly from: Anchor;
  /** Whether what came before was deleted by the file's own word alone: no anchor was given that says so. */
  readonly unproven: boolean;
  /** Where it ends. */
  readonly to: Anchor;
  /**
   * The last anchor that the file meets: what comes before it is proven. Null where none was given; then
   * the file agrees with itself, which a rewritten one does too.
   */
  readonly proven: Anchor | null;
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
  } catch (error) {
    return error instanceof RepeatedKey ? "names a field twice" : "is not JSON";
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

/** What the first line says of entries that are no longer kept; null where it is an entry. */
function readDropped(text: string): { tenant: string; from: Anchor } | null {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { tenant_id: tenant, deleted_through: seq, hash, ...rest } = value as Record<
    string,
    unknown
  >;
  const fits = typeof tenant === "string" && seq instanceof Numeral &&
    /^[1-9]\d{0,18}$/.test(seq.text) && typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash) &&
    Object.keys(rest).length === 0;
  return fits ? { tenant, from: { seq: BigInt(seq.text), hash } } : null;
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
 * was when it was written, and that none is missing or out of order. An export whose first entries were
 * deleted says so in its first line, or an anchor of the last of them does; a beginning that is missing
 * without either is a fault.
 *
 * @param anchors What is known of the chain from elsewhere: each must be met by an entry of that number,
 * so that an end that was cut off is found. One from before the file's beginning cannot be met: it is a
 * fault, unless the anchor of the beginning itself is among them.
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  anchors: readonly KeptAnchor[] = [],
): Promise<Verified> {
  const check = new ExportCheck(anchors);
  let number = 0;
  for await (const text of lines) {
    const wrong = check.take(text, ++number === 1);
    if (wrong !== null) return check.verdict({ line: number, text: wrong });
  }
  const missing = check.missing();
  return check.verdict(missing === null ? null : { line: 0, text: missing });
}

/** How far a check has come. */
class ExportCheck {
  readonly #anchors: readonly KeptAnchor[];
  #expected = new Map<bigint, KeptAnchor>();
  #proven: Anchor | null = null;
  #from = GENESIS;
  #head = GENESIS;
  #tenant: string | null = null;
  #unproven = false;

  constructor(anchors: readonly KeptAnchor[]) {
    this.#anchors = anchors;
    this.#expect(null);
  }

  /** Looks for the anchors of the file's tenant; answers what is wrong with them. */
  #expect(tenant: string | null): string | null {
    this.#expected = new Map();
    for (const anchor of this.#anchors) {
      if (tenant !== null && anchor.tenantId !== undefined && anchor.tenantId !== tenant) continue;
      const known = this.#expected.get(anchor.seq);
      if (tenant !== null && known && known.hash !== anchor.hash) {
        return `belongs to a log of which two histories were anchored: at entry ${anchor.seq} the ` +
          "anchors disagree";
      }
      this.#expected.set(anchor.seq, anchor);
    }
    return null;
  }

  /** Takes a line; answers what is wrong with it. */
  take(text: string, first: boolean): string | null {
    const dropped = first ? readDropped(text) : null;
    if (dropped) {
      this.#tenant = dropped.tenant;
      return this.#expect(dropped.tenant) ?? this.#begin(dropped.from, true);
    }
    const line = readLine(text);
    if (typeof line === "string") return line;
    if (first) {
      const wrong = this.#expect(line.entry.tenant_id);
      if (wrong !== null) return wrong;
    }
    if (first && line.seq > 1n) {
      const wrong = this.#begin({ seq: line.seq - 1n, hash: line.previous }, false);
      if (wrong !== null) return wrong;
    }
    const wrong = faultOf(line, this.#head, this.#tenant);
    if (wrong !== null) return wrong;
    this.#head = { seq: line.seq, hash: line.hash };
    this.#tenant = line.entry.tenant_id;
    return this.#meets(this.#head) ? null : `(entry ${line.seq}) is not what was anchored`;
  }

  /** Begins behind entries that are not in the file. */
  #begin(from: Anchor, said: boolean): string | null {
    this.#unproven = !this.#expected.has(from.seq);
    if (!this.#meets(from)) return "does not follow the anchor";
    if (this.#unproven && !said) {
      return `is entry ${
        from.seq + 1n
      }: what came before is missing, and nothing tells that it was ` +
        "deleted for its age";
    }
    this.#from = this.#head = from;
    return null;
  }

  #meets({ seq, hash }: Anchor): boolean {
    const anchor = this.#expected.get(seq);
    this.#expected.delete(seq);
    if (anchor?.hash === hash) this.#proven = { seq, hash };
    return !anchor || anchor.hash === hash;
  }

  /** What should have been in the file, after its last line. */
  missing(): string | null {
    for (const { seq } of this.#expected.values()) {
      if (seq > this.#head.seq) return `anchored entry ${seq} is not in the file`;
      if (this.#unproven) {
        const { seq: before } = this.#from;
        return `anchored entry ${seq} is from before the file's beginning: give the anchor of entry ` +
          `${before} too, which the server logged as "audit.dropped"`;
      }
    }
    return null;
  }

  verdict(fault: Fault | null): Verified {
    const [from, to, proven] = [this.#from, this.#head, this.#proven];
    return { from, to, proven, unproven: this.#unproven, fault };
  }
}
