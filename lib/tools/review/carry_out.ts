import { AppError } from "../../errors.ts";
import { actAsKeeper, type LockedChange } from "../../journal/mod.ts";
import { sqlState, type Tx } from "../../postgres/mod.ts";
import type { CompiledManifest } from "../manifest/compile.ts";
import {
  applyWrite,
  isPassing,
  type Outcome,
  prepareWrite,
  toWriteFault,
  type Write,
} from "../writes/mod.ts";

/** What stands against a change that waits, for as long as nobody does something about it. */
export class Obstacle extends Error {
  constructor(readonly fault: AppError) {
    super(fault.message);
  }
}

// Without names: one may be hidden by now.
const OUTDATED = "The table, or what agents may do there, has changed since. Nothing was changed.";

const outdated = (cause: unknown) => new Obstacle(new AppError("CONFLICT", OUTDATED, { cause }));

/** Words of a fault that can be told as they are; the others are about arguments that fit no more. */
const isTellable = ({ code }: AppError) => code === "CONFLICT" || code === "ROW_NOT_FOUND";

const asConflict = (fault: AppError) =>
  fault.code === "CONFLICT"
    ? fault
    : new AppError("CONFLICT", `${fault.message}. Nothing was changed.`, { cause: fault });

/**
 * The write that a change asks for, as its arguments are to be read now.
 *
 * @throws Obstacle where the tables or their rules have changed.
 */
export function writeOf(
  manifest: CompiledManifest,
  { tool, arguments: body }: Pick<LockedChange, "tool" | "arguments">,
): Write {
  try {
    return prepareWrite(manifest, tool, body ?? {});
  } catch (error) {
    throw error instanceof AppError ? outdated(error) : error;
  }
}

/** What Postgres says to a write: an obstacle, or what passes and so is no note on the change. */
function faultOf(manifest: CompiledManifest, { table }: Write, error: unknown): unknown {
  const state = sqlState(error);
  // Tried again by who carries out.
  if (!state || isPassing(error)) return error;
  const fault = toWriteFault(manifest, table, error);
  if (!(fault instanceof AppError) || fault.code === "ACCESS_DENIED") {
    return state.startsWith("42") ? outdated(error) : fault;
  }
  return /^(22|23|42)/.test(state) ? new Obstacle(asConflict(fault)) : fault;
}

/**
 * Carries a write out in a transaction that acts as the writer, and ends acting so.
 *
 * @throws Obstacle where something stands against it; an error that is passing, as it came.
 */
export async function carryOut(
  tx: Tx,
  manifest: CompiledManifest,
  write: Write,
  context: string,
): Promise<Outcome> {
  try {
    const outcome = await applyWrite(tx, write, context);
    await actAsKeeper(tx);
    return outcome;
  } catch (error) {
    if (!(error instanceof AppError)) throw faultOf(manifest, write, error);
    throw isTellable(error) ? new Obstacle(asConflict(error)) : outdated(error);
  }
}
