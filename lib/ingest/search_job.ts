import { z } from "zod";
import { enterAsSystem, openEndpoint } from "../endpoints/mod.ts";
import { type EndpointId, type IngestId, isId, type Slug, type TenantId } from "../ids.ts";
import { AppError } from "../errors.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import type { IngestRef } from "./ingest.ts";
import { indexForSearch, isIndexedLater, type LoadReport } from "./load/mod.ts";
import type { AfterLoad } from "./run.ts";

/** Name of the jobs that build full-text indexes of large tables, after their load is done. */
export const SEARCH_JOB = "search_index";

const id = z.string().refine(isId);

const job = z.object({
  tenantId: id.transform((text) => text as TenantId),
  endpointId: id.transform((text) => text as EndpointId),
  ingestId: id.transform((text) => text as IngestId),
  slug: z.string().transform((text) => text as Slug),
});

/** Queues the indexes that a load left out; without effect where it left none. */
export async function queueSearchIndex(
  services: Services,
  ref: IngestRef,
  slug: Slug,
  report: LoadReport,
): Promise<void> {
  if (!report.tables.some((table) => table.mode === "create" && isIndexedLater(table))) return;
  await services.jobs.enqueue(null, SEARCH_JOB, { ...ref, slug }, { key: ref.endpointId });
}

/** Builds an endpoint's missing full-text indexes and has the manifest rebuilt, so that they are used. */
export async function runSearchIndex(
  services: Services,
  payload: unknown,
  afterChange: AfterLoad,
  signal: AbortSignal,
): Promise<void> {
  const { slug, ...ref } = job.parse(payload);
  let scope: EndpointScope;
  try {
    scope = await enterAsSystem(services, { ...ref, slug }, "ingest", signal);
  } catch (error) {
    // The endpoint went while the job waited.
    if (error instanceof AppError && error.code === "ACCESS_DENIED") return;
    throw error;
  }
  const { sql: owner, release } = await openEndpoint(services, scope, "owner");
  try {
    await indexForSearch(owner, signal);
  } finally {
    release();
  }
  await afterChange(scope);
}
