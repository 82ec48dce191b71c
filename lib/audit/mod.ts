/** What happened: audit entries of significant acts, usage events of every call. */
export {
  actorOf,
  type AuditAction,
  type AuditActor,
  type AuditEvent,
  recordEvent,
  SYSTEM_ACTOR,
} from "./events.ts";
export { createTokenUseRecorder, type TokenUseRecorder } from "./token_use.ts";
export { createUsageRecorder, type UsageEvent, type UsageRecorder } from "./usage.ts";
