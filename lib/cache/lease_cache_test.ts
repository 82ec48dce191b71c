import assert from "node:assert/strict";
import { CacheKind, createCaches } from "./lease_cache.ts";

const KIND = new CacheKind<string>("test", 1000, 3);

function setUp() {
  let now = 0;
  const cache = createCaches({ now: () => now }).of(KIND);
  return { cache, wait: (ms: number) => now += ms };
}

Deno.test("lease cache trusts an entry for its lease, counted from before the load", async () => {
  const { cache, wait } = setUp();
  const slow = Promise.withResolvers<string>();
  const first = cache.get("k", () => slow.promise);
  wait(600);
  slow.resolve("old");
  assert.equal(await first, "old");
  assert.equal(cache.peek("k"), "old");
  wait(400);
  assert.equal(cache.peek("k"), undefined);
  assert.equal(await cache.get("k", () => Promise.resolve("new")), "new");
});

Deno.test("lease cache loads once for callers that ask at once, and keeps no failure", async () => {
  const { cache } = setUp();
  let loads = 0;
  const load = () => Promise.reject(new Error(`load ${++loads}`));
  const both = await Promise.allSettled([cache.get("k", load), cache.get("k", load)]);
  assert.equal(loads, 1);
  assert.ok(both.every(({ status }) => status === "rejected"));
  assert.equal(await cache.get("k", () => Promise.resolve("fine")), "fine");
});

Deno.test("lease cache keeps nothing of a load that was dropped while under way", async () => {
  const { cache } = setUp();
  const slow = Promise.withResolvers<string>();
  const stale = cache.get("k", () => slow.promise);
  cache.drop("k");
  slow.resolve("stale");
  assert.equal(await stale, "stale");
  assert.equal(cache.peek("k"), undefined);
});

Deno.test("lease cache holds no more than its capacity", async () => {
  const { cache } = setUp();
  for (const key of ["a", "b", "c", "d"]) await cache.get(key, () => Promise.resolve(key));
  assert.equal(cache.peek("a"), undefined);
  assert.equal(cache.peek("d"), "d");
});

Deno.test("lease cache drops what matches", async () => {
  const { cache } = setUp();
  for (const key of ["a", "b"]) await cache.get(key, () => Promise.resolve(key));
  cache.dropWhere((value) => value === "a");
  assert.equal(cache.peek("a"), undefined);
  assert.equal(cache.peek("b"), "b");
});
