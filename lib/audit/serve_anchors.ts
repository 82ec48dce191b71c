import { anchorAudit, type AnchorHouse } from "./anchor.ts";
import { thinAnchors } from "./anchor_store.ts";
import { pushAnchors } from "./push_anchors.ts";

// With heads due after 30 seconds, news is anchored within a minute.
const EVERY_MS = 15_000;
const THIN_EVERY = 240;

/** Anchors and pushes until stopped. */
export function serveAnchors(
  house: AnchorHouse & { readonly anchorWebhook: URL | null },
): { stop(): Promise<void> } {
  let round = 0;
  let running: Promise<void> | null = null;
  const work = async () => {
    try {
      await anchorAudit(house);
      await pushAnchors(house);
      if (round++ % THIN_EVERY === 0) await thinAnchors(house.control);
    } catch (error) {
      house.log.error("audit.anchor_failed", { error });
    }
  };
  const run = () => void (running ??= work().finally(() => running = null));
  run();
  const timer = setInterval(run, EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
