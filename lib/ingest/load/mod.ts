/** From a stored file to tables: the load itself, keys by hand, and the full-text index. */
export { declareForeignKey, dropForeignKey, type ForeignKey } from "./foreign_keys.ts";
export { loadFile } from "./load_file.ts";
export { indexForSearch, isIndexedLater } from "./search_index.ts";
export type {
  ColumnReport,
  ForeignKeyReport,
  LoadInput,
  LoadOptions,
  LoadPhase,
  LoadProgress,
  LoadReport,
  TableReport,
} from "./types.ts";
