import assert from "node:assert/strict";
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import type { StoredReach } from "../../lib/table_reach.ts";
import { loadManifest } from "../../lib/tools/mod.ts";
import { readCalls, writeCalls } from "./hidden_calls.ts";
import { compare, compareWrites, sample, seedOf, texts } from "./hidden_compare.ts";
import { HIDDEN_TABLE, makeHiddenWorld } from "./hidden_world.ts";

/** All that the twin has, some of it to read only. */
const REACH: StoredReach = {
  region: "read",
  customer: "write",
  purchase: "write",
  item: "write",
  staff: "read",
  review: "write",
};

Deno.test("no tool tells an endpoint from one that never had the tables beyond a reach", async () => {
  await using world = await makeHiddenWorld({ reach: REACH });
  const { services, real } = world;
  // It is there, and open to whoever reaches all tables.
  const { tables: _, ...principal } = real.scope.principal;
  const whole = await enterEndpoint(
    services,
    { ...real.scope, principal },
    real.scope.endpoint.slug,
  );
  assert((await loadManifest(services, whole)).tables.has(HIDDEN_TABLE));

  assert.deepEqual(await texts(world, world.real), await texts(world, world.twin));
  const answered = await compare(world, sample(readCalls, 600, seedOf()));
  assert(answered > 130, `${answered} calls were answered`);
});

Deno.test("no write tells an endpoint from one that never had the tables beyond a reach", async () => {
  await using world = await makeHiddenWorld({ references: false, reach: REACH });
  const writes = sample(writeCalls, 400, seedOf());
  let undone = 0;
  for (let start = 0; start < writes.length; start += 4) {
    undone += await compareWrites(world, writes.slice(start, start + 4));
  }
  assert(undone > 5, `${undone} were undone`);
});
