import type { TableReach } from "../../table_reach.ts";
import type { CompiledManifest, Table } from "./compile.ts";

/** The table as who may only read it has it: as where writing is off. */
function readOnly(table: Table): Table {
  return {
    ...table,
    columns: new Map(
      [...table.columns].map((
        [name, column],
      ) => [name, { ...column, insertable: false, updatable: false }]),
    ),
    operations: [],
    deletable: false,
  };
}

/**
 * The manifest as a credential has it that reaches chosen tables: as if the others had never been. Every
 * tool, text, hint and key is made from a manifest, and SQL takes its names from one alone.
 */
export function narrowManifest(manifest: CompiledManifest, reach: TableReach): CompiledManifest {
  const tables = new Map<string, Table>();
  for (const [name, table] of manifest.tables) {
    const access = reach.tables.get(name);
    if (!access) continue;
    const kept = {
      ...table,
      foreignKeys: table.foreignKeys.filter((key) => reach.tables.has(key.table)),
    };
    tables.set(name, access === "write" ? kept : readOnly(kept));
  }
  return { ...manifest, tables, texts: new Map() };
}
