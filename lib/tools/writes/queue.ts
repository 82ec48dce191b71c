import { sha256Hex } from "../../crypto/mod.ts";
import { AppError } from "../../errors.ts";
import {
  actorKey,
  changedBy,
  type PreviewJson,
  queueChange,
  type StoredPreview,
} from "../../journal/mod.ts";
import { fromPostgres, sqlState } from "../../postgres/mod.ts";
import type { Call } from "../call.ts";
import { CUT } from "../sql/cells.ts";
import { countsOf } from "./answer.ts";
import type { Effect, Outcome } from "./outcome.ts";
import type { Write, WriteRequest } from "./write.ts";

// Spliced as it is, so that no number loses a digit.
function effectJson({ op, key, row, before, was }: Effect): string {
  const cut = [key, row, before].some((text) => text?.includes(CUT));
  return `{"op":"${op}","key":${key},"before":${op === "insert" ? null : before},` +
    `"after":${op === "delete" ? null : row},"was":${JSON.stringify(was)},"cut":${cut}}`;
}

/** What a write would do, with all of its rows, as it is kept while it waits. */
export function previewJson(write: Write, outcome: Outcome): PreviewJson {
  const { count, was, effects } = outcome;
  const rows = `[${effects.map(effectJson).join(",")}]`;
  const head: StoredPreview = {
    ...countsOf({ operation: write.shape.operation }, outcome),
    count,
    was,
    kept: effects.length,
    size: rows.length,
    digest: sha256Hex(rows),
  };
  return { head: JSON.stringify(head), rows };
}

/**
 * Keeps a write for a person to approve: its arguments, and what it would do now. Both stay in the
 * endpoint's own database.
 *
 * @throws AppError CONFLICT where too many wait already.
 */
export async function queueWrite(
  call: Call,
  request: WriteRequest,
  write: Write,
  preview: Outcome,
  idempotency: { readonly key: string; readonly digest: string } | undefined,
): Promise<void> {
  const { services, scope } = call;
  try {
    await queueChange(services, scope, {
      id: request.change,
      tool: request.tool,
      table: write.table.name,
      arguments: request.body,
      preview: previewJson(write, preview),
      actor: actorKey(scope.principal),
      context: changedBy(scope, request.tool),
      idempotency: idempotency ?? null,
    }, countsOf(write.shape, preview));
  } catch (error) {
    // Half of a surrogate pair: what the trial took for another character, JSON in Postgres refuses.
    if (!sqlState(error)?.startsWith("22")) throw fromPostgres(error);
    throw new AppError("INVALID_ARGUMENTS", "a text holds a character that cannot be kept", {
      cause: error,
    });
  }
}
