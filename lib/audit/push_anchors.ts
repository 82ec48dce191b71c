import type { Log } from "../log.ts";
import type { Control } from "../postgres/mod.ts";
import { markPushed, selectUnpushed } from "./anchor_store.ts";

const TIMEOUT_MS = 10_000;

/**
 * Hands signed anchors that were not taken yet to the operator's webhook: at least once, oldest first.
 * What is refused or lost goes out again at the next call. The receiver knows an anchor by tenant and
 * number, and may check its signature.
 */
export async function pushAnchors(
  { control, log, anchorWebhook }: {
    readonly control: Control;
    readonly log: Log;
    readonly anchorWebhook: URL | null;
  },
): Promise<void> {
  if (!anchorWebhook) return;
  while (true) {
    const anchors = await selectUnpushed(control);
    if (!anchors.length) return;
    const answer = await fetch(anchorWebhook, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        anchors: anchors.map(({ tenantId, seq, statement }) => ({
          tenant_id: tenantId,
          seq,
          statement,
        })),
      }),
      // The address is the operator's word; where it leads on to is not.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error) => {
      log.warn("audit.push_failed", { error });
      return null;
    });
    await answer?.body?.cancel();
    if (!answer) return;
    if (!answer.ok) return log.warn("audit.push_failed", { status: answer.status });
    await markPushed(control, anchors);
  }
}
