import { type AuditEvent, recordEvent } from "../audit/mod.ts";
import type { Tx } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { type IngestRef, objectKey } from "./ingest.ts";
import type { LoadReport } from "./load/mod.ts";
import { enqueueLoad } from "./enqueue.ts";
import { type EndedFile, type EndedFrom, endIngest, type Outcome, selectNext } from "./store.ts";

function tables(report: LoadReport) {
  return report.tables.map(({ name, mode, rows, removed, rejected }) => ({
    name,
    mode,
    rows,
    ...(removed === undefined ? {} : { removed }),
    rejected,
  }));
}

function eventOf(
  outcome: Outcome,
  { ingestId }: IngestRef,
  file: EndedFile,
): Pick<AuditEvent, "action" | "detail"> {
  switch (outcome.status) {
    case "done":
      return {
        action: "data.loaded",
        detail: {
          tables: tables(outcome.report),
          change: ingestId,
          file: file.fileName,
          sha256: file.sha256,
          ...(file.approvedBy ? { approved_by: file.approvedBy } : {}),
        },
      };
    case "failed":
      return { action: "data.load_failed", detail: { code: outcome.code } };
    case "cancelled":
      return { action: "data.load_cancelled" };
    case "rejected":
      return { action: "data.load_cancelled", detail: { reason: "rejected" } };
  }
}

/**
 * Ends a load: status, audit entry and the job of the endpoint's next load in one transaction; then its
 * file goes. Only who still holds the load ends it; false says that somebody else has it, and then
 * nothing was touched.
 */
export async function endLoad(
  services: Services,
  ref: IngestRef,
  from: EndedFrom,
  outcome: Outcome,
): Promise<boolean> {
  const ended = await services.control.tenant(ref.tenantId, async (tx) => {
    const file = await endIngest(tx, ref.ingestId, from, outcome);
    if (!file) return false;
    const { actor } = file;
    const { action, detail } = eventOf(outcome, ref, file);
    await recordEvent(tx, {
      tenantId: ref.tenantId,
      action,
      actor,
      endpointId: ref.endpointId,
      subject: ref.ingestId,
      detail: detail ?? {},
    });
    await nextLoad(services, tx, ref);
    return true;
  });
  if (ended) await removeFile(services, ref);
  return ended;
}

/** Queues the job of an endpoint's next load, where one waits for its turn. */
export async function nextLoad(services: Services, tx: Tx, ref: IngestRef): Promise<void> {
  const next = await selectNext(tx, ref.endpointId);
  if (next) await enqueueLoad(services, tx, { ...ref, ingestId: next });
}

/** Removes a load's file. A file that cannot be removed is the operator's concern, not the load's. */
export async function removeFile(services: Services, ref: IngestRef): Promise<void> {
  try {
    await services.objects.remove(objectKey(ref));
  } catch (error) {
    services.log.warn("ingest.file_kept", { ingest: ref.ingestId, error });
  }
}
