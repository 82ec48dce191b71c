import type { Tx } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import type { IngestRef } from "./ingest.ts";

/**
 * Reports again and again while work on a load goes on, one report at a time. A report that fails is
 * logged; the next one may go through.
 */
export function watch(
  services: Services,
  ref: IngestRef,
  everyMs: number,
  report: (tx: Tx) => Promise<void>,
): { stop(): Promise<void> } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;

  async function once(): Promise<void> {
    try {
      await services.control.tenant(ref.tenantId, report);
    } catch (error) {
      services.log.warn("ingest.report_failed", { ingest: ref.ingestId, error });
    }
    if (!stopped) schedule();
  }

  function schedule(): void {
    timer = setTimeout(() => running = once(), everyMs);
  }

  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
