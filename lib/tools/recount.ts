import { AppError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { CompiledManifest, Table } from "./manifest/compile.ts";
import { countEachStatement } from "./sql/count.ts";

// What is larger was not counted for the manifest either: its estimate stands.
const COUNTED_ROWS = 200_000;

// Counts of one statement.
const BATCH = 100;

async function countsOf(call: Call, tables: readonly Table[]): Promise<(number | null)[]> {
  const [row] = await call.query(countEachStatement(tables, COUNTED_ROWS + 1));
  return row!.map((text) => Number(text) > COUNTED_ROWS ? null : Number(text));
}

/**
 * The manifest with rows as they are now, where they were counted when it was made: rows have come and gone
 * since. What cannot be counted just now is told as an estimate.
 *
 * @throws AppError CANCELLED.
 */
export async function recount(
  call: Call,
  names: readonly string[] = [...call.manifest.tables.keys()],
): Promise<CompiledManifest> {
  const { manifest } = call;
  const wanted = names.map((name) => manifest.tables.get(name)!).filter(({ exact }) => exact);
  if (wanted.length === 0) return manifest;
  const tables = new Map(manifest.tables);
  for (let start = 0; start < wanted.length; start += BATCH) {
    const batch = wanted.slice(start, start + BATCH);
    const counts = await countsOf(call, batch).catch((error) => {
      if (error instanceof AppError && error.code === "CANCELLED") throw error;
      return batch.map(() => null);
    });
    for (const [i, table] of batch.entries()) {
      const rows = counts[i] ?? null;
      tables.set(
        table.name,
        rows === null ? { ...table, exact: false } : { ...table, rows, exact: true },
      );
    }
  }
  return { ...manifest, tables, texts: new Map() };
}
