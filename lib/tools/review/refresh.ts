import type { ChangeId } from "../../ids.ts";
import { IMPORT_TOOL, refreshImport } from "../../ingest/mod.ts";
import {
  asKeeper,
  lockChange,
  NO_ROWS,
  notWaiting,
  readQueued,
  updatePreview,
} from "../../journal/mod.ts";
import { AppError } from "../../errors.ts";
import { type EndpointScope, requireTableWrite } from "../../principal.ts";
import type { Services } from "../../services.ts";
import { createCall } from "../call.ts";
import { loadManifest } from "../manifest/load.ts";
import { type Outcome, previewJson, tryWrite, type Write } from "../writes/mod.ts";
import { told } from "./approve.ts";
import { Obstacle, writeOf } from "./carry_out.ts";
import { requireDecider } from "./decider.ts";

/**
 * Looks at what a change that waits would do to the rows as they are now, and keeps that as what is to be
 * approved.
 *
 * @throws AppError NOT_FOUND; CONFLICT where it is decided on already, or cannot be done as things are;
 * WRITES_OFF; ACCESS_DENIED.
 */
export async function refreshPreview(
  services: Services,
  scope: EndpointScope,
  id: ChangeId,
): Promise<void> {
  await requireDecider(services, scope);
  if (scope.endpoint.settings.writes === "off") throw new AppError("WRITES_OFF");
  const asked = await readQueued(services, scope, id, NO_ROWS);
  if (asked?.state !== "queued") throw notWaiting(asked?.state);
  requireTableWrite(scope, asked.table);
  const change = await asKeeper(services, scope, (tx) => lockChange(tx, id));
  if (change?.state !== "queued") throw notWaiting(change?.state);
  if (change.tool === IMPORT_TOOL) return await refreshImport(services, scope, id);
  const manifest = await loadManifest(services, scope);
  const call = createCall(services, scope, manifest);
  let write: Write;
  let outcome: Outcome;
  try {
    write = writeOf(manifest, change);
    outcome = await tryWrite(call, change.tool, write, "whole");
  } catch (error) {
    const stays = error instanceof AppError && ["CONFLICT", "ROW_NOT_FOUND"].includes(error.code);
    throw await told(services, scope, id, stays ? new Obstacle(error) : error);
  }
  const preview = previewJson(write, outcome);
  if (await asKeeper(services, scope, (tx) => updatePreview(tx, id, preview))) return;
  throw notWaiting("rejected");
}
