/** Tools, resources and texts that are generated from an endpoint's schema. */
export type { ToolAnswer } from "./answer.ts";
export { WRITING_TOOLS } from "./catalogue.ts";
export type { TableDescription } from "./describe_tables.ts";
export { instructions, llmsTxt } from "./instructions.ts";
export { toolList } from "./list.ts";
export type { CompiledManifest } from "./manifest/compile.ts";
export { loadManifest } from "./manifest/load.ts";
export { rebuildManifest } from "./manifest/rebuild.ts";
export {
  listResources,
  readResource,
  type ResourceContents,
  type ResourceEntry,
  type ResourceTemplate,
  resourceTemplates,
} from "./resources.ts";
export { undoAndRebuild } from "./undo.ts";
export {
  type Approval,
  approveChange,
  listReview,
  type Moved,
  readReview,
  refreshPreview,
  rejectChange,
  type ReviewRow,
  type ReviewView,
  type ReviewWindow,
  UnseenRows,
} from "./review/mod.ts";
export {
  OPEN_RULES,
  type RuledColumn,
  type RuledTable,
  type TableRules,
  tableRules,
} from "./rules/shape.ts";
export { previewRows, readRules, readTableRules, rulesJson, setRules } from "./rules/rules.ts";
export { listWaitingTables, openTable } from "./rules/waiting.ts";
export type { WaitingTable } from "./rules/waiting_store.ts";
export { setWrites } from "./rules/writes.ts";
export { callTool } from "./run.ts";
export {
  countedManifest,
  type ManifestView,
  readManifest,
  type TableView,
  type ToolView,
} from "./view.ts";
