import type { ChangeId } from "../ids.ts";
import type { Sql } from "../postgres/mod.ts";

/** A change that waits for a person. */
export interface QueuedChange {
  readonly id: ChangeId;
  readonly tool: string;
  readonly table: string;
  /** The call's arguments without table, dry run and key. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What it would have done when it was queued. */
  readonly preview: unknown;
  /** Whose idempotency keys these are. */
  readonly actor: string;
  /** Who asks, as the journal will keep it. */
  readonly context: Readonly<Record<string, string | null>>;
  readonly idempotency: { readonly key: string; readonly digest: string } | null;
}

/** Queues a change, as the endpoint's owner. */
export async function insertQueued(owner: Sql, change: QueuedChange): Promise<void> {
  const { id, tool, table, actor, idempotency } = change;
  await owner.begin(async (tx) => {
    await tx`
      INSERT INTO bulkhead.changes (
        id, state, tool, table_name, arguments, preview, actor, context, idempotency_key, body_digest
      ) VALUES (
        ${id}, 'queued', ${tool}, ${table}, ${tx.json(change.arguments as never)},
        ${tx.json(change.preview as never)}, ${actor}, ${tx.json(change.context)},
        ${idempotency?.key ?? null}, ${idempotency?.digest ?? null}
      )`;
  });
}
