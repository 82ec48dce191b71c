import { AppError } from "../../errors.ts";
import { fromPostgres, type PostgresFault, postgresFault } from "../../postgres/mod.ts";
import type { CompiledManifest, Table } from "../manifest/compile.ts";
import { quoted } from "../names.ts";

/**
 * The columns that a constraint's fault names. Postgres says which only where the role may read all of
 * them and no policy filters the table.
 */
function keyColumns(fault: PostgresFault): string {
  const names = /^Key \((.+?)\)=/.exec(fault.detail ?? "")?.[1];
  return names ? ` (${names.split(", ").map(quoted).join(", ")})` : "";
}

function referenceFault(manifest: CompiledManifest, table: Table, fault: PostgresFault): string {
  const other = /(?:in|from) table "(.+?)"/.exec(fault.detail ?? "")?.[1];
  const known = other !== undefined && manifest.tables.has(other) ? ` in ${quoted(other)}` : "";
  return /referenced from/.test(fault.detail ?? "") || fault.table !== table.name
    ? `other rows${known} refer to this row; delete or change those first`
    : `a foreign key${keyColumns(fault)} names a row that is not there${known}`;
}

/** SQLSTATEs that say: again, and it may work. */
const PASSING = new Set(["40001", "40P01"]);

/** Whether a write that ended so may be tried again at once: nothing of it was kept. */
export function isPassing(error: unknown): boolean {
  const fault = postgresFault(error);
  return fault !== null && PASSING.has(fault.code);
}

function wording(manifest: CompiledManifest, table: Table, fault: PostgresFault): string | null {
  switch (fault.code) {
    case "23505":
      return `another row has that value already in a unique column${keyColumns(fault)}`;
    case "23503":
      return referenceFault(manifest, table, fault);
    case "23502": {
      const column = fault.column && table.columns.get(fault.column);
      return column
        ? `${quoted(column.name)} needs a value`
        : "a column that is not yours to set needs a value, so no row can be added here";
    }
    case "21000":
      return "two of the rows are the same row by that key";
    case "23514":
    case "23P01":
      return "a rule of the table refuses this row";
    case "42501":
      return fault.routine === "ExecWithCheckOptions"
        ? "the row is, or would be, outside of what you may write"
        : null;
    case "55P03":
      return "somebody else is changing the same rows; try again in a moment";
    default:
      return PASSING.has(fault.code)
        ? "another change of the same rows came between; try again"
        : null;
  }
}

/**
 * What a model is told of a write that Postgres refused: which column and why, as far as both are
 * its to know. Nothing was changed.
 */
export function toWriteFault(manifest: CompiledManifest, table: Table, error: unknown): unknown {
  const fault = postgresFault(error);
  const text = fault && wording(manifest, table, fault);
  return text
    ? new AppError("CONFLICT", `${text}. Nothing was changed.`, { cause: error })
    : fromPostgres(error);
}
