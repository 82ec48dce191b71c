import { openEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { IngestId } from "../ids.ts";
import { type EndpointScope, reachedIn } from "../principal.ts";
import type { Services } from "../services.ts";
import { type Reject, selectRejects } from "./endpoint_store.ts";
import type { IngestRef, IngestView } from "./ingest.ts";
import { ruledReject, ruledView, rulesFor } from "./ruled.ts";
import { selectIngests } from "./store.ts";

const LISTED = 100;

/** Names a load of the endpoint that was entered. */
export function refOf(scope: EndpointScope, ingestId: IngestId): IngestRef {
  return { tenantId: scope.tenantId, endpointId: scope.endpoint.id, ingestId };
}

/** The latest loads of an endpoint, newest first, a hundred at most unless `limit` says otherwise. */
export async function listIngests(
  services: Services,
  scope: EndpointScope,
  page: { readonly limit?: number; readonly after?: IngestId | null } = {},
): Promise<IngestView[]> {
  const { limit = LISTED, after = null } = page;
  const reached = reachedIn(scope);
  const views = await services.control.tenant(
    scope.tenantId,
    (tx) => selectIngests(tx, scope.endpoint.id, { limit, after, reached }),
  );
  const rules = await rulesFor(services, scope);
  return views.map((view) => ruledView(narrowed(view, reached), rules));
}

/** A load without the names of tables that are not reached. */
function narrowed(view: IngestView, reached: readonly string[] | null): IngestView {
  if (reached === null || !view.report) return view;
  const tables = view.report.tables.map((table) => ({
    ...table,
    foreignKeys: table.foreignKeys.filter((key) => reached.includes(key.references.table)),
  }));
  return { ...view, report: { ...view.report, tables } };
}

/**
 * One load of an endpoint.
 *
 * @throws AppError NOT_FOUND.
 */
export async function getIngest(
  services: Services,
  scope: EndpointScope,
  id: IngestId,
): Promise<IngestView> {
  const reached = reachedIn(scope);
  const [ingest] = await services.control.tenant(
    scope.tenantId,
    (tx) => selectIngests(tx, scope.endpoint.id, { limit: 1, after: null, only: id, reached }),
  );
  if (!ingest) throw new AppError("NOT_FOUND");
  return ruledView(narrowed(ingest, reached), await rulesFor(services, scope));
}

/** Where to go on in the reject report, as the page before told. */
export interface RejectsPage {
  readonly rejects: readonly Reject[];
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null;
}

const PLACE = /^(\d{1,18})\.(\d{1,18})$/;

/** A row that was set aside, without the name of a table that is not reached. */
function narrowedReject(reject: Reject, reached: readonly string[] | null): Reject {
  const other = /^no counterpart in (.+) \([^()]*\)$/.exec(reject.reason)?.[1];
  return reached === null || other === undefined || reached.includes(other)
    ? reject
    : { ...reject, reason: "no counterpart" };
}

/**
 * Rows that a load set aside, in the order of the file.
 *
 * @param page `limit` rows (1 to 1,000) after the place that the page before told.
 * @throws AppError NOT_FOUND; INVALID_CURSOR where `after` is no such place.
 */
export async function listRejects(
  services: Services,
  scope: EndpointScope,
  id: IngestId,
  page: { readonly limit?: number | undefined; readonly after?: string | undefined } = {},
): Promise<RejectsPage> {
  const limit = Math.min(Math.max(Math.trunc(page.limit ?? 100), 1), 1000);
  const place = PLACE.exec(page.after ?? "0.0");
  if (!place) throw new AppError("INVALID_CURSOR");
  await getIngest(services, scope, id);
  const rules = await rulesFor(services, scope);
  const { sql: owner, release } = await openEndpoint(services, scope, "owner");
  try {
    const found = await selectRejects(owner, id, { line: place[1]!, id: place[2]! }, limit + 1);
    const reached = reachedIn(scope);
    const rejects = found.slice(0, limit)
      .map((reject) => ruledReject(narrowedReject(reject, reached), rules));
    const last = rejects.at(-1);
    return { rejects, next: found.length > limit && last ? `${last.line}.${last.id}` : null };
  } finally {
    release();
  }
}
