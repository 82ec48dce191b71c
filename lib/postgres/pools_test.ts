import assert from "node:assert/strict";
import { testCluster } from "../../tests/harness/mod.ts";
import { createPools } from "./pools.ts";

Deno.test("pools lend one pool a key, and close none that is on loan", async () => {
  const { superuserUrl } = await testCluster();
  const pools = createPools(2);
  const url = () => Promise.resolve(superuserUrl);
  const first = await pools.lease("a/reader", url);
  const again = await pools.lease("a/reader", url);
  assert.equal(first.sql, again.sql);
  again.release();
  for (const key of ["b", "c", "d"]) (await pools.lease(key, url)).release();
  const [row] = await first.sql<{ one: number }[]>`SELECT 1 AS one`;
  assert.equal(row!.one, 1, "evicted while on loan");
  first.release();
  await pools.close();
});

Deno.test("drop() waits for loans, and a later lease opens anew", async () => {
  const { superuserUrl } = await testCluster();
  const pools = createPools();
  const url = () => Promise.resolve(superuserUrl);
  const lease = await pools.lease("e/reader", url);
  let dropped = false;
  const dropping = pools.drop("e/").then(() => dropped = true);
  const next = await pools.lease("e/reader", url);
  assert.notEqual(next.sql, lease.sql);
  await lease.sql`SELECT 1`;
  assert.equal(dropped, false);
  lease.release();
  lease.release();
  await dropping;
  next.release();
  await pools.close();
});

Deno.test("a lease whose URL cannot be had fails, and the next one tries again", async () => {
  const { superuserUrl } = await testCluster();
  const pools = createPools();
  await assert.rejects(pools.lease("k", () => Promise.reject(new Error("sealed"))), /sealed/);
  const lease = await pools.lease("k", () => Promise.resolve(superuserUrl));
  await lease.sql`SELECT 1`;
  lease.release();
  await pools.close();
});
