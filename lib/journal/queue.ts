import {
  actorOf,
  type AuditAction,
  type AuditActor,
  recordEvents,
  SYSTEM_ACTOR,
} from "../audit/mod.ts";
import { openEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { ChangeId } from "../ids.ts";
import { fromPostgres, type Sql, type Tx } from "../postgres/mod.ts";
import { type EndpointScope, requireAbility } from "../principal.ts";
import type { Services } from "../services.ts";
import { withJournal } from "./changes.ts";
import {
  type ChangeCounts,
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

/** Changes of an endpoint that wait at one time at most. */
export const MAX_QUEUED = 1_000;

/** Those of one actor. */
export const MAX_OWN_QUEUED = 200;

// What the arguments of all take, which no count bounds.
const MAX_QUEUED_BYTES = 64_000_000;

/** Runs a transaction of ours in an endpoint's database. */
export async function asKeeper<T>(
  services: Services,
  scope: EndpointScope,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const lease = await openEndpoint(services, scope, "keeper");
  try {
    return await lease.sql.begin((tx) => work(tx as unknown as Tx)) as T;
  } finally {
    lease.release();
  }
}

/** What the activity log keeps of a change that was queued or decided on. */
export interface ReviewEvent {
  readonly action: Extract<AuditAction, `change.${string}`>;
  readonly change: { readonly id: ChangeId; readonly tool: string; readonly table: string };
  readonly counts: ChangeCounts;
}

/**
 * Tells the activity log what was queued or decided, after that is so: two databases have no common
 * transaction. A crash in between loses this entry, and neither the decision, which stands with who made
 * it in the endpoint's own database, nor the entries of the rows, which the relay carries over. It is no
 * fault of the decision when this fails.
 */
export async function tellReview(
  services: Services,
  scope: EndpointScope,
  events: readonly ReviewEvent[],
  actor: AuditActor = actorOf(scope),
): Promise<void> {
  const { id, tenantId } = scope.endpoint;
  if (!events.length) return;
  try {
    await services.control.tenant(tenantId, (tx) =>
      recordEvents(
        tx,
        events.map(({ action, change, counts }) => ({
          tenantId,
          action,
          actor,
          endpointId: id,
          subject: change.table,
          detail: { change: change.id, tool: change.tool, table: change.table, ...counts },
        })),
      ));
  } catch (error) {
    const changes = events.map(({ change }) => change.id);
    services.log.error("review.untold", { endpoint: id, changes, error });
  }
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
  });
  await tellReview(services, scope, [{ action: "change.queued", change, counts }]);
}

/** Rejects what nobody decided on in time, whenever somebody looks. */
async function expire(services: Services, scope: EndpointScope, sql: Sql): Promise<void> {
  if (!await hasExpired(sql)) return;
  await tellRejected(services, scope, await asKeeper(services, scope, markExpired), SYSTEM_ACTOR);
}

const tellRejected = (
  services: Services,
  scope: EndpointScope,
  rejected: readonly RejectedChange[],
  actor?: AuditActor,
) =>
  tellReview(
    services,
    scope,
    rejected.map(({ counts, ...change }) => ({ action: "change.rejected", change, counts })),
    actor,
  );

/** Changes that wait, the oldest first, or that were decided on. Asks for no ability. */
export function readQueue(
  services: Services,
  scope: EndpointScope,
  page: QueuePage,
): Promise<{ changes: ReviewedChange[]; next: ChangeId | null }> {
  return withJournal(services, scope, async (sql) => {
    await expire(services, scope, sql);
    const changes = await selectReviewed(sql, { ...page, limit: page.limit + 1 });
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
): Promise<ReviewedChange | null> {
  return withJournal(services, scope, async (sql) => {
    await expire(services, scope, sql);
    return await selectReviewedChange(sql, change);
  });
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
  const rejected = await withJournal(services, scope, async (sql) => {
    const done = await asKeeper(
      services,
      scope,
      (tx) => markRejected(tx, change, decidedBy(scope), note),
    ).catch((error) => {
      throw fromPostgres(error);
    });
    if (!done) throw notWaiting((await selectReviewedChange(sql, change))?.state);
    return done;
  });
  await tellRejected(services, scope, [rejected]);
}
