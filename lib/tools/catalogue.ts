import { aggregateRows } from "./aggregate_rows.ts";
import { countRows } from "./count_rows.ts";
import { describeTables } from "./describe_tables.ts";
import { filterRows } from "./filter_rows.ts";
import { getActivityLog } from "./get_activity_log.ts";
import { getChange } from "./get_change.ts";
import { getRow } from "./get_row.ts";
import { joinRows } from "./join_rows.ts";
import { listRows } from "./list_rows.ts";
import { searchRows } from "./search_rows.ts";
import type { Tool } from "./tool.ts";
import { undoChange } from "./undo_change.ts";
import { WRITE_TOOLS } from "./writes/mod.ts";

/** Every tool, in the order in which a model should read them. */
export const CATALOGUE: readonly Tool[] = [
  describeTables,
  listRows,
  getRow,
  filterRows,
  searchRows,
  countRows,
  aggregateRows,
  joinRows,
  ...WRITE_TOOLS,
  getChange,
  undoChange,
  getActivityLog,
];

/** The tools by name. A Map, so that no name is a prototype's. */
export const TOOLS: ReadonlyMap<string, Tool> = new Map(
  CATALOGUE.map((tool) => [tool.name, tool]),
);

/** Names of the tools that change rows. */
export const WRITING_TOOLS: ReadonlySet<string> = new Set(
  CATALOGUE.filter((tool) => tool.writes).map((tool) => tool.name),
);
