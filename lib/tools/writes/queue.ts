import { openEndpoint } from "../../endpoints/mod.ts";
import { actorKey, changedBy, insertQueued } from "../../journal/mod.ts";
import { fromPostgres } from "../../postgres/mod.ts";
import type { Call } from "../call.ts";
import type { Outcome } from "./outcome.ts";
import type { Write, WriteRequest } from "./write.ts";

/**
 * Keeps a write for a person to approve: its arguments, and what it would do now. Both stay in the
 * endpoint's own database.
 */
export async function queueWrite(
  call: Call,
  request: WriteRequest,
  write: Write,
  preview: Outcome,
  idempotency: { readonly key: string; readonly digest: string } | undefined,
): Promise<void> {
  const { services, scope } = call;
  const lease = await openEndpoint(services, scope, "keeper");
  try {
    await insertQueued(lease.sql, {
      id: request.change,
      tool: request.tool,
      table: write.table.name,
      arguments: request.body,
      preview,
      actor: actorKey(scope.principal),
      context: changedBy(scope, request.tool),
      idempotency: idempotency ?? null,
    });
  } catch (error) {
    throw fromPostgres(error);
  } finally {
    lease.release();
  }
}
