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
  listAnchors,
} from "./activity.ts";
export { anchorAudit } from "./anchor.ts";
export { serveAnchors } from "./serve_anchors.ts";
export { pushAnchors } from "./push_anchors.ts";
export { anchorKeys } from "./signing_key.ts";
export { readStatement } from "./statement.ts";
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
export { type KeptAnchor, type Verified, verifyExport } from "./verify.ts";
