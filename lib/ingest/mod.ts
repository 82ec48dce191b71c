/** Loads: a file handed in, stored, and turned into tables by a job that survives its process. */
export { cancelIngest } from "./cancel.ts";
export type { Reject } from "./endpoint_store.ts";
export { cleanFileName } from "./file_name.ts";
export { IMPORT_TOOL } from "./ingest.ts";
export { approveImport, isImporting, refreshImport, rejectImport } from "./review.ts";
export type { IngestProgress, IngestRef, IngestStatus, IngestView } from "./ingest.ts";
export { type UploadOptions, uploadOptions } from "./options.ts";
export { declareForeignKey, dropForeignKey } from "./foreign_keys.ts";
export { DuplicateFile } from "./queue.ts";
export { getIngest, listIngests, listRejects, type RejectsPage } from "./read.ts";
export { type AfterLoad, runIngest } from "./run.ts";
export { serveIngests } from "./serve.ts";
export { MAX_FILE_BYTES, type NewFile, startIngest } from "./start.ts";
export { sweepIngests } from "./sweep.ts";
export { type FileUpload, uploadFromRequest } from "./upload.ts";
