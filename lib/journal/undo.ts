import { requireStanding } from "../auth/mod.ts";
import { AppError } from "../errors.ts";
import { type ChangeId, type GrantId, newId, type TokenId, type UserId } from "../ids.ts";
import { sqlState, type Tx } from "../postgres/mod.ts";
import { type EndpointScope, reachedIn, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import { withJournal } from "./changes.ts";
import { selectEntriesById } from "./changes_store.ts";
import { actorKey, changeContext, changedBy } from "./context.ts";
import type { JournalEntry } from "./entry.ts";
import { insertNotice } from "./outbox_store.ts";
import { extendKept } from "./kept_store.ts";
import { PASSING_REFUSALS, type Refusal } from "./refusals.ts";
import { undoEntry, type UndoMemory } from "./undo_entry.ts";
import { undoImport, type UndoneImport } from "./undo_import.ts";
import {
  beginUndo,
  type EntrySelection,
  isOfRow,
  selectUndoable,
  type Undoable,
} from "./undo_store.ts";

/** What is to be taken back. */
export type UndoTarget =
  | {
    readonly kind: "entry";
    readonly entry: string;
    /** The change that it has to belong to. */
    readonly change?: ChangeId;
  }
  | { readonly kind: "change"; readonly change: ChangeId }
  | { readonly kind: "token"; readonly token: TokenId; readonly since: Date }
  | { readonly kind: "app"; readonly grant: GrantId; readonly since: Date }
  | { readonly kind: "person"; readonly person: UserId; readonly since: Date };

/** An entry that was asked for, with what became of it. */
export interface UndoneRow {
  readonly entry: JournalEntry;
  /** Null: it is taken back, or would be. */
  readonly refusal: Refusal | null;
}

/** What an undo did, or would do. */
export interface UndoResult {
  /** The change that it made; null where it made none. */
  readonly change: ChangeId | null;
  readonly restored: number;
  readonly refused: number;
  /** Entries that had been taken back before. */
  readonly already: number;
  /** Of those restored and refused, rows that the field rules let nobody see. */
  readonly notShown: number;
  /** Rows that may be shown, the refused ones first: at most `MAX_SHOWN` of either. */
  readonly rows: readonly UndoneRow[];
  /** Imports among what was asked for, each undone as a whole. */
  readonly imports: readonly UndoneImport[];
  /** Whether there are more rows than `rows` holds. */
  readonly more: boolean;
  /** Whether older entries were left for the next call, being more than `MAX_ENTRIES`. */
  readonly capped: boolean;
}

/** Entries that one call takes back at most: the latest ones. */
export const MAX_ENTRIES = 10_000;

/** Rows of either kind that an answer shows. */
export const MAX_SHOWN = 100;

const BATCH = 1_000;
// Trials of entries in all, beyond which what is refused stays so.
const MAX_TRIALS = 3 * MAX_ENTRIES;
const ATTEMPTS = 4;

/** The tool that the journal names, whoever undoes. */
const TOOL = "undo_change";

interface UndoOptions {
  /** Whether to find out only: everything is tried, then nothing kept. */
  readonly preview: boolean;
}

function selectionOf(target: UndoTarget): EntrySelection {
  switch (target.kind) {
    case "entry":
      return { entry: target.entry, ...(target.change ? { change: target.change } : {}) };
    case "change":
      return { change: target.change };
    case "token":
      return { token: target.token, since: target.since };
    case "app":
      return { grant: target.grant, since: target.since };
    case "person":
      return { person: target.person, since: target.since };
  }
}

/** Whether entries are chosen by what they are, not by who made them when. */
const isNamed = ({ kind }: UndoTarget) => kind === "entry" || kind === "change";

class Tried extends Error {
  constructor(readonly result: UndoResult) {
    super("tried, and not kept");
  }
}

/** One undo under way. */
interface Undoing {
  readonly services: Services;
  readonly scope: EndpointScope;
  readonly change: ChangeId;
  readonly own: boolean;
}

async function readEntries(tx: Tx, undoing: Undoing, selection: EntrySelection) {
  const entries: Undoable[] = [];
  while (entries.length <= MAX_ENTRIES) {
    const below = entries.at(-1)?.id ?? null;
    const limit = Math.min(BATCH, MAX_ENTRIES + 1 - entries.length);
    const batch = await selectUndoable(tx, selection, below, limit);
    entries.push(...batch);
    if (batch.length < limit) break;
    if (undoing.scope.signal.aborted) throw new AppError("CANCELLED");
  }
  return entries;
}

/**
 * Takes entries back, the latest first. What was refused for reasons that other rows were part of is
 * tried again as long as that leads anywhere, each time the other way round: rows of one table that
 * refer to each other come back in whatever order they went.
 */
async function takeBack(
  tx: Tx,
  { services, scope, change, own }: Undoing,
  entries: readonly Undoable[],
  imports: Map<string, UndoneImport>,
): Promise<Map<string, Refusal | null>> {
  const outcomes = new Map<string, Refusal | null>();
  const undone = new Map(entries.map(({ id, undone }) => [id, undone]));
  const memory: UndoMemory = {
    shapes: new Map(),
    prepared: new Set(),
    writable: reachedIn(scope, "write"),
  };
  const by = changedBy(scope, TOOL);
  let pending = [...entries];
  let trials = 0;
  while (pending.length && trials + pending.length <= MAX_TRIALS) {
    let done = 0;
    trials += pending.length;
    for (const [index, entry] of pending.entries()) {
      if (index % BATCH === 0) {
        if (scope.signal.aborted) throw new AppError("CANCELLED");
        // The note under which this is written has to be young when it commits.
        await services.relays.want(scope.endpoint);
      }
      const context = changeContext(scope, TOOL, change, { undoes: entry.id });
      let refusal: Refusal | null;
      if (undone.get(entry.id)) refusal = "already_undone";
      else if (isOfRow(entry)) refusal = await undoEntry(tx, memory, entry, context, own);
      else {
        const undo = { change, by, place: imports.size };
        const done = await undoImport(tx, entry.id, undo, own, memory.writable);
        // It may have taken longer than such a note is good for.
        await services.relays.want(scope.endpoint);
        // A table that is gone or back has another shape than was met before.
        memory.shapes.clear();
        imports.set(entry.id, done);
        refusal = done.removed + done.restored > 0 ? null : done.refusal;
      }
      outcomes.set(entry.id, refusal);
      if (refusal) continue;
      done++;
      // What it had taken back holds again, and may be next.
      if (entry.undoes !== null && undone.has(entry.undoes)) undone.set(entry.undoes, false);
    }
    if (!done) break;
    pending = pending.filter(({ id }) => {
      const refusal = outcomes.get(id);
      return refusal && PASSING_REFUSALS.has(refusal);
    }).reverse();
  }
  return outcomes;
}

async function resultOf(
  tx: Tx,
  change: ChangeId,
  entries: readonly Undoable[],
  outcomes: ReadonlyMap<string, Refusal | null>,
  undoneImports: ReadonlyMap<string, UndoneImport>,
  capped: boolean,
): Promise<UndoResult> {
  const all = entries.filter(({ id }) => outcomes.get(id) !== "already_undone");
  const tried = all.filter(isOfRow);
  const restored = tried.filter(({ id }) => outcomes.get(id) === null);
  const refused = tried.filter(({ id }) => outcomes.get(id) !== null);
  const imports = all.flatMap(({ id }) => undoneImports.get(id) ?? []);
  const sum = (count: (one: UndoneImport) => number) =>
    imports.reduce((total, one) => total + count(one), 0);
  const inImports = sum((one) => one.removed + one.restored);
  const shown = [refused, restored].map((some) => some.filter((entry) => entry.shown));
  const listed = shown.flatMap((some) => some.slice(0, MAX_SHOWN)).map(({ id }) => id);
  const read = new Map((await selectEntriesById(tx, listed)).map((entry) => [entry.id, entry]));
  return {
    change: restored.length + inImports > 0 ? change : null,
    restored: restored.length + inImports,
    refused: refused.length + sum((one) => one.refused),
    already: entries.length - all.length,
    notShown: tried.filter((entry) => !entry.shown).length,
    rows: listed.flatMap((id) => {
      const entry = read.get(id);
      return entry ? [{ entry, refusal: outcomes.get(id) ?? null }] : [];
    }),
    imports,
    more: shown.some((some) => some.length > MAX_SHOWN),
    capped,
  };
}

function requireAbilities(scope: EndpointScope, entries: readonly Undoable[]): void {
  for (const op of new Set(entries.filter(isOfRow).map(({ op }) => op))) {
    requireAbility(scope.principal, `rows:${op}`);
  }
}

/** What the audit log keeps of what was asked for. */
function told(target: UndoTarget): Record<string, string> {
  switch (target.kind) {
    case "entry":
      return { undoes_entry: target.entry };
    case "change":
      return { undoes: target.change };
    case "token":
      return { of_token: target.token, since: target.since.toISOString() };
    case "app":
      return { of_grant: target.grant, since: target.since.toISOString() };
    case "person":
      return { of_user: target.person, since: target.since.toISOString() };
  }
}

async function work(
  tx: Tx,
  undoing: Undoing,
  target: UndoTarget,
  { preview }: UndoOptions,
): Promise<UndoResult> {
  const { services, scope, own, change } = undoing;
  await beginUndo(tx);
  const selection = selectionOf(target);
  const actor = own ? { actor: actorKey(scope.principal) } : {};
  const found = await readEntries(tx, undoing, {
    ...selection,
    ...actor,
    reached: reachedIn(scope),
  });
  if (!found.length && isNamed(target)) {
    throw new AppError(
      "NOT_FOUND",
      own ? "You made no such change." : "There is no such change here.",
    );
  }
  const entries = found.slice(0, MAX_ENTRIES);
  if (own) requireAbilities(scope, entries);
  const imports = new Map<string, UndoneImport>();
  const outcomes = await takeBack(tx, undoing, entries, imports);
  const capped = found.length > entries.length;
  const result = await resultOf(tx, change, entries, outcomes, imports, capped);
  if (preview) throw new Tried({ ...result, change: null });
  const kept = result.imports.filter((one) => one.removed + one.restored > 0);
  if (kept.length) {
    // First, so that a process that is killed after this commits leaves nothing that nobody lets go of.
    await services.control.tenant(
      scope.tenantId,
      (control) => extendKept(control, kept.map(({ ingestId }) => ingestId)),
    );
  }
  if (result.change !== null) {
    const { restored, refused } = result;
    await insertNotice(tx, {
      action: "change.undone",
      subject: scope.endpoint.name,
      detail: { change, ...told(target), restored, refused },
    }, changedBy(scope, TOOL));
  }
  return result;
}

/** SQLSTATEs after which all of it may be tried anew. */
const AGAIN: ReadonlySet<string | null> = new Set(["40P01", "40001"]);

async function attempt(
  services: Services,
  scope: EndpointScope,
  target: UndoTarget,
  options: UndoOptions,
  own: boolean,
): Promise<UndoResult> {
  await services.relays.want(scope.endpoint);
  return await withJournal(services, scope, async (sql) => {
    for (let left = ATTEMPTS;; left--) {
      try {
        const undoing = { services, scope, change: newId<ChangeId>(), own };
        return await sql.begin((tx) => work(tx, undoing, target, options));
      } catch (error) {
        if (error instanceof Tried) return error.result;
        const state = sqlState(error);
        if (left > 1 && AGAIN.has(state)) continue;
        if (state !== "55P03" && !AGAIN.has(state)) throw error;
        throw new AppError(
          "CONFLICT",
          "Others are changing the same rows just now. Try again in a moment.",
          { cause: error },
        );
      }
    }
  }, "keeper");
}

/** Throws where a token stands in for a person who may not, or whose writes wait for a person themselves. */
async function requireUndoer(services: Services, scope: EndpointScope): Promise<void> {
  const { principal } = scope;
  requireAbility(principal, "api:changes:write");
  if (principal.tokenId !== null && principal.review) {
    throw new AppError("ACCESS_DENIED", "What this token changes waits for a person: it is none.");
  }
  const refusal = "Owners and admins take changes back, and their tokens.";
  await requireStanding(services, scope, "changes:undo", refusal);
}

/**
 * Takes changes of rows back: in one transaction, the latest first, as the owner of the data, for
 * hidden columns come back too. A row that something speaks against is refused with a reason, the rest
 * is done. What it does is itself a change, which can be taken back.
 *
 * @throws AppError NOT_FOUND; INSUFFICIENT_SCOPE without `api:changes:write`; ACCESS_DENIED to who is
 * neither owner nor admin, and to a token under review; CONFLICT where others hold the rows; CANCELLED,
 * with nothing done.
 */
export async function undoChanges(
  services: Services,
  scope: EndpointScope,
  target: UndoTarget,
  options: UndoOptions,
): Promise<UndoResult> {
  await requireUndoer(services, scope);
  const result = await attempt(services, scope, target, options, false);
  services.relays.wake(scope.endpoint.id);
  return result;
}

/**
 * Takes back what the caller itself changed, for agents: under the field rules as they are now, with the
 * abilities that it took to make the change.
 *
 * @throws AppError NOT_FOUND for what others did; INSUFFICIENT_SCOPE; WRITES_OFF; CONFLICT where a
 * person has to look first.
 */
export async function undoOwnChanges(
  services: Services,
  scope: EndpointScope,
  target: UndoTarget,
  options: UndoOptions,
): Promise<UndoResult> {
  const { writes } = scope.endpoint.settings;
  if (writes === "off") throw new AppError("WRITES_OFF");
  if (!options.preview && (writes === "review" || scope.principal.review)) {
    throw new AppError(
      "CONFLICT",
      "What you change here waits for a person, and so does taking it back: ask the endpoint's owner " +
        "to undo it. With dry_run you can see what that would do.",
    );
  }
  const result = await attempt(services, scope, target, options, true);
  services.relays.wake(scope.endpoint.id);
  return result;
}
