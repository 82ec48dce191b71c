import assert from "node:assert/strict";
import { testCluster } from "../../tests/harness/mod.ts";
import { connect } from "./connect.ts";
import { createPools } from "./pools.ts";

Deno.test("pools lend one pool a key, and close none that is on loan", async () => {
  const { superuserUrl } = await testCluster();
  const pools = createPools(2);
  const open = () => Promise.resolve(connect(superuserUrl, { max: 1 }));
  const first = await pools.lease("a/reader", open);
  const again = await pools.lease("a/reader", open);
  assert.equal(first.sql, again.sql);
  again.release();
  for (const key of ["b", "c", "d"]) (await pools.lease(key, open)).release();
  const [row] = await first.sql<{ one: number }[]>`SELECT 1 AS one`;
  assert.equal(row!.one, 1, "evicted while on loan");
  first.release();
  await pools.close();
});

Deno.test("drop() waits for loans, and a later lease opens anew", async () => {
  const { superuserUrl } = await testCluster();
  const pools = createPools();
  const open = () => Promise.resolve(connect(superuserUrl, { max: 1 }));
  const lease = await pools.lease("e/reader", open);
  let dropped = false;
  const dropping = pools.drop("e/").then(() => dropped = true);
  const next = await pools.lease("e/reader", open);
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
  await assert.rejects(
    async () => await pools.lease("k", () => Promise.reject(new Error("sealed"))),
    /sealed/,
  );
  const lease = await pools.lease("k", () => Promise.resolve(connect(superuserUrl)));
  await lease.sql`SELECT 1`;
  lease.release();
  await pools.close();
});
