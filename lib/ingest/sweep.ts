import { enterAsSystem, openEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { Slug } from "../ids.ts";
import { dropExpiredKept, QUEUE_DAYS } from "../journal/mod.ts";
import type { Services } from "../services.ts";
import { endLoad, removeFile } from "./end.ts";
import { type IngestRef, LAPSE_SECONDS, objectKey } from "./ingest.ts";
import { enqueueLoad } from "./enqueue.ts";
import { DuplicateFile, queueFile } from "./queue.ts";
import { measure, type Received } from "./receive.ts";
import { selectLapsed, updateKept } from "./approval_store.ts";
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
  return swept + await sweepLapsed(services);
}

/** Rejects imports on which nobody decided in time, and lets go of what undoing needs no more. */
async function sweepLapsed(services: Services): Promise<number> {
  let swept = 0;
  for (const left of await selectLapsed(services.control.lookup, QUEUE_DAYS)) {
    try {
      if (left.status === "waiting") {
        await endLoad(services, left, "waiting", { status: "rejected" });
      } else await dropKept(services, left);
      swept++;
    } catch (error) {
      services.log.error("ingest.sweep_failed", { ingest: left.ingestId, error });
    }
  }
  return swept;
}

async function dropKept(
  services: Services,
  target: IngestRef & { readonly slug: Slug },
): Promise<void> {
  const scope = await enterAsSystem(services, target, "ingest");
  const { sql: owner, release } = await openEndpoint(services, scope, "owner");
  try {
    // What is kept by undoing has a later end: looked for again tomorrow.
    const more = await owner.begin((tx) => dropExpiredKept(tx));
    await services.control.tenant(
      target.tenantId,
      (tx) => updateKept(tx, target.endpointId, more ? 1 : null),
    );
  } finally {
    release();
  }
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
