import { actorOf } from "../audit/mod.ts";
import { AppError } from "../errors.ts";
import type { ChangeId, IngestId } from "../ids.ts";
import { rejectQueued } from "../journal/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { endLoad } from "./end.ts";
import type { IngestView } from "./ingest.ts";
import { getIngest, refOf } from "./read.ts";
import { lockIngest, requestCancel } from "./store.ts";

/**
 * Cancels a load. One that waits is over at once; one that is worked on is over as soon as its process
 * hears of it, within a second or two, unless it is done before.
 *
 * @throws AppError NOT_FOUND; CONFLICT where it is over.
 */
export async function cancelIngest(
  services: Services,
  scope: EndpointScope,
  id: IngestId,
): Promise<IngestView> {
  const ref = refOf(scope, id);
  // Also whether it is one that the credential may know of.
  await getIngest(services, scope, id);
  const before = await services.control.tenant(scope.tenantId, async (tx) => {
    const ingest = await lockIngest(tx, ref);
    if (!ingest) throw new AppError("NOT_FOUND");
    if (ingest.finishedAt) throw new AppError("CONFLICT", `The load is over: ${ingest.status}.`);
    await requestCancel(tx, id, actorOf(scope));
    return ingest;
  });
  if (before.status === "queued") {
    // Where a worker took it meanwhile, that one hears of the request.
    await endLoad(services, ref, "queued", { status: "cancelled" });
  }
  if (before.status === "waiting") {
    await endLoad(services, ref, "waiting", { status: "cancelled" });
    await rejectQueued(services, scope, id as string as ChangeId, "The import was cancelled.");
  }
  return await getIngest(services, scope, id);
}
