import { openEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { IngestId } from "../ids.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { type Reject, selectRejects } from "./endpoint_store.ts";
import type { IngestRef, IngestView } from "./ingest.ts";
import { selectIngest, selectIngests } from "./store.ts";

const LISTED = 100;

/** Names a load of the endpoint that was entered. */
export function refOf(scope: EndpointScope, ingestId: IngestId): IngestRef {
  return { tenantId: scope.tenantId, endpointId: scope.endpoint.id, ingestId };
}

/** The latest loads of an endpoint, newest first, a hundred at most unless `limit` says otherwise. */
export function listIngests(
  services: Services,
  scope: EndpointScope,
  page: { readonly limit?: number; readonly after?: IngestId | null } = {},
): Promise<IngestView[]> {
  const { limit = LISTED, after = null } = page;
  return services.control.tenant(
    scope.tenantId,
    (tx) => selectIngests(tx, scope.endpoint.id, { limit, after }),
  );
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
  const ingest = await services.control.tenant(
    scope.tenantId,
    (tx) => selectIngest(tx, refOf(scope, id)),
  );
  if (!ingest) throw new AppError("NOT_FOUND");
  return ingest;
}

/** Where to go on in the reject report, as the page before told. */
export interface RejectsPage {
  readonly rejects: readonly Reject[];
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null;
}

const PLACE = /^(\d{1,18})\.(\d{1,18})$/;

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
  const { sql: owner, release } = await openEndpoint(services, scope, "owner");
  try {
    const found = await selectRejects(owner, id, { line: place[1]!, id: place[2]! }, limit + 1);
    const rejects = found.slice(0, limit);
    const last = rejects.at(-1);
    return { rejects, next: found.length > limit && last ? `${last.line}.${last.id}` : null };
  } finally {
    release();
  }
}
