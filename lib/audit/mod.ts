/** What happened: audit entries of significant acts, chained; usage events of every call. */
export {
  type ActivityChoices,
  activityChoices,
  type ActivityEntry,
  type ActivityFilter,
  activityHead,
  type ActivityPage,
  exportActivity,
  listActivity,
} from "./activity.ts";
export { anchorAudit } from "./anchor.ts";
export type { Anchor } from "./chain.ts";
export { type Verdict, verifyCommand } from "./command.ts";
export { createDenialRecorder, type DenialRecorder, FROM_ELSEWHERE } from "./denials.ts";
export {
  actorOf,
  AUDIT_ACTIONS,
  type AuditAction,
  type AuditActor,
  type AuditEvent,
  recordEvent,
  recordEvents,
  SYSTEM_ACTOR,
} from "./events.ts";
export { exportAudit, type ExportFormat } from "./export.ts";
export { keepAudit } from "./retention.ts";
export { createTokenUseRecorder, type TokenUseRecorder } from "./token_use.ts";
export { createUsageRecorder, type UsageEvent, type UsageRecorder } from "./usage.ts";
export { type Verified, verifyExport } from "./verify.ts";
