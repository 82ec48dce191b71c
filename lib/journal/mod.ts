/** What happened to an endpoint's rows: kept in its own database, carried to the audit log, taken back. */
export {
  type ChangeActor,
  type ChangeChoices,
  changeChoices,
  type ChangeFilter,
  type ChangeView,
  isEntryId,
  type JournalPage,
  listChanges,
  readChange,
  readJournalled,
} from "./changes.ts";
export { type CarriedEndpoint, type CarryOptions, carryOver, ROUND_LIMIT } from "./carry.ts";
export { carryRest } from "./carry_rest.ts";
export { actorKey, changeContext, changedBy, type ChangeFacts } from "./context.ts";
export {
  type ChangedBy,
  changedColumns,
  type ChangedRows,
  type ChangeSummary,
  type Image,
  type ImportedFile,
  type JournalEntry,
  type RowOp,
} from "./entry.ts";
export { insertNotice } from "./outbox_store.ts";
export { type KeyedChange, selectKeyed } from "./keyed_store.ts";
export {
  asKeeper,
  countWaiting,
  decidedBy,
  MAX_OWN_QUEUED,
  MAX_QUEUED,
  noteReview,
  notWaiting,
  queueChange,
  readQueue,
  readQueued,
  rejectQueued,
  rememberShown,
  type ReviewEvent,
} from "./queue.ts";
export {
  actAsKeeper,
  actAsWriter,
  type DecidedBy,
  lockChange,
  type LockedChange,
  markApplied,
  type PreviewRow,
  QUEUE_DAYS,
  type QueuedChange,
  type QueuePage,
  type ReviewedChange,
  updateObstacle,
} from "./queue_store.ts";
export {
  type ChangeCounts,
  NO_ROWS,
  type PreviewJson,
  type RowWindow,
  type StoredPreview,
  type StoredRow,
  updatePreview,
} from "./preview_store.ts";
export { type Refusal, REFUSALS } from "./refusals.ts";
export {
  applyImport,
  createKept,
  dropExpiredKept,
  dropKept,
  IMPORT_UNDO_DAYS,
  type ImportedTable,
  insertImport,
  keptSchema,
  keptTable,
} from "./import_store.ts";
export type { UndoneImport } from "./undo_import.ts";
export {
  MAX_ENTRIES,
  MAX_SHOWN,
  undoChanges,
  type UndoneRow,
  undoOwnChanges,
  type UndoResult,
  type UndoTarget,
} from "./undo.ts";
export { mailReviewers, setReviewMail, wantsReviewMail } from "./review_mail.ts";
export { type Relay, serveRelay } from "./relay.ts";
export { selectSeen, type ShownRows } from "./views_store.ts";
