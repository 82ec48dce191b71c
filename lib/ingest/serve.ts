import { z } from "zod";
import { isId } from "../ids.ts";
import type { EndpointId, IngestId, TenantId } from "../ids.ts";
import type { Services } from "../services.ts";
import { INGEST_JOB } from "./enqueue.ts";
import { type AfterLoad, runIngest } from "./run.ts";
import { runSearchIndex, SEARCH_JOB } from "./search_job.ts";
import { sweepIngests } from "./sweep.ts";

const SWEEP_EVERY_MS = 10_000;

const id = z.string().refine(isId);

const job = z.object({
  tenantId: id.transform((text) => text as TenantId),
  endpointId: id.transform((text) => text as EndpointId),
  ingestId: id.transform((text) => text as IngestId),
});

/**
 * Lets this process load files: takes up what was left behind, now and every few seconds, and does
 * `concurrency` loads at once. `stop()` ends the sweeping; `services.jobs.close()` ends the loads.
 */
export async function serveIngests(
  services: Services,
  afterLoad: AfterLoad,
  options: { readonly concurrency: number } = { concurrency: 2 },
): Promise<{ stop(): Promise<void> }> {
  await services.jobs.work(
    INGEST_JOB,
    (payload, signal) => runIngest(services, job.parse(payload), afterLoad, signal),
    options,
  );
  await services.jobs.work(
    SEARCH_JOB,
    (payload, signal) => runSearchIndex(services, payload, afterLoad, signal),
    { concurrency: 1 },
  );
  let sweeping: Promise<unknown> | null = null;
  const sweep = () => {
    sweeping ??= sweepIngests(services)
      .catch((error) => services.log.error("ingest.sweep_failed", { error }))
      .finally(() => sweeping = null);
  };
  sweep();
  const timer = setInterval(sweep, SWEEP_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };
}
