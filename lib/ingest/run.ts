import { ensureSchema, enterAsSystem, openEndpoint } from "../endpoints/mod.ts";
import { AppError, toAppError } from "../errors.ts";
import { STOPPING } from "../jobs/mod.ts";
import type { EndpointScope } from "../principal.ts";
import { fromPostgres, type Sql, sqlState } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { isReachedByTable } from "../tokens/mod.ts";
import { endLoad, removeFile } from "./end.ts";
import { selectLoaded } from "./endpoint_store.ts";
import { type IngestProgress, type IngestRef, LAPSE_SECONDS, objectKey } from "./ingest.ts";
import { loadFile, type LoadReport } from "./load/mod.ts";
import { queueSearchIndex } from "./search_job.ts";
import {
  type Claimed,
  claimIngest,
  type Outcome,
  releaseIngest,
  selectIngest,
  touchRun,
} from "./store.ts";
import { watch } from "./watch.ts";

/**
 * What follows a change of an endpoint's tables: the manifest is made anew. Injected, since tools stand
 * above ingest. May run more than once for one load.
 */
export type AfterLoad = (scope: EndpointScope) => Promise<void>;

const REPORT_EVERY_MS = 500;

// A file that ends its process each time would otherwise be begun for ever.
const ATTEMPTS_AT_MOST = 5;

const INTERRUPTED = `The load was interrupted ${ATTEMPTS_AT_MOST} times and was given up.`;
const FILE_GONE = "The uploaded file is gone. Upload it again.";

/** A load that this process works on, and why it should stop. */
interface Run {
  readonly ref: IngestRef;
  readonly claimed: Claimed;
  readonly signal: AbortSignal;
  progress: IngestProgress | null;
  /** `cancel`: its tenant asked; `lost`: another process has it. */
  stopped: "cancel" | "lost" | null;
}

/**
 * Does one load, from wherever it stands: claims it, loads the file where that did not happen yet, has
 * the manifest rebuilt, and ends it. Without effect where another process works on it, it is over, or
 * another load of its endpoint comes first, whose end then brings it up again.
 *
 * @param signal Aborted when the process stops; then the load is given back for another to take.
 * @throws What another attempt may overcome.
 */
export async function runIngest(
  services: Services,
  ref: IngestRef,
  afterLoad: AfterLoad,
  signal: AbortSignal,
): Promise<void> {
  const claim = crypto.randomUUID();
  const claimed = await services.control.tenant(
    ref.tenantId,
    (tx) => claimIngest(tx, ref, claim, LAPSE_SECONDS),
  );
  if (!claimed) return await dropOrphan(services, ref);

  const halt = new AbortController();
  const run: Run = {
    ref,
    claimed,
    signal: AbortSignal.any([signal, halt.signal]),
    progress: null,
    stopped: null,
  };
  const watching = watch(services, ref, REPORT_EVERY_MS, async (tx) => {
    const known = await touchRun(tx, ref.ingestId, claim, run.progress);
    if (!known) run.stopped = "lost";
    else if (known.cancelRequested) run.stopped ??= "cancel";
    if (run.stopped) halt.abort();
  });
  let outcome: Outcome;
  try {
    outcome = await perform(services, run, afterLoad);
  } catch (error) {
    if (run.stopped === "lost") return;
    const fault = toAppError(fromPostgres(error));
    const again = isPassing(fault) && claimed.attempts < ATTEMPTS_AT_MOST;
    if (run.stopped === null && (signal.aborted || again)) {
      await services.control.tenant(
        ref.tenantId,
        // A file that keeps its process too busy for a sign of life would cost it every job for ever.
        (tx) => releaseIngest(tx, ref.ingestId, claim, signal.reason !== STOPPING),
      );
      throw error;
    }
    if (fault.code === "INTERNAL") {
      services.log.error("ingest.failed", { ingest: ref.ingestId, error });
    }
    outcome = run.stopped === "cancel"
      ? { status: "cancelled" }
      : { status: "failed", code: fault.code, detail: fault.detail };
  } finally {
    await watching.stop();
  }
  await endLoad(services, ref, { claim }, outcome);
}

async function perform(services: Services, run: Run, afterLoad: AfterLoad): Promise<Outcome> {
  const scope = await enterAsSystem(
    services,
    { ...run.ref, slug: run.claimed.slug },
    "ingest",
    run.signal,
  );
  const { sql: owner, release } = await openEndpoint(services, scope, "owner");
  let report: LoadReport | null;
  try {
    // A process that was killed after the tables became visible left only the status behind.
    report = await selectLoaded(owner, run.ref.ingestId);
    if (!report && run.claimed.cancelRequested) return { status: "cancelled" };
    if (!report && run.claimed.attempts > ATTEMPTS_AT_MOST) {
      return { status: "failed", code: "INTERNAL", detail: INTERRUPTED };
    }
    report ??= await load(services, scope, run, owner);
  } finally {
    release();
  }
  await rebuild(services, scope, run, afterLoad);
  await queueSearchIndex(services, run.ref, run.claimed.slug, report);
  return { status: "done", report };
}

async function load(
  services: Services,
  scope: EndpointScope,
  run: Run,
  owner: Sql,
): Promise<LoadReport> {
  const { claimed, ref } = run;
  await ensureSchema(services, scope);
  try {
    return await loadFile({
      owner,
      open: () => openFile(services, ref),
      fileName: claimed.fileName,
      size: claimed.sizeBytes,
      options: claimed.options,
      ingestId: ref.ingestId,
      newTables: await newTablesOf(services, scope),
      onProgress: (progress) => run.progress = progress,
      signal: run.signal,
    });
  } catch (error) {
    // Asked to stop too late: what is visible stays, and is said to be there.
    const report = run.stopped === "cancel" ? await selectLoaded(owner, ref.ingestId) : null;
    if (report) return report;
    throw error;
  }
}

/** What the endpoint's owner said of new tables; else they wait once a reach of tables has been set. */
async function newTablesOf(services: Services, { tenantId, endpoint }: EndpointScope) {
  const { newTables } = endpoint.settings;
  if (newTables !== "auto") return newTables;
  const reached = await services.control.tenant(
    tenantId,
    (tx) => isReachedByTable(tx, endpoint.id),
  );
  return reached ? "wait" : "unless_ruled";
}

async function openFile(services: Services, ref: IngestRef): Promise<ReadableStream<Uint8Array>> {
  try {
    return await services.objects.open(objectKey(ref));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new AppError("UNREADABLE_FILE", FILE_GONE, { cause });
  }
}

/** A load is done once its tools are there; where they cannot be made, the tables still are. */
async function rebuild(
  services: Services,
  scope: EndpointScope,
  run: Run,
  afterLoad: AfterLoad,
): Promise<void> {
  try {
    await afterLoad(scope);
  } catch (cause) {
    services.log.error("ingest.manifest_failed", { ingest: run.ref.ingestId, error: cause });
    if (run.claimed.attempts < ATTEMPTS_AT_MOST) {
      throw new AppError("UNAVAILABLE", undefined, { cause });
    }
  }
}

/** What another attempt may overcome: a database out of reach, or locks that a dying process holds. */
function isPassing(fault: AppError): boolean {
  return fault.code === "UNAVAILABLE" || sqlState(fault.cause) === "55P03";
}

/** A load that vanished with its endpoint leaves its file to whoever looks for it. */
async function dropOrphan(services: Services, ref: IngestRef): Promise<void> {
  const known = await services.control.tenant(ref.tenantId, (tx) => selectIngest(tx, ref));
  if (!known) await removeFile(services, ref);
}
