import { recordEvents } from "../audit/mod.ts";
import type { EndpointId, TenantId } from "../ids.ts";
import type { Control, Sql } from "../postgres/mod.ts";
import { auditedEntry } from "./audited.ts";
import { upsertNews } from "./news_store.ts";
import { isAtRest, selectWaiting, strikeOff } from "./outbox_store.ts";
import { lockRelay, selectKnownActors, updateBatch, updateDrained } from "./relay_store.ts";

/** The endpoint whose journal is carried over. */
export interface CarriedEndpoint {
  readonly id: EndpointId;
  readonly tenantId: TenantId;
}

/** How a round is done. */
export interface CarryOptions {
  /** Entries at most. */
  readonly limit: number;
  /** Whether to wait for another who carries the same over, instead of leaving it to them. */
  readonly wait: boolean;
}

/** At most so many entries go over in one round: a second's work, and a statement of some hundred kB. */
export const ROUND_LIMIT = 1000;

/** Each of some values that are not null, once. */
const distinct = (values: readonly (string | null)[]) => [
  ...new Set(values.filter((value) => value !== null)),
];

/**
 * Carries entries that wait in an endpoint's journal into the tenant's audit log, each exactly once. Two
 * databases have no common transaction; what makes it exact is that **an entry which is in the audit log
 * and still in the outbox is always named in `relays.batch`**, which is written with the log. So a round
 * begins by striking the last batch off, whether or not whoever wrote it lived to do that; what is then in
 * the outbox is not in the log. The lock on the endpoint's row makes rounds of one endpoint follow each
 * other on all replicas.
 *
 * @param owner The endpoint's database as its owner.
 * @returns How many went over; null where another carries, or nothing ever was to be carried.
 */
export async function carryOver(
  control: Control,
  endpoint: CarriedEndpoint,
  owner: Sql,
  { limit, wait }: CarryOptions,
): Promise<number | null> {
  const { id, tenantId } = endpoint;
  const carried = await control.tenant(tenantId, async (tx) => {
    const state = await lockRelay(tx, id, wait);
    if (!state) return null;
    await strikeOff(owner, state.batch);
    // Asked before reading: who has ended by then shows in what is read.
    const over = state.lapsed && await isAtRest(owner);
    const entries = await selectWaiting(owner, limit);
    if (entries.length > 0) {
      const named = (of: "user" | "token" | "grant") =>
        distinct(entries.map(({ actor }) => actor[of]));
      const actors = await selectKnownActors(tx, tenantId, {
        users: named("user"),
        tokens: named("token"),
        grants: named("grant"),
      });
      if (entries.some((entry) => "notice" in entry && entry.notice.action === "change.queued")) {
        await upsertNews(tx, tenantId);
      }
      await recordEvents(tx, entries.map((entry) => auditedEntry(endpoint, entry, actors)));
    }
    const ids = entries.map((entry) => entry.id);
    if (ids.length === 0 && over) await updateDrained(tx, id);
    else if (ids.length + state.batch.length > 0) await updateBatch(tx, id, ids);
    return ids;
  });
  // Not of the exactness, which the next round sees to: so that the outbox stays short.
  if (carried) await strikeOff(owner, carried);
  return carried && carried.length;
}
