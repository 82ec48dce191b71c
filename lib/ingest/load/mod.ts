/** From a stored file to tables: the load itself, keys by hand, and the full-text index. */
export { declareForeignKey, dropForeignKey, type ForeignKey } from "./foreign_keys.ts";
export { loadFile, previewFile } from "./load_file.ts";
export { indexForSearch, isIndexedLater } from "./search_index.ts";
export type {
  ColumnReport,
  ForeignKeyReport,
  LoadAuthor,
  LoadInput,
  LoadOptions,
  LoadPhase,
  LoadPreview,
  LoadProgress,
  LoadReport,
  TableReport,
} from "./types.ts";
