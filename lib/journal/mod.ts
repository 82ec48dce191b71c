/** What happened to an endpoint's rows: kept in its own database, carried to the audit log, taken back. */
export { actorKey, changeContext, changedBy, type ChangeFacts } from "./context.ts";
