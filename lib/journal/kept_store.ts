import type { Tx } from "../postgres/mod.ts";
import { IMPORT_UNDO_DAYS } from "./import_store.ts";

/** Notes for the sweep until when an endpoint keeps what undoing some imports, or their undoing, needs. */
export async function extendKept(tx: Tx, ingests: readonly string[]): Promise<void> {
  await tx`
    UPDATE ingests SET kept_until = now() + make_interval(days => ${IMPORT_UNDO_DAYS})
    WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text(${tx.json([...ingests])}))`;
}
