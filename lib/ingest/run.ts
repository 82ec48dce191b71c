import { ensureSchema, enterAsSystem, openEndpoint } from "../endpoints/mod.ts";
import { AppError, toAppError } from "../errors.ts";
import type { ChangeId } from "../ids.ts";
import { IMPORT_UNDO_DAYS } from "../journal/mod.ts";
import { STOPPING } from "../jobs/mod.ts";
import type { EndpointScope } from "../principal.ts";
import { fromPostgres, type Sql, sqlState } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import {
  applyApproved,
  authorOf,
  noteObstacle,
  PREVIEWED_ROWS,
  queueImport,
  Rejected,
} from "./approval.ts";
import { verified } from "./receive.ts";
import { requirePower } from "./access.ts";
import { endLoad, nextLoad, removeFile } from "./end.ts";
import { awaitApproval, selectTokenNow } from "./approval_store.ts";
import { isReachedByTable } from "../tokens/mod.ts";
import { selectLoaded } from "./endpoint_store.ts";
import { type IngestProgress, type IngestRef, LAPSE_SECONDS, objectKey } from "./ingest.ts";
import { loadFile, type LoadInput, type LoadReport, previewFile } from "./load/mod.ts";
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
const TOKEN_ENDED = "The token that sent the file may not do this any more.";
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
  let outcome: Outcome | "waits";
  try {
    outcome = await perform(services, run, afterLoad);
  } catch (error) {
    if (run.stopped === "lost") return;
    const rejected = error instanceof Rejected;
    const fault = toAppError(fromPostgres(error));
    const again = !rejected && isPassing(fault) && claimed.attempts < ATTEMPTS_AT_MOST;
    if (run.stopped === null && (signal.aborted || again)) {
      await services.control.tenant(
        ref.tenantId,
        // A file that keeps its process too busy for a sign of life would cost it every job for ever.
        (tx) => releaseIngest(tx, ref.ingestId, claim, signal.reason !== STOPPING),
      );
      throw error;
    }
    if (fault.code === "INTERNAL" && !rejected) {
      services.log.error("ingest.failed", { ingest: ref.ingestId, error });
    }
    outcome = run.stopped === "cancel"
      ? { status: "cancelled" }
      : rejected
      ? { status: "rejected" }
      : claimed.approval
      ? await waitOn(services, run, fault)
      : { status: "failed", code: fault.code, detail: fault.detail };
  } finally {
    await watching.stop();
  }
  if (outcome === "waits") await letWait(services, run);
  else await endLoad(services, ref, { claim }, outcome);
}

const changeOf = ({ ref }: Run) => ref.ingestId as string as ChangeId;

/** What was approved and could not be done waits on, with a note of what stood against it. */
async function waitOn(services: Services, run: Run, fault: AppError): Promise<Outcome | "waits"> {
  const scope = await enterRun(services, run);
  const state = await noteObstacle(services, scope, changeOf(run), fault);
  return state === "waits" ? "waits" : { status: "rejected" };
}

/** Lets a load wait for a person, and the endpoint's next one begin. */
async function letWait(services: Services, { ref, claimed }: Run): Promise<void> {
  const cancelled = await services.control.tenant(ref.tenantId, async (tx) => {
    if (!await awaitApproval(tx, ref.ingestId, claimed.claim)) return false;
    await nextLoad(services, tx, ref);
    return (await selectIngest(tx, ref))?.cancelRequested ?? false;
  });
  // Asked for too late for this run. Its change is found to have no import, and is rejected.
  if (cancelled) await endLoad(services, ref, "waiting", { status: "cancelled" });
}

const enterRun = (services: Services, run: Run) =>
  enterAsSystem(services, { ...run.ref, slug: run.claimed.slug }, "ingest", run.signal);

async function perform(
  services: Services,
  run: Run,
  afterLoad: AfterLoad,
): Promise<Outcome | "waits"> {
  const scope = await enterRun(services, run);
  const { sql: owner, release } = await openEndpoint(services, scope, "owner");
  let report: LoadReport | null;
  try {
    // A process that was killed after the tables became visible left only the status behind.
    report = await selectLoaded(owner, run.ref.ingestId);
    if (!report && run.claimed.cancelRequested) return { status: "cancelled" };
    if (!report && run.claimed.attempts > ATTEMPTS_AT_MOST) {
      return { status: "failed", code: "INTERNAL", detail: INTERRUPTED };
    }
    if (!report && await previewInstead(services, scope, run, owner)) return "waits";
    report ??= await load(services, scope, run, owner);
  } finally {
    release();
  }
  await rebuild(services, scope, run, afterLoad);
  await queueSearchIndex(services, run.ref, run.claimed.slug, report);
  const kept = report.tables.some(({ mode }) => mode !== "create");
  return { status: "done", report, keptDays: kept ? IMPORT_UNDO_DAYS : null };
}

/**
 * What a token sends is judged again when its turn comes: by what it may then, and the endpoint says. True where it waits
 * for a person, with a preview.
 *
 * @throws AppError WRITES_OFF; ACCESS_DENIED or INSUFFICIENT_SCOPE where its token may not any more.
 */
async function previewInstead(
  services: Services,
  scope: EndpointScope,
  run: Run,
  owner: Sql,
): Promise<boolean> {
  const { asWriter, approval, options, review, actor } = run.claimed;
  // A person has looked at what was approved: whether its token acts still makes no difference.
  if (!asWriter || approval) return false;
  const { tokenId } = actor;
  const now = tokenId && await services.control.tenant(
    run.ref.tenantId,
    (tx) => selectTokenNow(tx, tokenId, run.ref.endpointId),
  );
  if (!now?.reachesEndpoint || !now.abilities.has("files:write")) {
    throw new AppError("ACCESS_DENIED", TOKEN_ENDED);
  }
  const { writes } = scope.endpoint.settings;
  if (options.mode === "create") return false;
  requirePower({ ...scope.principal, tokenId, ...now }, options.mode);
  if (writes === "off") throw new AppError("WRITES_OFF");
  if (writes !== "review" && !review && !now.review) return false;
  await ensureSchema(services, scope);
  const preview = await previewFile(
    await inputOf(services, scope, run, owner),
    PREVIEWED_ROWS,
  );
  await queueImport(services, scope, changeOf(run), run.claimed, preview);
  return true;
}

async function load(
  services: Services,
  scope: EndpointScope,
  run: Run,
  owner: Sql,
): Promise<LoadReport> {
  const { claimed: { approval }, ref } = run;
  await ensureSchema(services, scope);
  const change = changeOf(run);
  try {
    const report = await loadFile({
      ...await inputOf(services, scope, run, owner),
      ...(approval && {
        onLoaded: (tx, report) => applyApproved(services, scope, tx, change, { approval, report }),
      }),
    });
    if (approval) services.relays.wake(scope.endpoint.id);
    return report;
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

async function inputOf(
  services: Services,
  scope: EndpointScope,
  run: Run,
  owner: Sql,
): Promise<LoadInput> {
  const newTables = await newTablesOf(services, scope);
  const { claimed, ref } = run;
  return {
    owner,
    open: () => openFile(services, run),
    fileName: claimed.fileName,
    size: claimed.sizeBytes,
    options: claimed.options,
    ingestId: ref.ingestId,
    author: { access: claimed.asWriter ? "writer" : "owner", by: authorOf(claimed) },
    sha256: claimed.sha256,
    newTables,
    onProgress: (progress) => run.progress = progress,
    signal: run.signal,
  };
}

async function openFile(
  services: Services,
  { ref, claimed }: Run,
): Promise<ReadableStream<Uint8Array>> {
  try {
    const stored = await services.objects.open(objectKey(ref));
    // What a person approved is this file, and no other that may have come into its place.
    return claimed.approval ? verified(stored, claimed.sha256) : stored;
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
