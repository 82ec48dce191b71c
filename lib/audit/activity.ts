import { AppError } from "../errors.ts";
import type { AnyId } from "../ids.ts";
import { type RequestScope, requireAbility } from "../principal.ts";
import type { Control } from "../postgres/mod.ts";
import {
  type ActivityEntry,
  type ActivityFilter,
  selectActivity,
  selectHead,
} from "./activity_store.ts";
import type { Anchor } from "./chain.ts";
import { actorOf, recordEvent } from "./events.ts";
import { exportAudit, type ExportFormat } from "./export.ts";

export type { ActivityEntry, ActivityFilter } from "./activity_store.ts";

interface House {
  readonly control: Control;
}

/**
 * What happened, newest first. A credential that covers some endpoints is shown what concerns those
 * alone.
 *
 * @param page Entries behind the one whose id is `after`; at most `limit`.
 * @throws AppError INSUFFICIENT_SCOPE without `activity:read`.
 */
export async function listActivity(
  { control }: House,
  { principal, tenantId }: RequestScope,
  filter: ActivityFilter,
  page: { readonly after: AnyId | null; readonly limit: number },
): Promise<{ entries: ActivityEntry[]; next: AnyId | null }> {
  requireAbility(principal, "activity:read");
  const covered = principal.endpoints === "all" ? null : [...principal.endpoints];
  const entries = await control.tenant(
    tenantId,
    (tx) => selectActivity(tx, filter, covered, page.after, page.limit + 1),
  );
  const more = entries.length > page.limit;
  if (more) entries.pop();
  return { entries, next: more ? entries.at(-1)!.id : null };
}

/** Where the tenant's chain stands; null before its first entry. */
export function activityHead({ control }: House, scope: RequestScope): Promise<Anchor | null> {
  requireAbility(scope.principal, "activity:read");
  return control.tenant(scope.tenantId, selectHead);
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
