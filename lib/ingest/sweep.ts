import { AppError } from "../errors.ts";
import type { Services } from "../services.ts";
import { endLoad, removeFile } from "./end.ts";
import { type IngestRef, LAPSE_SECONDS, objectKey } from "./ingest.ts";
import { enqueueLoad } from "./enqueue.ts";
import { DuplicateFile, queueFile } from "./queue.ts";
import { measure, type Received } from "./receive.ts";
import { deleteUpload, selectAbandoned, touchWaiting } from "./store.ts";

const INCOMPLETE = "The upload broke off before the file was whole. Send it again.";

/**
 * Takes up what killed processes left: a load whose file is whole is queued again, an upload that is
 * not whole is marked failed. Run at start and every few seconds; safe on several replicas at once.
 * Answers how many it took up.
 */
export async function sweepIngests(services: Services): Promise<number> {
  let swept = 0;
  for (const left of await selectAbandoned(services.control.lookup, LAPSE_SECONDS)) {
    try {
      if (left.status === "uploading") await recoverUpload(services, left);
      else await queueAgain(services, left);
      swept++;
    } catch (error) {
      services.log.error("ingest.sweep_failed", { ingest: left.ingestId, error });
    }
  }
  return swept;
}

/** The claim decides whether the job finds anything to do: another process may have it by then. */
async function queueAgain(services: Services, ref: IngestRef): Promise<void> {
  await services.control.tenant(ref.tenantId, async (tx) => {
    await touchWaiting(tx, ref.ingestId);
    await enqueueLoad(services, tx, ref);
  });
}

async function recoverUpload(services: Services, ref: IngestRef): Promise<void> {
  const file = await measureFile(services, ref);
  if (!file) {
    const outcome = { status: "failed", code: "INVALID_REQUEST", detail: INCOMPLETE } as const;
    await endLoad(services, ref, "uploading", outcome);
    return;
  }
  try {
    await queueFile(services, ref, file);
  } catch (error) {
    if (error instanceof AppError && error.code === "CANCELLED") {
      await endLoad(services, ref, "uploading", { status: "cancelled" });
      return;
    }
    if (!(error instanceof DuplicateFile)) throw error;
    // Its sender heard nothing and sent it again meanwhile.
    const gone = await services.control.tenant(
      ref.tenantId,
      (tx) => deleteUpload(tx, ref.ingestId),
    );
    if (gone) await removeFile(services, ref);
  }
}

/** Measures a stored file; null where it is not there, since only a whole one is. */
async function measureFile(services: Services, ref: IngestRef): Promise<Received | null> {
  let stored: ReadableStream<Uint8Array>;
  try {
    stored = await services.objects.open(objectKey(ref));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const never = new AbortController().signal;
  const measured = measure(stored, Infinity, never, () => {});
  await measured.stream.pipeTo(new WritableStream());
  return measured.received();
}
