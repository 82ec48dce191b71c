import { AppError } from "../errors.ts";
import type { ChangeId, IngestId } from "../ids.ts";
import { changedBy } from "../journal/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { endLoad } from "./end.ts";
import { enqueueLoad } from "./enqueue.ts";
import { IMPORT_TOOL, type IngestRef, type IngestView } from "./ingest.ts";
import { refOf } from "./read.ts";
import { type Approval, queueWaiting } from "./approval_store.ts";
import { selectIngest } from "./store.ts";

/** An import and the change that it is have one id. */
const idOf = (change: ChangeId) => change as string as IngestId;

const GONE = "Its import was cancelled, or its file is gone. Reject it.";

async function queue(
  services: Services,
  ref: IngestRef,
  approval: Approval | null,
): Promise<void> {
  await services.control.tenant(ref.tenantId, async (tx) => {
    if (await queueWaiting(tx, ref, approval)) return await enqueueLoad(services, tx, ref);
    throw new AppError("CONFLICT", isUnderWay(await selectIngest(tx, ref)) ? UNDER_WAY : GONE);
  });
}

const UNDER_WAY = "It is being imported just now.";

const isUnderWay = (ingest: IngestView | null) =>
  ingest?.status === "queued" || ingest?.status === "running";

/**
 * Has an import that waits done: the very file whose preview was shown, by the job of imports. Asks for no
 * ability; who may decide is for whoever calls.
 *
 * @param version The preview that was seen.
 * @throws AppError CONFLICT where it does not wait.
 */
export function approveImport(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
  version: string | null,
): Promise<void> {
  const by = changedBy(scope, IMPORT_TOOL);
  return queue(services, refOf(scope, idOf(change)), { by, version });
}

/** Has the preview of an import that waits made anew. @throws AppError CONFLICT where it does not wait. */
export function refreshImport(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
): Promise<void> {
  return queue(services, refOf(scope, idOf(change)), null);
}

/**
 * Ends an import that waits, and removes its file. Without effect where it is over already.
 *
 * @throws AppError CONFLICT where it is being done.
 */
export async function rejectImport(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
): Promise<void> {
  const ref = refOf(scope, idOf(change));
  if (await endLoad(services, ref, "waiting", { status: "rejected" })) return;
  const now = await services.control.tenant(ref.tenantId, (tx) => selectIngest(tx, ref));
  if (isUnderWay(now)) throw new AppError("CONFLICT", UNDER_WAY);
}

/** Whether an import that waits for a person was approved, and is on its way. */
export async function isImporting(
  services: Services,
  scope: EndpointScope,
  change: ChangeId,
): Promise<boolean> {
  const ref = refOf(scope, idOf(change));
  return isUnderWay(await services.control.tenant(ref.tenantId, (tx) => selectIngest(tx, ref)));
}
