import { actorOf } from "../audit/mod.ts";
import { requireStanding } from "../auth/mod.ts";
import { abortSignalOf } from "../call_signal.ts";
import { AppError, toAppError } from "../errors.ts";
import { type IngestId, newId } from "../ids.ts";
import { type EndpointScope, reachedIn } from "../principal.ts";
import type { Services } from "../services.ts";
import { tableNameOf } from "./infer/mod.ts";
import { changedBy } from "../journal/mod.ts";
import { isCredential, requireImport } from "./access.ts";
import { endLoad, removeFile } from "./end.ts";
import { IMPORT_TOOL, type IngestRef, type IngestView, objectKey } from "./ingest.ts";
import type { LoadOptions } from "./load/mod.ts";
import { queueFile } from "./queue.ts";
import { measure } from "./receive.ts";
import { deleteUpload, insertIngest, type Outcome, selectIngest, touchUpload } from "./store.ts";
import { watch } from "./watch.ts";

/** Bytes that a file may have where nobody says otherwise: 5 GB. */
export const MAX_FILE_BYTES = 5 * 1024 ** 3;

/** A file that is handed in. */
export interface NewFile {
  /** As a person knows it; tables are named after it. */
  readonly fileName: string;
  readonly body: ReadableStream<Uint8Array>;
  readonly options: LoadOptions;
  /** Loads the same bytes another time. */
  readonly allowDuplicate: boolean;
  /** Bytes; `MAX_FILE_BYTES` where it is left out. */
  readonly maxBytes?: number | undefined;
}

const REPORT_EVERY_MS = 2_000;
const STALLED_AFTER_MS = 60_000;

const CANCELLED = "The upload was cancelled.";
const GONE = "The upload was given up: the endpoint is gone, or nothing was heard of the upload.";
const STALLED = "The upload stalled. Send the file again.";

/** Throws where the credential reaches chosen tables, and the file is not for one that it may change. */
function requireReached(scope: EndpointScope, { mode, table = "" }: LoadOptions): void {
  const writable = reachedIn(scope, "write");
  if (writable === null) return;
  // As the load looks a name up: as it stands, else as a table would be named.
  const meant = [table, tableNameOf(table)];
  if (mode !== "create" && meant.every((name) => writable.includes(name))) return;
  throw new AppError(
    "INSUFFICIENT_SCOPE",
    "This token reaches chosen tables alone: it appends to one that it may write to, named by `table`.",
  );
}

/**
 * Takes a file in: stores its bytes while measuring them, and queues the load. Answers as soon as
 * both are durable; from then on the load survives whatever happens to this process.
 *
 * @throws AppError INSUFFICIENT_SCOPE, WRITES_OFF where a token may not; DuplicateFile where the same bytes
 * are loaded or on the way; AppError PAYLOAD_TOO_LARGE, INVALID_REQUEST (broken off), CANCELLED.
 */
export async function startIngest(
  services: Services,
  scope: EndpointScope,
  file: NewFile,
): Promise<IngestView> {
  try {
    requireReached(scope, file.options);
    requireImport(scope, file.options);
  } catch (error) {
    await file.body.cancel().catch(() => {});
    throw error;
  }
  const asWriter = isCredential(scope.principal);
  const ref: IngestRef = {
    tenantId: scope.tenantId,
    endpointId: scope.endpoint.id,
    ingestId: newId<IngestId>(),
  };
  await services.control.tenant(ref.tenantId, (tx) =>
    insertIngest(tx, {
      ref,
      fileName: file.fileName,
      options: file.options,
      allowDuplicate: file.allowDuplicate,
      userId: scope.principal.userId,
      actor: actorOf(scope),
      asWriter,
      review: asWriter && scope.principal.review,
      by: changedBy(scope, IMPORT_TOOL),
    }));
  try {
    const received = await store(services, scope, ref, file);
    // A file may take hours. What a token sends is judged when its turn comes.
    if (scope.principal.kind === "dashboard") {
      await requireStanding(services, scope, "files:write", "You may not import files any more.");
    }
    return await queueFile(services, ref, received);
  } catch (error) {
    const fault = toAppError(error);
    await giveUp(services, ref, fault).catch((cause) =>
      // The sweep finds the row later.
      services.log.warn("ingest.upload_left", { ingest: ref.ingestId, error: cause })
    );
    throw fault;
  }
}

async function store(services: Services, scope: EndpointScope, ref: IngestRef, file: NewFile) {
  const halt = new AbortController();
  const signal = AbortSignal.any([abortSignalOf(scope.signal), halt.signal]);
  let bytes = 0;
  let lastAt = services.clock.now();
  const measured = measure(file.body, file.maxBytes ?? MAX_FILE_BYTES, signal, (size) => {
    bytes = size;
    lastAt = services.clock.now();
  });
  const watching = watch(services, ref, REPORT_EVERY_MS, async (tx) => {
    const progress = { phase: "upload", bytesDone: bytes, bytesTotal: 0, rows: 0 } as const;
    const known = await touchUpload(tx, ref.ingestId, progress);
    if (!known) halt.abort(new AppError("CONFLICT", GONE));
    else if (known.cancelRequested) halt.abort(new AppError("CANCELLED", CANCELLED));
    else if (services.clock.now() - lastAt > STALLED_AFTER_MS) {
      halt.abort(new AppError("INVALID_REQUEST", STALLED));
    }
  });
  try {
    await services.objects.put(objectKey(ref), measured.stream);
  } finally {
    await watching.stop();
  }
  return measured.received();
}

/** Ends an upload that came to nothing. One that was queued after all is left to its job. */
async function giveUp(
  services: Services,
  ref: IngestRef,
  fault: AppError,
): Promise<void> {
  if (fault.code === "DUPLICATE_FILE") {
    const gone = await services.control.tenant(
      ref.tenantId,
      (tx) => deleteUpload(tx, ref.ingestId),
    );
    if (gone) await removeFile(services, ref);
    return;
  }
  const outcome: Outcome = fault.code === "CANCELLED"
    ? { status: "cancelled" }
    : { status: "failed", code: fault.code, detail: fault.detail };
  if (await endLoad(services, ref, "uploading", outcome)) return;
  const now = await services.control.tenant(ref.tenantId, (tx) => selectIngest(tx, ref));
  // Swept, or gone with its endpoint, before the file was whole: nobody will come for the file.
  if (!now || now.finishedAt) await removeFile(services, ref);
}
