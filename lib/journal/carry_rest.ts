import type { BeforeDrop } from "../endpoints/mod.ts";
import { carryOver, ROUND_LIMIT } from "./carry.ts";
import { closeOutbox } from "./outbox_store.ts";
import { isRelayed } from "./relay_store.ts";

/**
 * Carries over all that waits in the journal of an endpoint whose database is about to be dropped. What
 * was acknowledged is told in the audit log; what comes later fails, and so is not acknowledged.
 */
export const carryRest: BeforeDrop = async ({ control }, endpoint, openOwner) => {
  const { id, tenantId } = endpoint;
  if (!await control.tenant(tenantId, (tx) => isRelayed(tx, id))) return;
  const lease = await openOwner();
  try {
    await closeOutbox(lease.sql);
    while (await carryOver(control, endpoint, lease.sql, { limit: ROUND_LIMIT, wait: true }));
  } finally {
    lease.release();
  }
};
