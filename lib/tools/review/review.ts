import { AppError } from "../../errors.ts";
import type { ChangeId, GrantId, TokenId } from "../../ids.ts";
import {
  actorKey,
  type ChangeCounts,
  type ChangedBy,
  type DecidedBy,
  type Image,
  type QueuePage,
  readQueue,
  readQueued,
  type ReviewedChange,
  type RowOp,
} from "../../journal/mod.ts";
import { type EndpointScope, requireAbility } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { loadManifest } from "../manifest/load.ts";
import { selectEnded } from "./deciders_store.ts";
import { type Moved, movedRows } from "./stale.ts";

/** One row that a change would touch, as far as it may be shown now. */
export interface ReviewRow {
  readonly op: RowOp;
  readonly key: Image;
  readonly before: Image | null;
  readonly after: Image | null;
  /** How the row has moved on since; null where it has not. */
  readonly moved: Moved | null;
}

/** A change that waits for a person, or that was decided on. */
export interface ReviewView {
  readonly id: ChangeId;
  readonly at: Date;
  readonly state: "queued" | "applied" | "rejected";
  readonly tool: string;
  readonly table: string;
  readonly by: ChangedBy;
  readonly counts: ChangeCounts;
  /** Of a change that waits: the first rows that it would touch. */
  readonly rows: readonly ReviewRow[];
  /** Rows beyond the first that are not looked at one by one, and rows that the field rules hide. */
  readonly beyond: number;
  readonly notShown: number;
  /** Names what is shown of a change that waits: to approve that, and nothing else. */
  readonly version: string | null;
  /** Why it would not be applied as it stands; null where nothing is known to speak against it. */
  readonly conflict: string | null;
  /** Whether the token or the connection that asked acts no more. */
  readonly ended: boolean;
  readonly decidedAt: Date | null;
  readonly decidedBy: DecidedBy | null;
  /** Why it was rejected, if somebody said so. */
  readonly note: string | null;
}

const MOVED_TEXT: Readonly<Record<Moved, string>> = {
  changed: "has been changed since",
  gone: "is gone",
  taken: "would be added, but there is one with its key now",
};

function conflictOf(change: ReviewedChange, moved: readonly (Moved | null)[] | null) {
  if (moved === null) return "The table, or what agents may do there, has changed since.";
  const kinds = [...new Set(moved.filter((one) => one !== null))];
  if (!kinds.length) return change.note;
  const parts = kinds.map((kind) => {
    const count = moved.filter((one) => one === kind).length;
    return `${count === 1 ? "A row" : `Each of ${count} rows`} ${MOVED_TEXT[kind]}.`;
  });
  return parts.join(" ");
}

async function viewOf(
  services: Services,
  scope: EndpointScope,
  change: ReviewedChange,
  ended: ReadonlySet<string>,
): Promise<ReviewView> {
  const { actor: _, rows, ...view } = change;
  const waits = change.state === "queued";
  const manifest = await loadManifest(services, scope);
  const moved = waits ? await movedRows(services, scope, manifest, change) : [];
  return {
    ...view,
    rows: rows.map(({ op, key, before, after }, i) => ({
      op,
      key,
      before,
      after,
      moved: moved?.[i] ?? null,
    })),
    conflict: waits ? conflictOf(change, moved) : null,
    ended: ended.has(change.by.grant ?? change.by.token ?? ""),
    note: waits ? null : change.note,
  };
}

async function viewsOf(
  services: Services,
  scope: EndpointScope,
  changes: readonly ReviewedChange[],
): Promise<ReviewView[]> {
  const waiting = changes.filter(({ state }) => state === "queued").map(({ by }) => by);
  const named = <Id>(ids: (string | null)[]) =>
    [...new Set(ids.filter((id) => id !== null))] as Id[];
  const grants = named<GrantId>(waiting.map(({ grant }) => grant));
  // An app's tokens come and go by the hour.
  const tokens = named<TokenId>(waiting.map(({ grant, token }) => grant ? null : token));
  const ended = tokens.length + grants.length
    ? await services.control.tenant(scope.tenantId, (tx) => selectEnded(tx, tokens, grants))
    : new Set<string>();
  const views: ReviewView[] = [];
  for (const change of changes) views.push(await viewOf(services, scope, change, ended));
  return views;
}

/**
 * Changes that wait for a person, the oldest first, or that were decided on; each as it may be shown now,
 * and with what has moved on since.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `api:changes:read`.
 */
export async function listReview(
  services: Services,
  scope: EndpointScope,
  page: QueuePage,
): Promise<{ changes: ReviewView[]; next: ChangeId | null }> {
  requireAbility(scope.principal, "api:changes:read");
  const { changes, next } = await readQueue(services, scope, page);
  return { changes: await viewsOf(services, scope, changes), next };
}

/**
 * One change that waits, or that was decided on.
 *
 * @throws AppError NOT_FOUND; INSUFFICIENT_SCOPE without `api:changes:read`.
 */
export async function readReview(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
): Promise<ReviewView> {
  requireAbility(scope.principal, "api:changes:read");
  const found = await readQueued(services, scope, change);
  if (!found) throw new AppError("NOT_FOUND", "There is no such change here.");
  return (await viewsOf(services, scope, [found]))[0]!;
}

/**
 * A change that the caller itself asked for and that was queued or had a key; null where there is none.
 * Asks for no ability.
 */
export async function readOwnReview(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
): Promise<ReviewView | null> {
  const found = await readQueued(services, scope, change);
  if (found?.actor !== actorKey(scope.principal)) return null;
  return (await viewsOf(services, scope, [found]))[0]!;
}
