import { AppError } from "../errors.ts";
import { enqueueLoad } from "./enqueue.ts";
import type { Services } from "../services.ts";
import type { IngestRef, IngestView } from "./ingest.ts";
import type { Received } from "./receive.ts";
import { queueIngest, selectSameBytes } from "./store.ts";

/** The same bytes are loaded already, or on the way. */
export class DuplicateFile extends AppError {
  /** @param earlier The load that has them. */
  constructor(readonly earlier: IngestView) {
    const state = earlier.status === "done" ? "was loaded here" : "is being loaded here";
    super("DUPLICATE_FILE", `The same file ${state} before, as ${earlier.id}.`);
  }
}

/**
 * Queues the load of a file that is stored whole: status and job in one transaction.
 *
 * @throws DuplicateFile; AppError CONFLICT where it is no longer an upload.
 */
export function queueFile(
  services: Services,
  ref: IngestRef,
  file: Received,
): Promise<IngestView> {
  return services.control.tenant(ref.tenantId, async (tx) => {
    const earlier = await selectSameBytes(tx, ref, file.sha256);
    if (earlier) throw new DuplicateFile(earlier);
    const queued = await queueIngest(tx, ref.ingestId, file);
    if (!queued) throw new AppError("CANCELLED", "The upload was cancelled.");
    await enqueueLoad(services, tx, ref);
    return queued;
  });
}
