import { ensureSchema, withEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { ChangeId } from "../ids.ts";
import { fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";
import { type EndpointScope, reachedIn, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import {
  type ChangeActor,
  type ChangeFilter,
  countHidden,
  limitTime,
  selectActors,
  selectChange,
  selectChanges,
  selectEntries,
  selectNames,
} from "./changes_store.ts";
import type { ChangeSummary, JournalEntry } from "./entry.ts";

export type { ChangeActor, ChangeFilter } from "./changes_store.ts";

const ENTRY = /^[1-9]\d{0,18}$/;
const MAX_ENTRY = 2n ** 63n - 1n;

/** Whether a text can be the id of a journal entry. */
export function isEntryId(text: string): boolean {
  return ENTRY.test(text) && BigInt(text) <= MAX_ENTRY;
}

/**
 * Lends the owner's connections: readers and writers have no grant on the journal.
 *
 * @param as `keeper` for what changes anything in a transaction.
 */
export async function withJournal<T>(
  services: Services,
  scope: EndpointScope,
  work: (sql: Sql) => Promise<T>,
  as: "owner" | "keeper" = "owner",
): Promise<T> {
  await ensureSchema(services, scope);
  try {
    return await withEndpoint(services, scope, as, work);
  } catch (error) {
    throw fromPostgres(error);
  }
}

/** As `withJournal`, for reading: bounded in time, since nothing else bounds the owner's statements. */
function readJournal<T>(
  services: Services,
  scope: EndpointScope,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  return withJournal(services, scope, (sql) =>
    sql.begin("read only", async (tx) => {
      await limitTime(tx);
      return await work(tx);
    }) as Promise<T>);
}

/** Where to go on in a list. */
export interface JournalPage {
  /** An entry's id, as the page before answered it. */
  readonly after: string | null;
  readonly limit: number;
}

function checkAfter({ after }: JournalPage): void {
  if (after !== null && !isEntryId(after)) throw new AppError("INVALID_CURSOR");
}

/**
 * What was changed in an endpoint's rows, the latest first.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `api:changes:read`, INVALID_CURSOR.
 */
export async function listChanges(
  services: Services,
  scope: EndpointScope,
  filter: ChangeFilter,
  page: JournalPage,
): Promise<{ changes: ChangeSummary[]; next: string | null }> {
  requireAbility(scope.principal, "api:changes:read");
  checkAfter(page);
  const changes = await readJournal(
    services,
    scope,
    (sql) => selectChanges(sql, filter, page.after, page.limit + 1, reachedIn(scope)),
  );
  const more = changes.length > page.limit;
  if (more) changes.pop();
  return { changes, next: more ? changes.at(-1)!.head : null };
}

/** What can be chosen in the filters of a list of changes. */
export interface ChangeChoices {
  readonly tables: readonly string[];
  readonly tools: readonly string[];
  readonly actors: readonly ChangeActor[];
}

/** The tables, tools, tokens and apps of the latest entries. */
export function changeChoices(services: Services, scope: EndpointScope): Promise<ChangeChoices> {
  requireAbility(scope.principal, "api:changes:read");
  return readJournal(services, scope, async (sql) => ({
    ...await selectNames(sql),
    actors: await selectActors(sql),
  }));
}

/** One change with its rows, as far as they may be shown. */
export interface ChangeView extends ChangeSummary {
  /** In the order in which they happened. */
  readonly entries: readonly JournalEntry[];
  /** Where the next page of entries begins; null on the last. */
  readonly next: string | null;
  /** Rows that the field rules let nobody see. */
  readonly notShown: number;
}

/**
 * One change with a page of its rows. Hidden columns and rows that are filtered out now are not among
 * them, whoever reads.
 *
 * @throws AppError NOT_FOUND; INSUFFICIENT_SCOPE without `api:changes:read`; INVALID_CURSOR.
 */
export async function readChange(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
  page: JournalPage,
): Promise<ChangeView> {
  requireAbility(scope.principal, "api:changes:read");
  checkAfter(page);
  return await readJournal(services, scope, async (sql) => {
    const reached = reachedIn(scope);
    const summary = await selectChange(sql, change, reached);
    if (!summary) throw new AppError("NOT_FOUND", "There is no such change here.");
    const entries = await selectEntries(sql, change, page.after, page.limit + 1, reached);
    const more = entries.length > page.limit;
    if (more) entries.pop();
    const notShown = await countHidden(sql, change, reached);
    return { ...summary, entries, next: more ? entries.at(-1)!.id : null, notShown };
  });
}

/**
 * One change that the journal has, with the first of its rows as far as they may be shown; null where it
 * has none. Asks for no ability.
 */
export function readJournalled(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
  limit: number,
): Promise<ChangeView | null> {
  return readJournal(services, scope, async (sql) => {
    const reached = reachedIn(scope);
    const summary = await selectChange(sql, change, reached);
    if (!summary) return null;
    const entries = await selectEntries(sql, change, null, limit + 1, reached);
    const more = entries.length > limit;
    if (more) entries.pop();
    const notShown = await countHidden(sql, change, reached);
    return { ...summary, entries, next: more ? entries.at(-1)!.id : null, notShown };
  });
}
