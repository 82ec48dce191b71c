import { AppError } from "../../errors.ts";
import type { ChangeId } from "../../ids.ts";
import {
  actAsWriter,
  asKeeper,
  changedBy,
  decidedBy,
  lockChange,
  type LockedChange,
  markApplied,
  noteReview,
  notWaiting,
  readQueued,
  updateObstacle,
} from "../../journal/mod.ts";
import { fromPostgres, sqlState, type Tx } from "../../postgres/mod.ts";
import { type EndpointScope, requireTableWrite } from "../../principal.ts";
import type { Services } from "../../services.ts";
import type { CompiledManifest } from "../manifest/compile.ts";
import { loadManifest } from "../manifest/load.ts";
import { countsOf, insist, isPassing, type Outcome } from "../writes/mod.ts";
import { carryOut, Obstacle, writeOf } from "./carry_out.ts";
import { requireAnother, requireDecider } from "./decider.ts";

const MOVED_ON =
  "Rows have changed since this was asked for, and it would not do what was shown. " +
  "Nothing was changed.";

const LOOKED_AT_ANOTHER = "What this change would do was looked at anew meanwhile. Look again.";

/** Whether a write did to the same rows what its preview showed. */
const isAsShown = (change: LockedChange, outcome: Outcome) =>
  (["count", "inserted", "unchanged", "was"] as const).every((key) => change[key] === outcome[key]);

/** What the journal keeps: in the name of who asked, and who approved it. */
function contextOf(scope: EndpointScope, id: ChangeId, { context }: LockedChange): string {
  const { user, label } = decidedBy(scope);
  return JSON.stringify({ change: id, by: { ...context, approved_by: { user, label } } });
}

/** Applies the change and notes that, in one transaction. Of two at once, the later finds it decided. */
async function apply(
  tx: Tx,
  scope: EndpointScope,
  manifest: CompiledManifest,
  id: ChangeId,
  version: string | null,
): Promise<void> {
  const change = await lockChange(tx, id);
  if (change?.state !== "queued") throw notWaiting(change?.state);
  if (version !== null && version !== change.version) {
    throw new AppError("CONFLICT", LOOKED_AT_ANOTHER);
  }
  const write = writeOf(manifest, change);
  if (!await actAsWriter(tx)) throw new AppError("WRITES_OFF");
  const outcome = await carryOut(tx, manifest, write, contextOf(scope, id, change));
  if (!isAsShown(change, outcome)) throw new Obstacle(new AppError("CONFLICT", MOVED_ON));
  await markApplied(tx, id, decidedBy(scope));
  const counts = countsOf(write.shape, outcome);
  const { tool, table } = change;
  await noteReview(
    tx,
    { action: "change.approved", change: { id, tool, table }, counts },
    changedBy(scope, tool),
  );
}

/**
 * Approves a change that waits: it is done now, as the endpoint's writer and in the name of who asked, if
 * it does to the same rows what was shown. Once, whoever else approves or rejects it at the same time.
 * Whether the token that asked still acts makes no difference: a person has looked.
 *
 * @param version What was shown of it, as `ReviewView` names that; null: whatever it would do.
 * @throws AppError NOT_FOUND; CONFLICT where it is decided on already, or something stands against it: it
 * waits on then, and says so; WRITES_OFF; ACCESS_DENIED to who asked for it, and to who may not decide.
 */
export async function approveChange(
  services: Services,
  scope: EndpointScope,
  id: ChangeId,
  version: string | null,
): Promise<void> {
  await requireDecider(services, scope);
  const asked = await readQueued(services, scope, id);
  if (asked?.state !== "queued") throw notWaiting(asked?.state);
  requireTableWrite(scope, asked.table);
  await requireAnother(services, scope, { actor: asked.actor, token: asked.by.token });
  if (scope.endpoint.settings.writes === "off") throw new AppError("WRITES_OFF");
  const manifest = await loadManifest(services, scope);
  try {
    await insist(async () => {
      // The note under which this is written has to be young when it commits.
      await services.relays.want(scope.endpoint);
      await asKeeper(services, scope, (tx) => apply(tx, scope, manifest, id, version));
    });
  } catch (error) {
    throw await told(services, scope, id, error);
  } finally {
    services.relays.wake(scope.endpoint.id);
  }
}

/** What to say of an approval that failed. An obstacle is kept with the change, for whoever looks next. */
export async function told(
  services: Services,
  scope: EndpointScope,
  id: ChangeId,
  error: unknown,
): Promise<unknown> {
  if (error instanceof Obstacle) {
    await asKeeper(services, scope, (tx) => updateObstacle(tx, id, error.fault.message));
    return error.fault;
  }
  return isPassing(error) || sqlState(error) === "55P03"
    ? new AppError("CONFLICT", "Others are changing the same rows just now. Try again.", {
      cause: error,
    })
    : fromPostgres(error);
}
