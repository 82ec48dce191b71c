import { withEndpoint } from "../../endpoints/mod.ts";
import type { PreviewRow, ReviewedChange } from "../../journal/mod.ts";
import { sqlState } from "../../postgres/mod.ts";
import type { EndpointScope } from "../../principal.ts";
import type { Services } from "../../services.ts";
import type { CompiledManifest, Table } from "../manifest/compile.ts";
import { selectVersions } from "./versions_store.ts";

/** How a row has moved on since a change of it was asked for. */
export type Moved = "changed" | "gone" | "taken";

function movedOf({ op, was }: PreviewRow, now: string | null): Moved | null {
  if (op === "insert") return now === null ? null : "taken";
  if (now === null) return "gone";
  return now === was ? null : "changed";
}

/** Whether a preview's keys are those that the table has now. */
function keysMeet(table: Table, rows: readonly PreviewRow[]): boolean {
  const names = table.key?.map(({ name }) => name) ?? [];
  return names.length > 0 && rows.every(({ keyText }) => {
    const given = Object.keys(JSON.parse(keyText));
    return given.length === names.length && names.every((name) => given.includes(name));
  });
}

/**
 * How each row of a change that waits has moved on, in their order, as the reader sees the rows now; null
 * where that cannot be told any more, since the table or its rules have changed.
 */
export async function movedRows(
  services: Services,
  scope: EndpointScope,
  manifest: CompiledManifest,
  change: ReviewedChange,
): Promise<(Moved | null)[] | null> {
  const table = manifest.tables.get(change.table);
  if (!table || !keysMeet(table, change.rows)) return null;
  if (!change.rows.length) return [];
  const keys = change.rows.map((row) => row.keyText);
  try {
    const versions = await withEndpoint(
      services,
      scope,
      "reader",
      (sql) => selectVersions(sql, table, keys),
    );
    return change.rows.map((row, i) => movedOf(row, versions[i] ?? null));
  } catch (error) {
    // A column or a grant that is gone, a key that is of its type no more.
    if (/^(22|42)/.test(sqlState(error) ?? "")) return null;
    throw error;
  }
}
