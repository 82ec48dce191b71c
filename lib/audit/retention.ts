import type { Log } from "../log.ts";
import { type Control, sqlState } from "../postgres/mod.ts";
import { keepMonths } from "./chain_store.ts";

const LOCK_NOT_AVAILABLE = "55P03";

/**
 * Sees to it that the months to come have partitions, and drops those of which every entry is twelve
 * months old. What each tenant's chain was at the end of what is dropped goes to the log, as
 * `audit.dropped`: with it an export is known to begin where it should.
 */
export async function keepAudit(
  { control, log }: { readonly control: Control; readonly log: Log },
): Promise<void> {
  try {
    for (const { tenantId, seq, hash } of await keepMonths(control)) {
      log.info("audit.dropped", { tenantId, anchor: `${seq}:${hash}` });
    }
  } catch (error) {
    // The log is being read or written: the next sweep comes soon enough.
    if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
    log.info("audit.months_busy", {});
  }
}
