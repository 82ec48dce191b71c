import type { Log } from "../log.ts";
import type { Control } from "../postgres/mod.ts";
import { anchorHeads } from "./chain_store.ts";

/**
 * Keeps where each tenant's chain stands, at most once an hour: in a table of its own, and in the log,
 * which whoever can change the database may not reach.
 */
export async function anchorAudit(
  { control, log }: { readonly control: Control; readonly log: Log },
): Promise<void> {
  for (const { tenantId, seq, hash } of await anchorHeads(control)) {
    log.info("audit.anchored", { tenantId, anchor: `${seq}:${hash}` });
  }
}
