import assert from "node:assert/strict";
import { openEndpoint } from "../../lib/endpoints/mod.ts";
import { undoChanges } from "../../lib/journal/mod.ts";
import { approve, journalled, price, priceOf, reviewStage, type Stage } from "./stage.ts";

/** Says on every connection that changes rows, for as long as it lives, that what follows is a load. */
async function sayLoad({ shop, scope }: Stage) {
  const lease = await openEndpoint(shop.services, scope, "keeper");
  const { sql } = lease;
  let left = Number(sql.options.max);
  const all = Promise.withResolvers<void>();
  try {
    // Side by side, for else one connection would do for all of them.
    await Promise.all(Array.from({ length: left }, () =>
      sql.begin(async (tx) => {
        await tx`SELECT set_config('bulkhead.loading', 'on', false)`;
        if (--left === 0) all.resolve();
        await all.promise;
      })));
  } finally {
    lease.release();
  }
}

Deno.test("an approval and an undo are kept whatever was said on their connection before", async () => {
  await using stage = await reviewStage();
  const { shop, scope, agent } = stage;
  const { change } = await agent.ask("update_row", price(2, 8));
  await sayLoad(stage);
  await approve(stage, change);
  assert.deepEqual([await priceOf(stage, 2), await journalled(stage)], ["8.00", 1]);
  await undoChanges(shop.services, scope, { kind: "change", change }, { preview: false });
  assert.deepEqual([await priceOf(stage, 2), await journalled(stage)], ["2.00", 2]);
});
