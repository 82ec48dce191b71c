import { withEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { ChangeId } from "../ids.ts";
import { fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";
import { type EndpointScope, reachedIn, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import { withJournal } from "./changes.ts";
import { actorKey, changedBy } from "./context.ts";
import { insertNotice, type Notice } from "./outbox_store.ts";
import {
  countQueued,
  type DecidedBy,
  hasExpired,
  insertQueued,
  lockQueue,
  markExpired,
  markRejected,
  type QueuedChange,
  type QueuePage,
  type RejectedChange,
  type ReviewedChange,
  selectQueueSize,
  selectReviewed,
  selectReviewedChange,
} from "./queue_store.ts";
import { type ChangeCounts, NO_ROWS, type RowWindow } from "./preview_store.ts";
import { mergeViews, type ShownRows } from "./views_store.ts";

/** Changes of an endpoint that wait at one time at most. */
export const MAX_QUEUED = 1_000;

/** Those of one actor. */
export const MAX_OWN_QUEUED = 200;

// What the arguments and rows of all take, which no count bounds.
const MAX_QUEUED_BYTES = 128_000_000;

/** Runs a transaction of ours in an endpoint's database. */
export function asKeeper<T>(
  services: Services,
  scope: EndpointScope,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  return withEndpoint(services, scope, "keeper", (sql) => sql.begin(work));
}

/** What the activity log keeps of a change that was queued or decided on. */
export interface ReviewEvent {
  readonly action: Notice["action"];
  readonly change: { readonly id: ChangeId; readonly tool: string; readonly table: string };
  readonly counts: ChangeCounts;
}

/** Lets the activity log be told what is queued or decided, in the transaction in which that is so. */
export function noteReview(
  tx: Tx,
  { action, change, counts }: ReviewEvent,
  by: Readonly<Record<string, string | null>>,
): Promise<void> {
  const { id, tool, table } = change;
  const detail = { change: id, tool, table, ...counts };
  return insertNotice(tx, { action, subject: table, detail }, by);
}

/**
 * Keeps a change for a person to decide on.
 *
 * @throws AppError CONFLICT where too many wait.
 */
export async function queueChange(
  services: Services,
  scope: EndpointScope,
  change: QueuedChange,
  counts: ChangeCounts,
): Promise<void> {
  await asKeeper(services, scope, async (tx) => {
    await lockQueue(tx);
    const { all, own, bytes } = await selectQueueSize(tx, change.actor);
    if (own >= MAX_OWN_QUEUED || all >= MAX_QUEUED || bytes >= MAX_QUEUED_BYTES) {
      const whose = own >= MAX_OWN_QUEUED ? `${own} of your changes` : `${all} changes`;
      throw new AppError(
        "CONFLICT",
        `${whose} wait for a person already, and no more can. Nothing was queued: ask the endpoint's ` +
          "owner to decide on those first.",
      );
    }
    await insertQueued(tx, change);
    await noteReview(tx, { action: "change.queued", change, counts }, change.context);
  });
}

const NOBODY = { kind: "system" } as const;

/** Rejects what nobody decided on in time, whenever somebody looks. */
async function expire(services: Services, scope: EndpointScope, sql: Sql): Promise<void> {
  if (!await hasExpired(sql)) return;
  await services.relays.want(scope.endpoint);
  await asKeeper(services, scope, async (tx) => {
    for (const rejected of await markExpired(tx)) await noteRejected(tx, rejected, NOBODY);
  });
  services.relays.wake(scope.endpoint.id);
}

const noteRejected = (
  tx: Tx,
  { counts, ...change }: RejectedChange,
  by: Readonly<Record<string, string | null>>,
) => noteReview(tx, { action: "change.rejected", change, counts }, by);

/** Changes that wait, the oldest first, or that were decided on. Asks for no ability. */
export function readQueue(
  services: Services,
  scope: EndpointScope,
  page: QueuePage,
  window: RowWindow,
): Promise<{ changes: ReviewedChange[]; next: ChangeId | null }> {
  return withJournal(services, scope, async (sql) => {
    await expire(services, scope, sql);
    const changes = await selectReviewed(
      sql,
      { ...page, limit: page.limit + 1 },
      window,
      reachedIn(scope),
    );
    const more = changes.length > page.limit;
    if (more) changes.pop();
    return { changes, next: more ? changes.at(-1)!.id : null };
  });
}

/** A change that was queued or asked under a key; null where there is none. Asks for no ability. */
export function readQueued(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
  window: RowWindow,
): Promise<ReviewedChange | null> {
  return withJournal(services, scope, async (sql) => {
    await expire(services, scope, sql);
    const found = await selectReviewedChange(sql, change, window);
    const reached = reachedIn(scope);
    return found && (reached?.includes(found.table) ?? true) ? found : null;
  });
}

/**
 * Remembers which rows the caller was shown, so that they can approve a change without saying that they
 * have not looked; answers how many rows of each change they have been shown in all.
 */
export function rememberShown(
  services: Services,
  scope: EndpointScope,
  shown: readonly ShownRows[],
): Promise<ReadonlyMap<ChangeId, number>> {
  return asKeeper(services, scope, (tx) => mergeViews(tx, actorKey(scope.principal), shown));
}

/** How many changes of an endpoint wait for a person. */
export function countWaiting(services: Services, scope: EndpointScope): Promise<number> {
  requireAbility(scope.principal, "api:changes:read");
  return withJournal(services, scope, countQueued);
}

/** Who decides, as the endpoint's database keeps it. */
export function decidedBy({ principal }: EndpointScope): DecidedBy {
  const { kind, userId, tokenId, label } = principal;
  return { kind, user: userId, token: tokenId, label };
}

/** The fault of deciding on a change that is decided, or not there. */
export function notWaiting(state: ReviewedChange["state"] | undefined): AppError {
  return state === undefined || state === "queued"
    ? new AppError("NOT_FOUND", "There is no such change here.")
    : new AppError("CONFLICT", `This change was decided on already: it is ${state}.`);
}

/**
 * Rejects a change that waits: it is never done. Asks for no ability.
 *
 * @param note Why, for who asked.
 * @throws AppError NOT_FOUND; CONFLICT where it is decided on already.
 */
export async function rejectQueued(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
  note: string | null,
): Promise<void> {
  await services.relays.want(scope.endpoint);
  await withJournal(services, scope, async (sql) => {
    const done = await asKeeper(services, scope, async (tx) => {
      const rejected = await markRejected(tx, change, decidedBy(scope), note);
      if (rejected) await noteRejected(tx, rejected, changedBy(scope, rejected.tool));
      return rejected;
    }).catch((error) => {
      throw fromPostgres(error);
    });
    if (!done) throw notWaiting((await selectReviewedChange(sql, change, NO_ROWS))?.state);
  });
  services.relays.wake(scope.endpoint.id);
}
