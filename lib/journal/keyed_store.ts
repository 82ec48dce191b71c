import type { ChangeId } from "../ids.ts";
import type { Sql } from "../postgres/mod.ts";
import type { StoredPreview } from "./preview_store.ts";

/** A change that was asked for under an idempotency key. */
export interface KeyedChange {
  readonly id: ChangeId;
  readonly state: "queued" | "applied" | "rejected";
  /** Of the call's body. */
  readonly digest: string;
  /** What it would do, by its last trial; null where it does not wait any more. */
  readonly counts: Pick<StoredPreview, "count" | "inserted" | "unchanged"> | null;
}

/** Finds what an actor asked for under a key, as the endpoint's owner. */
export async function selectKeyed(
  owner: Sql,
  actor: string,
  key: string,
): Promise<KeyedChange | null> {
  const [row] = await owner<KeyedChange[]>`
    SELECT id, state, body_digest AS digest,
      CASE WHEN state = 'queued' THEN jsonb_build_object('count', preview -> 'count',
        'inserted', preview -> 'inserted', 'unchanged', preview -> 'unchanged') END AS counts
    FROM bulkhead.changes
    WHERE actor = ${actor} AND idempotency_key = ${key}`;
  return row ?? null;
}
