import type { ErrorCode } from "../errors.ts";
import type { EndpointId, IngestId, TenantId } from "../ids.ts";
import type { LoadOptions, LoadProgress, LoadReport } from "./load/mod.ts";

/** Where a load stands: `waiting` for a person to approve it. The last four are final. */
export type IngestStatus =
  | "uploading"
  | "queued"
  | "running"
  | "waiting"
  | "done"
  | "failed"
  | "cancelled"
  | "rejected";

/** How far a load is: the upload, or a phase of the load itself. */
export interface IngestProgress {
  readonly phase: "upload" | LoadProgress["phase"];
  readonly bytesDone: number;
  /** 0 where the size is not known. */
  readonly bytesTotal: number;
  readonly rows: number;
}

/** One load of one file, as its tenant sees it. */
export interface IngestView {
  readonly id: IngestId;
  readonly endpointId: EndpointId;
  readonly status: IngestStatus;
  readonly fileName: string;
  /** Null while uploading. */
  readonly sizeBytes: number | null;
  /** Lower-case hex; null while uploading. */
  readonly sha256: string | null;
  readonly options: LoadOptions;
  /** Null before anything is known of it. */
  readonly progress: IngestProgress | null;
  /** What became of the file; null before it is `done`. */
  readonly report: LoadReport | null;
  /** Why it was not loaded; null unless `failed`. */
  readonly error: { readonly code: ErrorCode; readonly detail: string | null } | null;
  readonly cancelRequested: boolean;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** Which load of which endpoint of which tenant: what its job carries. */
export interface IngestRef {
  readonly tenantId: TenantId;
  readonly endpointId: EndpointId;
  readonly ingestId: IngestId;
}

/** The tool that the journal and the review queue name for an import. */
export const IMPORT_TOOL = "import_file";

/** Where a load's file is kept until it is loaded. */
export function objectKey({ tenantId, endpointId, ingestId }: IngestRef): string {
  return `${tenantId}/${endpointId}/${ingestId}`;
}

/**
 * Seconds of silence after which the process that worked on a load counts as gone. Whoever works on
 * one reports every two seconds at least.
 */
export const LAPSE_SECONDS = 15;
