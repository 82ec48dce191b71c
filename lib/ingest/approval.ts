import { sha256Hex } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import type { ChangeId } from "../ids.ts";
import {
  applyImport,
  asKeeper,
  type ChangeCounts,
  type ImportedFile,
  NO_ROWS,
  noteReview,
  type PreviewJson,
  queueChange,
  readQueued,
  type StoredPreview,
  updateObstacle,
  updatePreview,
} from "../journal/mod.ts";
import { sqlState, type Tx } from "../postgres/mod.ts";
import type { EndpointScope } from "../principal.ts";
import type { Services } from "../services.ts";
import { IMPORT_TOOL } from "./ingest.ts";
import type { LoadPreview, LoadReport } from "./load/mod.ts";
import type { Approval } from "./approval_store.ts";
import type { Claimed } from "./store.ts";

/** Rows that a preview keeps, and the characters that they may have. What is beyond that is counted. */
export const PREVIEWED_ROWS = 1_000;
const PREVIEW_CHARS = 1_000_000;

const MOVED_ON =
  "The tables have changed since this was asked for, and it would not do what was shown. " +
  "No rows were imported.";

/** Ends an import that was rejected while it was on its way. */
export class Rejected extends Error {}

function countsOf({ tables }: LoadReport): ChangeCounts {
  const sum = (count: (table: LoadReport["tables"][number]) => number) =>
    tables.reduce((total, table) => total + count(table), 0);
  const [inserted, deleted] = [sum(({ rows }) => rows), sum(({ removed = 0 }) => removed)];
  return { inserted, updated: 0, deleted, unchanged: 0 };
}

// Rows are spliced as they are, so that no number loses a digit.
function previewJson({ fileName, sha256, options }: Claimed, preview: LoadPreview): PreviewJson {
  const { tables, rejects } = preview.report;
  const counts = countsOf(preview.report);
  let left = PREVIEW_CHARS;
  const effects = preview.rows.filter((row) => (left -= row.length) >= 0).map((row) =>
    `{"op":"insert","key":{},"before":null,"after":${row},"was":null,"cut":false}`
  );
  const rows = `[${effects.join(",")}]`;
  const file: ImportedFile = {
    fileName,
    sha256,
    mode: options.mode === "replace" ? "replace" : "append",
    rejects,
    tables: tables.map(({ name, rows, removed = 0, rejected }) => ({
      name,
      rows,
      removed,
      rejected,
    })),
  };
  const head: StoredPreview = {
    ...counts,
    count: counts.inserted + counts.deleted,
    was: null,
    kept: effects.length,
    size: rows.length,
    digest: sha256Hex(rows),
  };
  return { head: JSON.stringify({ ...head, file }), rows };
}

/**
 * Keeps an import for a person to approve: what it would do now stays in the endpoint's own database, the
 * file where it is.
 *
 * @param scope The process's own, in the endpoint.
 * @throws Rejected; AppError CONFLICT where too many changes wait.
 */
export async function queueImport(
  services: Services,
  scope: EndpointScope,
  id: ChangeId,
  claimed: Claimed,
  preview: LoadPreview,
): Promise<void> {
  const json = previewJson(claimed, preview);
  await services.relays.want(scope.endpoint);
  // One that waits is looked at anew; one that was queued by a process that died is there, too.
  if (await asKeeper(services, scope, (tx) => updatePreview(tx, id, json))) return;
  const { by } = claimed;
  try {
    await queueChange(services, scope, {
      id,
      tool: IMPORT_TOOL,
      table: preview.report.tables[0]!.name,
      arguments: { file: claimed.fileName, sha256: claimed.sha256, mode: claimed.options.mode },
      preview: json,
      actor: by["grant"] ?? by["token"] ?? by["user"] ?? by["kind"] ?? "system",
      context: by,
      idempotency: null,
    }, countsOf(preview.report));
  } catch (error) {
    if (sqlState(error) === "23505") throw new Rejected("decided on before");
    throw error;
  } finally {
    services.relays.wake(scope.endpoint.id);
  }
}

/** Who is behind an import, as the journal is to keep it. */
export function authorOf({ by, approval }: Claimed): Readonly<Record<string, unknown>> {
  return approval
    ? { ...by, approved_by: { user: approval.by["user"], label: approval.by["label"] } }
    : by;
}

/**
 * Notes, in the transaction of an import that was approved, that it is done.
 *
 * @throws Rejected; AppError CONFLICT where it would not do what was shown.
 */
export async function applyApproved(
  services: Services,
  scope: EndpointScope,
  tx: Tx,
  id: ChangeId,
  { approval, report }: { readonly approval: Approval; readonly report: LoadReport },
): Promise<void> {
  const { by, version } = approval;
  const counts = countsOf(report);
  const { kind = "system", user = null, token = null, label = null } = by;
  const decided = { kind: kind ?? "system", user, token, label };
  // The note under which this is written has to be young when it commits.
  await services.relays.want(scope.endpoint);
  const state = await applyImport(tx, id, { version, ...counts }, decided);
  if (state === "gone") throw new Rejected("rejected meanwhile");
  if (state === "moved") throw new AppError("CONFLICT", MOVED_ON);
  const table = report.tables[0]!.name;
  const change = { id, tool: IMPORT_TOOL, table };
  await noteReview(tx, { action: "change.approved", change, counts }, by);
}

/** Keeps with the change that waits what stood against it. */
export async function noteObstacle(
  services: Services,
  scope: EndpointScope,
  id: ChangeId,
  fault: AppError,
): Promise<"waits" | "decided"> {
  await asKeeper(services, scope, (tx) => updateObstacle(tx, id, fault.message));
  const change = await readQueued(services, scope, id, NO_ROWS);
  return change?.state === "queued" ? "waits" : "decided";
}
