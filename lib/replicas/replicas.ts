import { z } from "zod";
import { type Caches, MAX_LEASE_MS } from "../cache/mod.ts";
import type { Log } from "../log.ts";
import { connect } from "../postgres/mod.ts";
import { beat, CHANNEL, notify, remove, selectLive } from "./store.ts";

/** The processes that serve over one control database, as one of them sees the others. */
export interface Replicas {
  /**
   * Makes every replica forget entries of a cache. Settles when each live one has said that it did, or
   * when what it may still trust has lapsed: no request that starts afterwards sees the old.
   */
  forget(cache: string, keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** What a replica is opened with. */
export interface ReplicasInput {
  /** The application's login, reaching Postgres directly: a transaction-mode pooler loses LISTEN. */
  readonly url: string;
  readonly caches: Caches;
  readonly log: Log;
}

const BEAT_MS = 500;
// Postgres takes 8,000 bytes a notice.
const KEYS_A_NOTICE = 80;

const notice = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("beat"), from: z.string() }),
  z.object({
    kind: z.literal("forget"),
    from: z.string(),
    message: z.string(),
    cache: z.string(),
    keys: z.array(z.string()),
  }),
  z.object({ kind: z.literal("done"), from: z.string(), message: z.string() }),
]);

type Notice = z.infer<typeof notice>;

/** Joins the replicas. Until its own notices come back to it, this one trusts no cache. */
export async function joinReplicas({ url, caches, log }: ReplicasInput): Promise<Replicas> {
  const self = crypto.randomUUID();
  const sql = connect(url, { max: 2, name: "bulkhead replicas", idleSeconds: 0 });
  const waiting = new Map<string, Set<string>>();
  const wake = new Map<string, () => void>();
  let heardAt = -Infinity;
  let closed = false;

  // A second without an own notice: the listener may be gone, and with it what was to be forgotten.
  const judge = () => caches.trust(performance.now() - heardAt < MAX_LEASE_MS);

  const send = (message: Notice) => notify(sql, JSON.stringify(message));

  function hear(text: string): void {
    const parsed = notice.safeParse(JSON.parse(text));
    if (!parsed.success || closed) return;
    const message = parsed.data;
    if (message.kind === "beat") {
      if (message.from !== self) return;
      heardAt = performance.now();
      judge();
    } else if (message.kind === "forget") {
      if (message.from === self) return;
      for (const key of message.keys) caches.drop(message.cache, key);
      send({ kind: "done", from: self, message: message.message })
        .catch((error) => log.warn("replicas.answer_failed", { error }));
    } else {
      waiting.get(message.message)?.delete(message.from);
      if (waiting.get(message.message)?.size === 0) wake.get(message.message)?.();
    }
  }

  async function forgetSome(cache: string, keys: readonly string[], deadline: number) {
    const live = await selectLive(sql, self);
    if (live.length === 0) return;
    const message = crypto.randomUUID();
    const done = Promise.withResolvers<void>();
    waiting.set(message, new Set(live));
    wake.set(message, done.resolve);
    const timer = setTimeout(done.resolve, Math.max(0, deadline - performance.now()));
    try {
      await send({ kind: "forget", from: self, message, cache, keys: [...keys] });
      await done.promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(message);
      wake.delete(message);
    }
  }

  const listening = await sql.listen(CHANNEL, hear);
  const pulse = () =>
    beat(sql, self, JSON.stringify({ kind: "beat", from: self } satisfies Notice))
      .catch((error) => closed || log.warn("replicas.beat_failed", { error }))
      .finally(judge);
  await pulse();
  const timer = setInterval(pulse, BEAT_MS);

  return {
    async forget(cache, keys) {
      // The change is committed: whatever a replica trusts from before lapses at this moment at last.
      const deadline = performance.now() + MAX_LEASE_MS;
      for (const key of keys) caches.drop(cache, key);
      try {
        for (let start = 0; start < keys.length; start += KEYS_A_NOTICE) {
          await forgetSome(cache, keys.slice(start, start + KEYS_A_NOTICE), deadline);
        }
      } catch (error) {
        // The others cannot be asked: then their leases have to lapse.
        log.warn("replicas.forget_failed", { error });
        const rest = deadline - performance.now();
        if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
      }
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await remove(sql, self).catch(() => {});
      await listening.unlisten().catch(() => {});
      await sql.end({ timeout: 2 });
    },
  };
}
