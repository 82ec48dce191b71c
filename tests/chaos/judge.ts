import type { Write } from "./clients.ts";

/** A row's image in the table or in the journal. */
export type Image = Readonly<Record<string, unknown>> & { readonly id: number };

/** A journal entry. */
export interface Entry {
  readonly id: number;
  readonly change: string;
  readonly op: string;
  readonly before: Image | null;
  readonly after: Image | null;
  /** What the audit log is to hold of it. */
  readonly digests: Readonly<Record<"key" | "before" | "after", string | null>>;
}

/** What was found when all was quiet. */
export interface Found {
  readonly rows: readonly Image[];
  /** In the order of their ids. */
  readonly entries: readonly Entry[];
  /** Idempotency keys by the change that was made under them. */
  readonly keys: ReadonlyMap<string, string>;
  /** Audited entries in the order of the log: the entry's id and the digests. */
  readonly audited: readonly (Pick<Entry, "id" | "change" | "digests">)[];
  /** Entries that still wait in the outbox. */
  readonly waiting: number;
  /** Why the audit chain does not verify; null where it does. */
  readonly chainFault: string | null;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

const imageOf = (image: Image | null) =>
  image && { id: image.id, n: image["n"], note: image["note"] };

/** Replays the journal: each entry must begin where the one before of its row ended. */
function* replay({ rows, entries }: Found): Generator<string> {
  const state = new Map<number, unknown>();
  for (const { id, op, before, after } of entries) {
    const row = (before ?? after)!.id;
    if (!same(state.get(row) ?? null, imageOf(before))) yield `entry ${id}: row ${row} was not so`;
    if (op === "update" && !(before && after)) yield `entry ${id}: an update without both images`;
    if (after) state.set(row, imageOf(after));
    else state.delete(row);
  }
  const table = new Map<number, unknown>(rows.map((row) => [row.id, imageOf(row)]));
  for (const [row, image] of state) {
    if (!same(table.get(row) ?? null, image)) yield `row ${row} is not as the journal leaves it`;
  }
  for (const row of table.keys()) if (!state.has(row)) yield `row ${row} has no entry`;
}

/** Each write that was heard of is there once and whole; the others are whole, or not at all. */
function* compare(writes: readonly Write[], { entries, keys }: Found): Generator<string> {
  const byChange = Map.groupBy(entries, ({ change }) => change);
  const changeOf = new Map<string, string>();
  for (const [change, key] of keys) {
    if (changeOf.has(key)) yield `${key} was made twice`;
    changeOf.set(key, change);
  }
  const effect = (row: number, op: string, after: unknown) => JSON.stringify([row, op, after]);
  const asked = new Map(writes.map((write) => [write.key, write]));
  for (const write of writes) {
    const change = changeOf.get(write.key) ?? null;
    if (write.change !== null && write.change !== change) {
      yield `${write.key} was acknowledged as ${write.change} and is ${change}`;
    }
    if (change === null) continue;
    const made = (byChange.get(change) ?? []).map((entry) =>
      effect((entry.after ?? entry.before)!.id, entry.op, imageOf(entry.after))
    );
    const wanted = write.effects.map(({ id, op, after }) =>
      effect(id, op, after && { id, n: after.n, note: after.note })
    );
    if (!same(made.toSorted(), wanted.toSorted())) {
      yield `${write.key} made ${made.length} entries of ${wanted.length}, or others`;
    }
  }
  for (const change of byChange.keys()) {
    if (!asked.has(keys.get(change) ?? "")) yield `change ${change} was never asked for`;
  }
}

/** The audit log holds each entry once, with its digests, those of one row in their order. */
function* audit({ entries, audited, waiting, chainFault }: Found): Generator<string> {
  const counts = new Map<number, number>();
  for (const { id } of audited) counts.set(id, (counts.get(id) ?? 0) + 1);
  const known = new Map(entries.map((entry) => [entry.id, entry]));
  for (const entry of entries) {
    const count = counts.get(entry.id) ?? 0;
    if (count !== 1) yield `entry ${entry.id} is ${count} times in the audit log`;
  }
  const latest = new Map<string, number>();
  for (const { id, change, digests } of audited) {
    const entry = known.get(id);
    if (!entry) yield `the audit log holds an entry ${id} that there is not`;
    else if (entry.change !== change || !same(entry.digests, digests)) {
      yield `entry ${id} is another in the audit log`;
    }
    const row = digests.key!;
    if ((latest.get(row) ?? 0) > id) yield `entry ${id} stands behind a later one of its row`;
    latest.set(row, id);
  }
  if (waiting > 0) yield `${waiting} entries still wait`;
  if (chainFault !== null) yield `the audit chain does not verify: ${chainFault}`;
}

/** Everything that is not as it has to be; empty where nothing was lost, doubled or done by half. */
export function judge(writes: readonly Write[], found: Found): string[] {
  return [...replay(found), ...compare(writes, found), ...audit(found)];
}
