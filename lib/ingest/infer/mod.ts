/** Which column type keeps what a column's texts say, and what a column is called. */
export { dateToIso } from "./dates.ts";
export { type ColumnType } from "./forms.ts";
export { ExactTokenizer, JSON_DEPTH_AT_MOST, JsonNumber } from "./json_text.ts";
export { columnNames, objectName, tableNameOf, uniqueName } from "./names.ts";
export { ColumnSketch, type JsonKind } from "./sketch.ts";
