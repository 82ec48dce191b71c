import { AppError } from "../../errors.ts";
import type { ChangeId } from "../../ids.ts";
import { approveImport, IMPORT_TOOL } from "../../ingest/mod.ts";
import {
  actAsWriter,
  actorKey,
  asKeeper,
  changedBy,
  decidedBy,
  lockChange,
  type LockedChange,
  markApplied,
  NO_ROWS,
  noteReview,
  notWaiting,
  readQueued,
  selectSeen,
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

/** What somebody says of a change when they approve it. */
export interface Approval {
  /** What they were shown of it, as `ReviewView` names that. */
  readonly version: string;
  /** Rows of it that they approve without having looked at them. */
  readonly unseen: number;
}

/** There are rows that whoever approves has not been shown, and they did not say so. */
export class UnseenRows extends AppError {
  constructor(readonly unseen: number, given: number) {
    const rows = `${unseen} row${unseen === 1 ? "" : "s"}`;
    super(
      "CONFLICT",
      unseen > 0
        ? `You have not been shown ${rows} of this change. Look at them first, or say that you approve ` +
          `${rows} that you have not looked at. Nothing was changed.`
        : `You have been shown every row of this change, and not all but ${given}. Nothing was changed.`,
    );
  }
}

const LOOKED_AT_ANOTHER = "What this change would do was looked at anew meanwhile. Look again.";

/** Whether a write did to the same rows what its preview showed. */
const isAsShown = (change: LockedChange, outcome: Outcome) =>
  (["count", "inserted", "unchanged", "was"] as const).every((key) => change[key] === outcome[key]);

/** What the journal keeps: in the name of who asked, and who approved it. */
function contextOf(scope: EndpointScope, id: ChangeId, { context }: LockedChange): string {
  const { user, label } = decidedBy(scope);
  return JSON.stringify({ change: id, by: { ...context, approved_by: { user, label } } });
}

/** Locks a change that waits, and of which whoever approves it has seen what they say. */
async function lockShown(
  tx: Tx,
  scope: EndpointScope,
  id: ChangeId,
  { version, unseen }: Approval,
): Promise<LockedChange> {
  const change = await lockChange(tx, id);
  if (change?.state !== "queued") throw notWaiting(change?.state);
  if (version !== change.version) throw new AppError("CONFLICT", LOOKED_AT_ANOTHER);
  const seen = await selectSeen(tx, id, actorKey(scope.principal), version);
  const left = Math.max(0, change.count - seen);
  if (left !== unseen) throw new UnseenRows(left, unseen);
  return change;
}

/** Applies the change and notes that, in one transaction. Of two at once, the later finds it decided. */
async function apply(
  tx: Tx,
  scope: EndpointScope,
  manifest: CompiledManifest,
  id: ChangeId,
  approval: Approval,
): Promise<void> {
  const change = await lockShown(tx, scope, id, approval);
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
 * Whether the token that asked still acts makes no difference: a person has looked. An import is begun, and
 * waits on where it cannot be done as shown.
 *
 * @throws UnseenRows where it has rows that the caller was not shown, and they say otherwise.
 * @throws AppError NOT_FOUND; CONFLICT where it is decided on already, or something stands against it: it
 * waits on then, and says so; WRITES_OFF; ACCESS_DENIED to who asked for it, and to who may not decide.
 */
export async function approveChange(
  services: Services,
  scope: EndpointScope,
  id: ChangeId,
  approval: Approval,
): Promise<void> {
  await requireDecider(services, scope);
  const asked = await readQueued(services, scope, id, NO_ROWS);
  if (asked?.state !== "queued") throw notWaiting(asked?.state);
  for (const { name } of asked.file?.tables ?? [{ name: asked.table }]) {
    requireTableWrite(scope, name);
  }
  await requireAnother(services, scope, { actor: asked.actor, token: asked.by.token });
  if (scope.endpoint.settings.writes === "off") throw new AppError("WRITES_OFF");
  if (asked.tool === IMPORT_TOOL) {
    await asKeeper(services, scope, (tx) => lockShown(tx, scope, id, approval));
    return await approveImport(services, scope, id, approval.version);
  }
  const manifest = await loadManifest(services, scope);
  try {
    await insist(async () => {
      // The note under which this is written has to be young when it commits.
      await services.relays.want(scope.endpoint);
      await asKeeper(services, scope, (tx) => apply(tx, scope, manifest, id, approval));
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
