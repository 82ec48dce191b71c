import type { ChangeId } from "../../ids.ts";
import { IMPORT_TOOL, rejectImport } from "../../ingest/mod.ts";
import { NO_ROWS, notWaiting, readQueued, rejectQueued } from "../../journal/mod.ts";
import { type EndpointScope, requireTableWrite } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { requireDecider } from "./decider.ts";

/**
 * Rejects a change that waits: it is never done.
 *
 * @param note Why, for who asked; null: no word.
 * @throws AppError NOT_FOUND; CONFLICT where it is decided on already; ACCESS_DENIED.
 */
export async function rejectChange(
  services: Services,
  scope: EndpointScope,
  id: ChangeId,
  note: string | null,
): Promise<void> {
  await requireDecider(services, scope);
  const asked = await readQueued(services, scope, id, NO_ROWS);
  if (!asked) throw notWaiting(undefined);
  requireTableWrite(scope, asked.table);
  // Its file goes first: a change whose import is over can be rejected still.
  if (asked.state === "queued" && asked.tool === IMPORT_TOOL) {
    await rejectImport(services, scope, id);
  }
  await rejectQueued(services, scope, id, note);
}
