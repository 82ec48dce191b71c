import { quoteIdent, type Tx } from "../../postgres/mod.ts";
import { readCatalogue } from "./catalogue.ts";
import type { Draft } from "./draft.ts";
import { addForeignKey } from "./foreign_keys.ts";
import { keyCandidates, looksLikeReference, tableReferredTo } from "./key_names.ts";
import { attempt, execute } from "./statements.ts";
import { identityColumn, identityName, publicTable } from "./tables.ts";
import type { ForeignKeyReport } from "./types.ts";

/** The keys that a table ended up with. */
export interface SettledKeys {
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKeyReport[];
}

/**
 * The identity column that a table is made with, so that rows are numbered as they come in, in the
 * file's order: where no column is named like a key and no two could be a junction's.
 */
export function identityFromStart(draft: Draft): string | undefined {
  if (keyCandidates(draft.name, draft.columns, []).length > 0) return undefined;
  const references = draft.columns.filter((column) => looksLikeReference(column.name));
  return references.length < 2 ? identityName(draft.columns) : undefined;
}

function addPrimaryKey(
  tx: Tx,
  table: string,
  columns: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const list = columns.map(quoteIdent).join(", ");
  // Postgres names keys and indexes: whatever names the data's own tables have, it finds a free one.
  return attempt(tx, `ALTER TABLE ${publicTable(table)} ADD PRIMARY KEY (${list})`, signal);
}

/** Pairs of columns, earlier ones first. */
function* pairs(columns: readonly string[]): Generator<readonly [string, string]> {
  for (const [index, first] of columns.entries()) {
    for (const second of columns.slice(index + 1)) yield [first, second];
  }
}

/**
 * Gives freshly filled tables their keys, in this order: a primary key each, where a column is named
 * like one and the data is unique; foreign keys from columns named after a table to that table's key,
 * where every value has its counterpart; for a table that is still without a key a unique pair of its
 * foreign keys, or else an identity column in the order of the file.
 *
 * @param closed Tables to which no foreign key is to lead.
 */
export async function settleKeys(
  tx: Tx,
  drafts: readonly Draft[],
  closed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Map<string, SettledKeys>> {
  const before = await readCatalogue(tx);
  const names = [...before.keys()].filter((name) => !closed.has(name));
  for (const draft of drafts) {
    const identity = before.get(draft.name)!.columns.find((column) => column.identity);
    const others = names.filter((name) => name !== draft.name);
    const candidates = identity
      ? [identity.name]
      : keyCandidates(draft.name, draft.columns, others);
    // An index is built faster over rows that are there than row by row.
    for (const column of candidates) {
      if (await addPrimaryKey(tx, draft.name, [column], signal)) break;
    }
  }
  const tables = await readCatalogue(tx);
  const settled = new Map<string, SettledKeys>();
  for (const draft of drafts) {
    const own = tables.get(draft.name)!.primaryKey?.columns;
    const foreignKeys: ForeignKeyReport[] = [];
    for (const column of draft.columns) {
      const target = tables.get(tableReferredTo(column.name, names) ?? "");
      const [key, second] = target?.primaryKey?.columns ?? [];
      if (!target || key === undefined || second !== undefined) continue;
      // A table's key does not refer to itself, and nobody refers to a key that Postgres made up.
      if (target.name === draft.name && own?.includes(column.name)) continue;
      const keyColumn = target.columns.find((candidate) => candidate.name === key)!;
      if (keyColumn.identity || keyColumn.type !== column.type) continue;
      const link = { column: column.name, references: { table: target.name, column: key } };
      if (
        await addForeignKey(tx, { table: draft.name, ...link }, own?.[0] === column.name, signal)
      ) {
        foreignKeys.push(link);
      }
    }
    const primaryKey = own ?? await fallbackKey(tx, draft, foreignKeys, signal);
    settled.set(draft.name, { primaryKey, foreignKeys });
  }
  return settled;
}

async function fallbackKey(
  tx: Tx,
  draft: Draft,
  foreignKeys: readonly ForeignKeyReport[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const whole = foreignKeys.map((key) => key.column)
    .filter((name) => !draft.columns.find((column) => column.name === name)!.nullable);
  for (const pair of pairs(whole)) {
    if (await addPrimaryKey(tx, draft.name, pair, signal)) return pair;
  }
  const identity = identityName(draft.columns);
  // The rewrite numbers rows as it meets them: in the file's order only if it starts at the front.
  await tx`SET LOCAL synchronize_seqscans = off`;
  await execute(
    tx,
    `ALTER TABLE ${publicTable(draft.name)} ADD COLUMN ${identityColumn(identity)} PRIMARY KEY`,
    signal,
  );
  return [identity];
}
