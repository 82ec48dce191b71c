import { AppError } from "../errors.ts";
import type { AnyId } from "../ids.ts";
import { type RequestScope, requireAbility } from "../principal.ts";
import type { Control } from "../postgres/mod.ts";
import { storedReaches } from "../table_reach.ts";
import {
  type ActivityChoices,
  type ActivityEntry,
  type ActivityFilter,
  type ActivityPage,
  selectActivity,
  selectChoices,
} from "./activity_store.ts";
import { selectAnchors, type StoredAnchor } from "./anchor_store.ts";
import type { Anchor } from "./chain.ts";
import { selectHead } from "./chain_store.ts";
import { actorOf, recordEvent } from "./events.ts";
import { exportAudit, type ExportFormat } from "./export.ts";

export type {
  ActivityChoices,
  ActivityEntry,
  ActivityFilter,
  ActivityPage,
} from "./activity_store.ts";

interface House {
  readonly control: Control;
}

/**
 * What happened, newest first, and the id behind which it goes on. A credential that covers some
 * endpoints is shown what concerns those alone.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `activity:read`.
 */
export async function listActivity(
  { control }: House,
  { principal, tenantId }: RequestScope,
  filter: ActivityFilter,
  page: ActivityPage,
): Promise<{ entries: ActivityEntry[]; next: AnyId | null }> {
  requireAbility(principal, "activity:read");
  const covered = principal.endpoints === "all" ? null : {
    endpoints: [...principal.endpoints],
    tables: storedReaches(principal.tables),
    own: principal.tokenId,
  };
  const entries = await control.tenant(
    tenantId,
    (tx) => selectActivity(tx, filter, covered, { ...page, limit: page.limit + 1 }),
  );
  const more = entries.length > page.limit;
  if (more) entries.pop();
  return { entries, next: more ? entries.at(-1)!.id : null };
}

/**
 * Who and what a person can filter by.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `activity:read`.
 */
export function activityChoices({ control }: House, scope: RequestScope): Promise<ActivityChoices> {
  requireAbility(scope.principal, "activity:read");
  return control.tenant(scope.tenantId, selectChoices);
}

/** Where the tenant's chain stands; null before its first entry. */
export function activityHead({ control }: House, scope: RequestScope): Promise<Anchor | null> {
  requireAbility(scope.principal, "activity:read");
  return control.tenant(scope.tenantId, selectHead);
}

/**
 * The tenant's signed anchors, newest first, and the number below which the list goes on.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `activity:read`; ACCESS_DENIED for a credential that does
 * not cover every endpoint.
 */
export async function listAnchors(
  { control }: House,
  { principal, tenantId }: RequestScope,
  page: { before: string | null; limit: number },
): Promise<{ anchors: StoredAnchor[]; next: string | null }> {
  requireAbility(principal, "activity:read");
  if (principal.endpoints !== "all") throw new AppError("ACCESS_DENIED");
  const anchors = await control.tenant(
    tenantId,
    (tx) => selectAnchors(tx, { ...page, limit: page.limit + 1 }),
  );
  const more = anchors.length > page.limit;
  if (more) anchors.pop();
  return { anchors, next: more ? anchors.at(-1)!.seq : null };
}

/**
 * The tenant's whole log as a stream, oldest first; that it was exported is its last entry.
 *
 * @throws AppError INSUFFICIENT_SCOPE without `activity:read`; ACCESS_DENIED for a credential that does
 * not cover every endpoint.
 */
export async function exportActivity(
  { control }: House,
  scope: RequestScope,
  format: ExportFormat,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { principal, tenantId } = scope;
  requireAbility(principal, "activity:read");
  if (principal.endpoints !== "all") throw new AppError("ACCESS_DENIED");
  await control.tenant(tenantId, (tx) =>
    recordEvent(tx, {
      tenantId,
      action: "activity.exported",
      actor: actorOf(scope),
      detail: { format },
    }));
  return exportAudit(control, tenantId, format);
}
