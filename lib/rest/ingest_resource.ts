import { z } from "zod";
import { type ErrorCode, ERRORS } from "../errors.ts";
import type { IngestView, Reject } from "../ingest/mod.ts";

const time = z.iso.datetime();
const count = z.int().min(0);

const progress = z.object({
  phase: z.enum(["upload", "detect", "read", "write", "keys"]),
  bytes_done: count.describe("Within the phase."),
  bytes_total: count.describe("0 where it is not known."),
  rows: count,
});

const reference = z.object({ table: z.string(), column: z.string() });

const tableReport = z.object({
  name: z.string(),
  mode: z.enum(["create", "append", "replace"]),
  rows: count.describe("Rows added."),
  removed: count.nullable().describe("Rows that those replaced; null unless the mode is replace."),
  rejected: count.describe("Rows set aside."),
  columns: z.array(z.object({
    name: z.string(),
    original: z.string().describe("The header or JSON key; empty where there was none."),
    type: z.string(),
    nullable: z.boolean(),
  })),
  primary_key: z.array(z.string()),
  foreign_keys: z.array(z.object({ column: z.string(), references: reference })),
  waits: z.boolean().describe(
    "Whether it was new, and no token and no app sees it until a person opens it in the dashboard.",
  ),
});

const report = z.object({
  format: z.string(),
  encoding: z.string(),
  delimiter: z.string().nullable().describe("Null for JSON."),
  quote: z.string().nullable(),
  header: z.boolean().nullable(),
  tables: z.array(tableReport),
  rejects: count,
  warnings: z.array(z.string()),
});

/** A load as `/v1` shows it. */
export const ingestResource = z.object({
  id: z.uuid(),
  status: z.enum([
    "uploading",
    "queued",
    "running",
    "waiting",
    "done",
    "failed",
    "cancelled",
    "rejected",
  ])
    .describe("`waiting`: for a person to approve it. The last four are final."),
  file_name: z.string(),
  size_bytes: count.nullable().describe("Null while uploading."),
  sha256: z.string().nullable().describe("Null while uploading."),
  progress: progress.nullable(),
  report: report.nullable().describe("What became of the file; null before it is done."),
  error: z.object({
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string().nullable(),
  }).nullable().describe("Why it was not loaded; null unless it failed."),
  cancel_requested: z.boolean(),
  created_at: time,
  finished_at: time.nullable(),
}).meta({ id: "Ingest" });

/** A row that a load set aside, as `/v1` shows it. */
export const rejectResource = z.object({
  table: z.string(),
  line: count.describe("In a JSON array the place of the row, else the line on which it begins."),
  reason: z.string(),
  raw: z.string().describe("The row's beginning."),
}).meta({ id: "Reject" });

function showReport(view: NonNullable<IngestView["report"]>): z.input<typeof report> {
  const { format, encoding, delimiter, quote, header, rejects } = view;
  return {
    format,
    encoding,
    delimiter,
    quote,
    header,
    tables: view.tables.map((table) => ({
      name: table.name,
      mode: table.mode,
      rows: table.rows,
      removed: table.removed ?? null,
      rejected: table.rejected,
      columns: table.columns.map(({ name, original, type, nullable }) => ({
        name,
        original,
        type,
        nullable,
      })),
      primary_key: [...table.primaryKey],
      foreign_keys: table.foreignKeys.map(({ column, references }) => ({
        column,
        references: { table: references.table, column: references.column },
      })),
      waits: table.waits ?? false,
    })),
    rejects,
    warnings: [...view.warnings],
  };
}

/** Shows a load. */
export function showIngest(view: IngestView): z.input<typeof ingestResource> {
  return {
    id: view.id,
    status: view.status,
    file_name: view.fileName,
    size_bytes: view.sizeBytes,
    sha256: view.sha256,
    progress: view.progress && {
      phase: view.progress.phase,
      bytes_done: view.progress.bytesDone,
      bytes_total: view.progress.bytesTotal,
      rows: view.progress.rows,
    },
    report: view.report && showReport(view.report),
    error: view.error && { code: view.error.code, detail: view.error.detail },
    cancel_requested: view.cancelRequested,
    created_at: view.createdAt.toISOString(),
    finished_at: view.finishedAt?.toISOString() ?? null,
  };
}

/** Shows a row that was set aside. */
export function showReject({ table, line, reason, raw }: Reject): z.input<typeof rejectResource> {
  return { table, line, reason, raw };
}
