import { keepAudit, serveAnchors } from "../audit/mod.ts";
import { sweepExpired } from "../auth/mod.ts";
import { sweepEndpoints, upgradeEndpoints } from "../endpoints/mod.ts";
import { serveIngests } from "../ingest/mod.ts";
import { carryRest, mailReviewers, serveRelay } from "../journal/mod.ts";
import { sweepOAuth } from "../oauth/mod.ts";
import type { Services } from "../services.ts";
import { rebuildManifest } from "../tools/mod.ts";

const SWEEP_EVERY_MS = 60_000;

/**
 * Takes up the work of this process: loads, carrying journals over to the audit log, and clearing up what killed processes left and what has
 * expired. `stop()` ends it.
 */
export async function serveJobs(services: Services): Promise<{ stop(): Promise<void> }> {
  const sweep = async () => {
    try {
      await sweepEndpoints(services, carryRest);
      await upgradeEndpoints(services);
      await sweepExpired(services);
      await sweepOAuth(services);
      await mailReviewers(services);
      await keepAudit(services);
    } catch (error) {
      services.log.error("sweep.failed", { error });
    }
  };
  // Before the sweep, which may take a while: others may be writing already.
  const relay = serveRelay(services);
  const anchors = serveAnchors(services);
  await sweep();
  let sweeping: Promise<void> | null = null;
  const timer = setInterval(() => {
    sweeping ??= sweep().finally(() => sweeping = null);
  }, SWEEP_EVERY_MS);
  const ingests = await serveIngests(
    services,
    (scope) => rebuildManifest(services, scope, "data loaded").then(() => {}),
  );
  return {
    async stop() {
      clearInterval(timer);
      await sweeping;
      await relay.stop();
      await anchors.stop();
      await ingests.stop();
    },
  };
}
