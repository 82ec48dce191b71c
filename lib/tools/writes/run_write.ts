import { sha256Hex } from "../../crypto/mod.ts";
import { openEndpoint, withEndpoint } from "../../endpoints/mod.ts";
import { AppError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { actorKey, changeContext, type KeyedChange, selectKeyed } from "../../journal/mod.ts";
import { fromPostgres, type Sql, type Tx } from "../../postgres/mod.ts";
import type { ToolAnswer } from "../answer.ts";
import { type Call, preparedTexts, toCallError } from "../call.ts";
import { canonical } from "../canonical.ts";
import { replaySql } from "../sql/write.ts";
import { Params } from "../sql/statement.ts";
import { answerWrite } from "./answer.ts";
import { isPassing, toWriteFault } from "./faults.ts";
import { firstOf } from "./first_of.ts";
import { type Outcome, readCounted } from "./outcome.ts";
import { queueWrite } from "./queue.ts";
import { send } from "./send_store.ts";
import {
  type Told,
  type Write,
  type WriteRequest,
  type WriteStatement,
  writeStatement,
} from "./write.ts";

/** Times that a write is tried when another change comes between. */
const TRIES = 3;

// A longer text is a statement of many rows, which does not come again.
const PREPARED_CHARS = 4_000;

/** Tries again what was kept in no part, when another change came between. */
export async function insist<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await run();
    } catch (error) {
      if (tries === TRIES || !isPassing(error)) throw error;
    }
  }
}

/** What undoes a transaction that has gone well. */
class TakenBack extends Error {
  constructor(readonly outcome: Outcome) {
    super("a dry run is taken back");
  }
}

/** Runs a write in a transaction of its own; a dry run is taken back before its end. */
async function inTransaction(
  sql: Sql,
  write: Write,
  statement: WriteStatement,
  dryRun: boolean,
): Promise<Outcome> {
  try {
    return await sql.begin(async (tx) => {
      const outcome = await send(tx as unknown as Tx, statement, false);
      write.check(outcome);
      if (!dryRun) return outcome;
      // What Postgres would judge at the end only.
      await tx`SET CONSTRAINTS ALL IMMEDIATE`;
      throw new TakenBack(outcome);
    }) as Outcome;
  } catch (error) {
    if (error instanceof TakenBack) return error.outcome;
    throw error;
  }
}

/** Runs a write as the writer, at once. Of what fails, nothing is kept. */
async function perform(
  call: Call,
  write: Write,
  context: string,
  dryRun: boolean,
  told: Told = dryRun ? "before" : "own",
) {
  const { services, scope } = call;
  const statement = writeStatement(write, context, told);
  const judged = dryRun || write.judged;
  const prepared = await preparedTexts(services, scope.endpoint.id);
  const prepare = statement.text.length < PREPARED_CHARS && prepared.admit(statement.text);
  const lease = await openEndpoint(services, scope, judged ? "trial" : "writer");
  try {
    return await insist(async () => {
      if (judged) return await inTransaction(lease.sql, write, statement, dryRun);
      // One statement is a transaction: nothing of it stays where no row is found.
      const outcome = await send(lease.sql, statement, prepare);
      write.check(outcome);
      return outcome;
    });
  } catch (error) {
    const fault = toWriteFault(call.manifest, write.table, error);
    // Not asked whether the caller has gone: a write that was sent is done or not, whoever listens.
    throw fault === error || !(fault instanceof AppError)
      ? toCallError(error, statement, NEVER)
      : fault;
  } finally {
    lease.release();
  }
}

const NEVER = new AbortController().signal;

/**
 * Runs a write inside a transaction that has other work, too, and that acts as the writer.
 *
 * @throws what Postgres refused, or what the write's own check says: then the transaction must end.
 */
export async function applyWrite(
  tx: Tx,
  write: Write,
  context: string,
): Promise<Outcome> {
  const outcome = await send(tx, writeStatement(write, context, "before"), false);
  write.check(outcome);
  return outcome;
}

/**
 * What would happen, with the rows as they are and would be.
 *
 * @param told `whole`: all rows to their ends, for whoever reviews it.
 */
export function tryWrite(
  call: Call,
  tool: string,
  write: Write,
  told: "before" | "whole" = "before",
): Promise<Outcome> {
  return perform(call, write, changeContext(call.scope, tool, newId()), true, told);
}

/** The digest by which a repeated call is known to be the same. */
function bodyDigest(call: Call, request: WriteRequest): string {
  return sha256Hex(canonical([call.scope.endpoint.id, request.tool, request.body]));
}

async function asOwner<T>(call: Call, work: (owner: Sql) => Promise<T>): Promise<T> {
  try {
    return await withEndpoint(call.services, call.scope, "owner", work);
  } catch (error) {
    throw fromPostgres(error);
  }
}

/**
 * Answers a change that was asked for before, under the same key, as it was answered then. What still
 * waits is only counted: get_change tells its rows, by the field rules of now.
 */
async function answerAgain(
  call: Call,
  write: Write,
  found: KeyedChange,
  digest: string,
): Promise<ToolAnswer> {
  if (found.digest !== digest) {
    throw new AppError(
      "CONFLICT",
      "This idempotency_key was used for another call. Take a new key for another change.",
    );
  }
  const { table, shape, shown } = write;
  const state = found.state;
  if (state !== "applied") {
    const outcome = { ...NO_ROWS, ...found.counts };
    return answerWrite(call, table, shape.operation, state, found.id, outcome);
  }
  const params = new Params();
  const text = replaySql(table, shape, params.bind(found.id), shown);
  const outcome = await asOwner(
    call,
    (owner) => send(owner, { text, values: params.values, read: readCounted }, false),
  );
  return answerWrite(call, table, shape.operation, state, found.id, outcome);
}

const NO_ROWS: Outcome = { count: 0, inserted: 0, unchanged: 0, was: null, effects: [] };

/** Whether a person looks at this caller's writes before they happen. */
function isReviewed({ scope }: Call): boolean {
  return scope.endpoint.settings.writes === "review" || scope.principal.review;
}

/** A connection that was lost says nothing of what was sent over it. */
function uncertain(error: unknown, key: string | undefined): unknown {
  if (!(error instanceof AppError) || error.code !== "UNAVAILABLE") return error;
  const advice = key === undefined
    ? "Read the rows before you repeat it, and give an idempotency_key next time."
    : "Repeat the call with the same idempotency_key: it is done once.";
  return new AppError(
    "UNAVAILABLE",
    `The database went away, and whether the change was made is not known. ${advice}`,
    { cause: error },
  );
}

async function writeOnce(call: Call, request: WriteRequest, write: Write): Promise<ToolAnswer> {
  const { scope, services } = call;
  const { tool, change, key } = request;
  const { table, shape } = write;
  const digest = key === undefined ? undefined : bodyDigest(call, request);
  const idempotency = key === undefined ? undefined : { key, digest: digest! };
  const before = async () => {
    if (key === undefined) return null;
    const found = await asOwner(
      call,
      (owner) => selectKeyed(owner, actorKey(scope.principal), key),
    );
    return found && await answerAgain(call, write, found, digest!);
  };
  const answered = await before();
  if (answered) return answered;
  await services.relays.want(scope.endpoint);
  try {
    if (isReviewed(call)) {
      const preview = await tryWrite(call, tool, write, "whole");
      await queueWrite(call, request, write, preview, idempotency);
      return answerWrite(call, table, shape.operation, "queued", change, firstOf(write, preview));
    }
    const context = changeContext(scope, tool, change, idempotency ? { idempotency } : {});
    const outcome = await perform(call, write, context, false);
    return answerWrite(call, table, shape.operation, "applied", change, outcome);
  } catch (error) {
    // Perhaps the same call came first, in another process.
    const first = await before().catch(() => null);
    if (first) return first;
    throw uncertain(error, key);
  } finally {
    services.relays.wake(scope.endpoint.id);
  }
}

/**
 * Runs a write: as a trial, for a person to approve, or at once, as the endpoint and the token say. Under
 * an idempotency key a repeated call is answered as the first was.
 *
 * @throws AppError WRITES_OFF; CONFLICT, INVALID_ARGUMENTS, ROW_NOT_FOUND where nothing was changed.
 */
export async function runWrite(
  call: Call,
  request: WriteRequest,
  write: Write,
): Promise<ToolAnswer> {
  if (call.scope.endpoint.settings.writes === "off") throw new AppError("WRITES_OFF");
  if (call.scope.signal.aborted) throw new AppError("CANCELLED");
  if (!request.dryRun) return await writeOnce(call, request, write);
  const outcome = await tryWrite(call, request.tool, write);
  return answerWrite(
    call,
    write.table,
    write.shape.operation,
    "dry_run",
    request.change,
    outcome,
  );
}
