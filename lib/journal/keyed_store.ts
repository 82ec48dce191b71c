import type { ChangeId } from "../ids.ts";
import type { Sql } from "../postgres/mod.ts";

/** A change that was asked for under an idempotency key. */
export interface KeyedChange {
  readonly id: ChangeId;
  readonly state: "queued" | "applied" | "rejected";
  /** Of the call's body. */
  readonly digest: string;
}

/** Finds what an actor asked for under a key, as the endpoint's owner. */
export async function selectKeyed(
  owner: Sql,
  actor: string,
  key: string,
): Promise<KeyedChange | null> {
  const [row] = await owner<KeyedChange[]>`
    SELECT id, state, body_digest AS digest FROM bulkhead.changes
    WHERE actor = ${actor} AND idempotency_key = ${key}`;
  return row ?? null;
}
