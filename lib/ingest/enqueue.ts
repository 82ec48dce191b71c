import type { Tx } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import type { IngestRef } from "./ingest.ts";

/** Name of the jobs that load files. */
export const INGEST_JOB = "ingest";

/** Queues the job of a load, with the transaction. Where one waits already, that one does. */
export function enqueueLoad(services: Services, tx: Tx, ref: IngestRef): Promise<void> {
  const { tenantId, endpointId, ingestId } = ref;
  return services.jobs.enqueue(tx, INGEST_JOB, { tenantId, endpointId, ingestId }, {
    key: ingestId,
  });
}
