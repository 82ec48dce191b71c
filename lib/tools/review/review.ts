import { AppError } from "../../errors.ts";
import type { ChangeId, GrantId, TokenId } from "../../ids.ts";
import { IMPORT_TOOL, isImporting } from "../../ingest/mod.ts";
import {
  actorKey,
  type ChangeCounts,
  type ChangedBy,
  type DecidedBy,
  type Image,
  type QueuePage,
  readQueue,
  readQueued,
  rememberShown,
  type ReviewedChange,
  type RowOp,
} from "../../journal/mod.ts";
import { type EndpointScope, requireAbility } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { loadManifest } from "../manifest/load.ts";
import { cutValue } from "../writes/mod.ts";
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
  /** Whether every value is there to its end. */
  readonly whole: boolean;
  /** Whether it would hold what it holds already. */
  readonly same: boolean;
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
  /** Rows that a change which waits would touch; 0 of one that is decided. */
  readonly count: number;
  /** Those of the window that was asked for, as far as they may be shown. */
  readonly rows: readonly ReviewRow[];
  /** Rows outside of the window, and rows in it that the field rules hide. */
  readonly beyond: number;
  readonly notShown: number;
  /** Where the window begins: after so many rows. */
  readonly after: number;
  /** Where the next begins; null where no more rows are kept. */
  readonly next: number | null;
  /** Rows that whoever asks has not been shown so far; null where that was not asked. */
  readonly unseen: number | null;
  /** Names what is shown of a change that waits: to approve that, and nothing else. */
  readonly version: string | null;
  /** Why it would not be applied as it stands; null where nothing is known to speak against it. */
  readonly conflict: string | null;
  /** Of an import: the file; null of every other change. */
  readonly file: ReviewedChange["file"];
  /** Whether it is an import that was approved and is being done. */
  readonly importing: boolean;
  /** Whether the token or the connection that asked acts no more. */
  readonly ended: boolean;
  readonly decidedAt: Date | null;
  readonly decidedBy: DecidedBy | null;
  /** Why it was rejected, if somebody said so. */
  readonly note: string | null;
}

/** Which rows of a change are read, and whether they count as shown to whoever asks. */
export interface ReviewWindow {
  /** After how many rows it begins. */
  readonly after?: number;
  readonly rows: number;
  /** How many of them are shown, so that they need not be looked at again; null: none is shown. */
  readonly shown: number | null;
}

// Rows of a page and of a list, in characters: a page has one row at least, however large.
const PAGE_SIZE = 1_000_000;
const LIST_SIZE = 60_000;

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
  const imports = change.tool === IMPORT_TOOL;
  const manifest = await loadManifest(services, scope);
  // An import is judged by its counts, when it is done.
  const moved = imports ? [] : waits ? await movedRows(services, scope, manifest, change) : [];
  return {
    ...view,
    unseen: null,
    rows: rows.map(({ op, key, before, after, whole, same }, i) => ({
      whole,
      same,
      op,
      key,
      before,
      after,
      moved: moved?.[i] ?? null,
    })),
    conflict: waits ? conflictOf(change, moved) : null,
    importing: waits && imports && await isImporting(services, scope, change.id),
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

/** Remembers what is shown of changes that wait, and says how much of each is left to be looked at. */
async function withUnseen(
  services: Services,
  scope: EndpointScope,
  changes: readonly ReviewedChange[],
  views: readonly ReviewView[],
  shown: number | null,
): Promise<ReviewView[]> {
  if (shown === null) return [...views];
  const waiting = changes.filter(({ state }) => state === "queued");
  const seen = waiting.length
    ? await rememberShown(
      services,
      scope,
      waiting.map(({ id, version, rows, after }) => ({
        change: id,
        version: version!,
        places: rows.filter(({ place, whole }) => whole && place <= after + shown)
          .map(({ place }) => place),
      })),
    )
    : new Map<ChangeId, number>();
  return views.map((view) => ({
    ...view,
    unseen: Math.max(0, view.count - (seen.get(view.id) ?? 0)),
  }));
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
  { rows, shown }: ReviewWindow,
): Promise<{ changes: ReviewView[]; next: ChangeId | null }> {
  requireAbility(scope.principal, "api:changes:read");
  const window = { after: 0, limit: rows, size: LIST_SIZE, atLeastOne: false };
  const { changes, next } = await readQueue(services, scope, page, window);
  const views = await viewsOf(services, scope, changes);
  return { changes: await withUnseen(services, scope, changes, views, shown), next };
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
  { after = 0, rows, shown }: ReviewWindow,
): Promise<ReviewView> {
  requireAbility(scope.principal, "api:changes:read");
  const window = { after, limit: rows, size: PAGE_SIZE, atLeastOne: true };
  const found = await readQueued(services, scope, change, window);
  if (!found) throw new AppError("NOT_FOUND", "There is no such change here.");
  const views = await viewsOf(services, scope, [found]);
  return (await withUnseen(services, scope, [found], views, shown))[0]!;
}

// Rows that an agent is told of its own change.
const OWN_ROWS = 50;

const cutImage = (image: Image | null) =>
  image &&
  Object.fromEntries(Object.entries(image).map(([name, value]) => [name, cutValue(value)]));

/**
 * A change that the caller itself asked for and that was queued or had a key; null where there is none.
 * Asks for no ability. Long values are cut, as in every answer to an agent.
 */
export async function readOwnReview(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
): Promise<ReviewView | null> {
  const window = { after: 0, limit: OWN_ROWS, size: PAGE_SIZE, atLeastOne: true };
  const found = await readQueued(services, scope, change, window);
  if (found?.actor !== actorKey(scope.principal)) return null;
  const [view] = await viewsOf(services, scope, [found]);
  return {
    ...view!,
    rows: view!.rows.map((row) => ({
      ...row,
      before: cutImage(row.before),
      after: cutImage(row.after),
    })),
  };
}
