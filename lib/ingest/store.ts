import type { AuditActor } from "../audit/mod.ts";
import type { ErrorCode } from "../errors.ts";
import type { EndpointId, IngestId, Slug, TenantId, UserId } from "../ids.ts";
import type { Sql, Tx } from "../postgres/mod.ts";
import type { Approval } from "./approval_store.ts";
import type { IngestProgress, IngestRef, IngestStatus, IngestView } from "./ingest.ts";
import type { LoadOptions, LoadReport } from "./load/mod.ts";

interface Raw {
  id: IngestId;
  endpoint_id: EndpointId;
  status: IngestStatus;
  file_name: string;
  size_bytes: string | null;
  sha256: Uint8Array | null;
  options: LoadOptions;
  progress: Partial<IngestProgress>;
  report: LoadReport | null;
  error_code: ErrorCode | null;
  error_detail: string | null;
  cancel_requested: boolean;
  created_at: Date;
  finished_at: Date | null;
}

function view(row: Raw): IngestView {
  return {
    id: row.id,
    endpointId: row.endpoint_id,
    status: row.status,
    fileName: row.file_name,
    sizeBytes: row.size_bytes === null ? null : Number(row.size_bytes),
    sha256: row.sha256 && new Uint8Array(row.sha256).toHex(),
    options: row.options,
    progress: row.progress.phase ? row.progress as IngestProgress : null,
    report: row.report,
    error: row.error_code && { code: row.error_code, detail: row.error_detail },
    cancelRequested: row.cancel_requested,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}

/** What is known of a load when its upload begins. */
export interface NewIngest {
  readonly ref: IngestRef;
  readonly fileName: string;
  readonly options: LoadOptions;
  readonly allowDuplicate: boolean;
  readonly userId: UserId | null;
  readonly actor: AuditActor;
  /** Whether it goes in under the grants of the endpoint's writer, and waits for a person in any case. */
  readonly asWriter: boolean;
  readonly review: boolean;
  /** Who, as the endpoint's journal is to keep it. */
  readonly by: Readonly<Record<string, string | null>>;
}

/** Notes that an upload has begun. */
export async function insertIngest(tx: Tx, ingest: NewIngest): Promise<void> {
  const { ref } = ingest;
  await tx`
    INSERT INTO ingests (
      id, tenant_id, endpoint_id, status, file_name, options, allow_duplicate, created_by,
      actor, as_writer, review, written_by, heartbeat_at
    ) VALUES (
      ${ref.ingestId}, ${ref.tenantId}, ${ref.endpointId}, 'uploading', ${ingest.fileName},
      ${tx.json(ingest.options as never)}, ${ingest.allowDuplicate}, ${ingest.userId},
      ${tx.json(ingest.actor as never)}, ${ingest.asWriter}, ${ingest.review},
      ${tx.json(ingest.by as never)}, now()
    )`;
}

/** Reports that an upload lives; null where it is no longer one. */
export async function touchUpload(
  tx: Tx,
  id: IngestId,
  progress: IngestProgress,
): Promise<{ cancelRequested: boolean } | null> {
  const [row] = await tx<{ cancel_requested: boolean }[]>`
    UPDATE ingests SET heartbeat_at = now(), progress = ${tx.json(progress as never)}
    WHERE id = ${id} AND status = 'uploading' RETURNING cancel_requested`;
  return row ? { cancelRequested: row.cancel_requested } : null;
}

/**
 * The load, waiting or through, of the same bytes on the same endpoint; null where there is none, or
 * where the upload may be loaded all the same.
 */
export async function selectSameBytes(
  tx: Tx,
  ref: IngestRef,
  sha256: Uint8Array,
): Promise<IngestView | null> {
  // Two uploads of the same bytes come one after the other here; the second sees the first.
  await tx`SELECT FROM endpoints WHERE id = ${ref.endpointId} FOR NO KEY UPDATE`;
  const [row] = await tx<Raw[]>`
    SELECT ${columns(tx)} FROM ingests
    WHERE endpoint_id = ${ref.endpointId} AND sha256 = ${sha256} AND id <> ${ref.ingestId}
      AND status IN ('queued', 'running', 'waiting', 'done')
      AND NOT (SELECT allow_duplicate FROM ingests WHERE id = ${ref.ingestId})
    ORDER BY created_at, id LIMIT 1`;
  return row ? view(row) : null;
}

/** Turns a whole upload into a load that waits; null where it is no longer an upload. */
export async function queueIngest(
  tx: Tx,
  id: IngestId,
  file: { readonly sha256: Uint8Array; readonly size: number },
): Promise<IngestView | null> {
  const [row] = await tx<Raw[]>`
    UPDATE ingests
    SET status = 'queued', sha256 = ${file.sha256}, size_bytes = ${file.size}, heartbeat_at = now()
    WHERE id = ${id} AND status = 'uploading' AND NOT cancel_requested
    RETURNING ${columns(tx)}`;
  return row ? view(row) : null;
}

/** Removes the row of an upload that came to nothing. False where it is no longer an upload. */
export async function deleteUpload(tx: Tx, id: IngestId): Promise<boolean> {
  return (await tx`DELETE FROM ingests WHERE id = ${id} AND status = 'uploading'`).count > 0;
}

/** A load that this process holds. */
export interface Claimed {
  readonly claim: string;
  /** How often it was begun, this time included. */
  readonly attempts: number;
  readonly slug: Slug;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly options: LoadOptions;
  readonly cancelRequested: boolean;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly asWriter: boolean;
  readonly review: boolean;
  readonly by: Readonly<Record<string, string | null>>;
  readonly actor: AuditActor;
  /** Who approved what preview of it; null where nobody did. */
  readonly approval: Approval | null;
}

/**
 * Takes a load that waits, or one whose process has been silent. Null where it is neither, or where
 * another load of its endpoint comes first: they go one at a time, in their order.
 */
export async function claimIngest(
  tx: Tx,
  ref: IngestRef,
  claim: string,
  lapseSeconds: number,
): Promise<Claimed | null> {
  // Claims on one endpoint come one after the other.
  const [endpoint] = await tx<{ slug: Slug }[]>`
    SELECT slug FROM endpoints WHERE id = ${ref.endpointId} FOR NO KEY UPDATE`;
  if (!endpoint) return null;
  const [row] = await tx<
    {
      attempts: number;
      file_name: string;
      size_bytes: string;
      options: LoadOptions;
      cancel_requested: boolean;
      sha256: Uint8Array;
      as_writer: boolean;
      review: boolean;
      written_by: Record<string, string | null>;
      actor: AuditActor;
      approved_by: Record<string, string | null> | null;
      approved_version: string | null;
    }[]
  >`
    UPDATE ingests mine
    SET status = 'running', claim = ${claim}, attempts = attempts + 1, heartbeat_at = now()
    WHERE id = ${ref.ingestId} AND endpoint_id = ${ref.endpointId} AND (
      status = 'queued' OR
      status = 'running' AND heartbeat_at < now() - make_interval(secs => ${lapseSeconds})
    ) AND NOT EXISTS (
      SELECT FROM ingests other
      WHERE other.endpoint_id = mine.endpoint_id AND other.id <> mine.id AND (
        other.status = 'running' OR
        other.status = 'queued' AND (other.created_at, other.id) < (mine.created_at, mine.id)
      )
    )
    RETURNING attempts, file_name, size_bytes, options, cancel_requested, sha256, as_writer, review,
      written_by, actor, approved_by, approved_version`;
  return row
    ? {
      claim,
      attempts: row.attempts,
      slug: endpoint.slug,
      fileName: row.file_name,
      sizeBytes: Number(row.size_bytes),
      options: row.options,
      cancelRequested: row.cancel_requested,
      sha256: new Uint8Array(row.sha256).toHex(),
      asWriter: row.as_writer,
      review: row.review,
      by: row.written_by,
      actor: row.actor,
      approval: row.approved_by && { by: row.approved_by, version: row.approved_version },
    }
    : null;
}

/** The load of an endpoint that has waited longest; null where none waits. */
export async function selectNext(tx: Tx, endpointId: EndpointId): Promise<IngestId | null> {
  const [row] = await tx<{ id: IngestId }[]>`
    SELECT id FROM ingests WHERE endpoint_id = ${endpointId} AND status = 'queued'
    ORDER BY created_at, id LIMIT 1`;
  return row?.id ?? null;
}

/** Reports that a claimed load lives; null where the claim is lost. */
export async function touchRun(
  tx: Tx,
  id: IngestId,
  claim: string,
  progress: IngestProgress | null,
): Promise<{ cancelRequested: boolean } | null> {
  const [row] = await tx<{ cancel_requested: boolean }[]>`
    UPDATE ingests
    SET heartbeat_at = now(),
      progress = coalesce(${progress && tx.json(progress as never)}::jsonb, progress)
    WHERE id = ${id} AND claim = ${claim} AND status = 'running' RETURNING cancel_requested`;
  return row ? { cancelRequested: row.cancel_requested } : null;
}

/** Gives a claim back, so that the next run begins at once. `counts`: as one of its attempts. */
export async function releaseIngest(
  tx: Tx,
  id: IngestId,
  claim: string,
  counts: boolean,
): Promise<void> {
  await tx`
    UPDATE ingests
    SET status = 'queued', claim = NULL, attempts = attempts - ${counts ? 0 : 1}::integer
    WHERE id = ${id} AND claim = ${claim} AND status = 'running'`;
}

/** How a load ended. */
export type Outcome =
  | {
    readonly status: "done";
    readonly report: LoadReport;
    /** Days for which undoing it is possible; null: for as long as nothing of it was changed. */
    readonly keptDays: number | null;
  }
  | { readonly status: "failed"; readonly code: ErrorCode; readonly detail: string | undefined }
  | { readonly status: "cancelled" }
  | { readonly status: "rejected" };

/** What must still hold for a load to be ended: nobody else has it. */
export type EndedFrom = { readonly claim: string } | "uploading" | "queued" | "waiting";

/** A load that was ended. */
export interface EndedFile {
  /** Whose doing that is. */
  readonly actor: AuditActor;
  readonly fileName: string;
  /** Hexadecimal; null where no whole file ever came. */
  readonly sha256: string | null;
  /** The user who approved it; null where nobody had to. */
  readonly approvedBy: string | null;
}

/** Ends a load; null where somebody else has it or it is over. */
export async function endIngest(
  tx: Tx,
  id: IngestId,
  from: EndedFrom,
  outcome: Outcome,
): Promise<EndedFile | null> {
  const held = typeof from === "string"
    ? tx`status = ${from}`
    : tx`status = 'running' AND claim = ${from.claim}`;
  const report = outcome.status === "done" ? tx.json(outcome.report as never) : null;
  const keptDays = outcome.status === "done" ? outcome.keptDays : null;
  const [code, detail] = outcome.status === "failed"
    ? [outcome.code, outcome.detail ?? null]
    : [null, null];
  const [row] = await tx<
    {
      actor: AuditActor;
      cancelled_by: AuditActor | null;
      file_name: string;
      sha256: string | null;
      approved_by: Record<string, string | null> | null;
    }[]
  >`
    UPDATE ingests
    SET status = ${outcome.status}, report = ${report}, error_code = ${code},
      error_detail = ${detail}, claim = NULL, finished_at = now(),
      kept_until = now() + make_interval(days => ${keptDays}::integer)
    WHERE id = ${id} AND ${held}
    RETURNING actor, cancelled_by, file_name, encode(sha256, 'hex') AS sha256, approved_by`;
  if (!row) return null;
  return {
    actor: outcome.status === "cancelled" ? row.cancelled_by ?? row.actor : row.actor,
    fileName: row.file_name,
    sha256: row.sha256,
    approvedBy: row.approved_by?.["user"] ?? null,
  };
}

/** Locks a load of an endpoint until the transaction ends; null where it has none such. */
export async function lockIngest(tx: Tx, ref: IngestRef): Promise<IngestView | null> {
  const [row] = await tx<Raw[]>`
    SELECT ${columns(tx)} FROM ingests
    WHERE id = ${ref.ingestId} AND endpoint_id = ${ref.endpointId} FOR UPDATE`;
  return row ? view(row) : null;
}

/** Asks whoever works on a load to stop. */
export async function requestCancel(tx: Tx, id: IngestId, actor: AuditActor): Promise<void> {
  await tx`
    UPDATE ingests SET cancel_requested = true, cancelled_by = ${tx.json(actor as never)}
    WHERE id = ${id}`;
}

/** Notes that a load was queued again, so that the next sweep leaves it alone for a while. */
export async function touchWaiting(tx: Tx, id: IngestId): Promise<void> {
  await tx`UPDATE ingests SET heartbeat_at = now() WHERE id = ${id} AND status = 'queued'`;
}

/** One load of an endpoint; null where it has none such. */
export async function selectIngest(tx: Tx, ref: IngestRef): Promise<IngestView | null> {
  const [row] = await tx<Raw[]>`
    SELECT ${columns(tx)} FROM ingests
    WHERE id = ${ref.ingestId} AND endpoint_id = ${ref.endpointId}`;
  return row ? view(row) : null;
}

/** The latest loads of an endpoint, newest first; from after one of them on, where it is named. */
export async function selectIngests(
  tx: Tx,
  endpointId: EndpointId,
  page: {
    readonly limit: number;
    readonly after: IngestId | null;
    readonly only?: IngestId;
    /** Those alone that are about these tables and no other; null: all. */
    readonly reached: readonly string[] | null;
  },
): Promise<IngestView[]> {
  const { only = null } = page;
  const tables = tx.json(page.reached ?? []);
  const reached = page.reached === null ? tx`true` : tx`CASE
    WHEN report IS NOT NULL THEN NOT EXISTS (
      SELECT FROM jsonb_array_elements(report -> 'tables') t WHERE NOT ${tables}::jsonb ? (t ->> 'name')
    )
    ELSE options ->> 'mode' = 'append' AND ${tables}::jsonb ? coalesce(options ->> 'table', '')
  END`;
  // Ids are in the order of their making.
  const rows = await tx<Raw[]>`
    SELECT ${columns(tx)} FROM ingests
    WHERE endpoint_id = ${endpointId} AND (${page.after}::uuid IS NULL OR id < ${page.after}::uuid)
      AND (${only}::uuid IS NULL OR id = ${only}::uuid) AND ${reached}
    ORDER BY id DESC LIMIT ${page.limit}`;
  return rows.map(view);
}

/** Loads of all tenants on which nobody has worked for a while. */
export async function selectAbandoned(
  lookup: Sql,
  silentSeconds: number,
): Promise<(IngestRef & { readonly status: IngestStatus })[]> {
  const rows = await lookup<
    { id: IngestId; tenant_id: TenantId; endpoint_id: EndpointId; status: IngestStatus }[]
  >`
    SELECT id, tenant_id, endpoint_id, status
    FROM lookup.abandoned_ingests(make_interval(secs => ${silentSeconds}))`;
  return rows.map((row) => ({
    ingestId: row.id,
    tenantId: row.tenant_id,
    endpointId: row.endpoint_id,
    status: row.status,
  }));
}

const columns = (tx: Tx) =>
  tx`id, endpoint_id, status, file_name, size_bytes, sha256, options, progress, report, error_code,
    error_detail, cancel_requested, created_at, finished_at`;
