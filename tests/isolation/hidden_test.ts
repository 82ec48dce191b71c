import assert from "node:assert/strict";
import { endpointRoles } from "../../lib/endpoints/mod.ts";
import { readCalls, writeCalls } from "./hidden_calls.ts";
import { compare, compareWrites, sample, seedOf, texts } from "./hidden_compare.ts";
import { tellOf, TOKEN_FILES } from "./hidden_imports.ts";
import { CANARIES, HIDDEN, HIDDEN_TABLE, makeHiddenWorld } from "./hidden_world.ts";

const SECRETS = [...Object.values(CANARIES), ...Object.values(HIDDEN), HIDDEN_TABLE];

Deno.test("no tool tells an endpoint from one that never had what is hidden", async () => {
  await using world = await makeHiddenWorld();
  assert.deepEqual(await texts(world, world.real), await texts(world, world.twin));
  const answered = await compare(world, sample(readCalls, 900, seedOf()));
  // Calls that were all refused would prove nothing.
  assert(answered > 200, `${answered} calls were answered`);
});

Deno.test("no write tells an endpoint from one that never had what is hidden", async () => {
  await using world = await makeHiddenWorld({ references: false });
  const seed = seedOf();
  const [reads, writes] = [sample(readCalls, 450, seed), sample(writeCalls, 600, seed)];
  let answered = 0;
  let undone = 0;
  for (let start = 0; start < writes.length; start += 4) {
    undone += await compareWrites(world, writes.slice(start, start + 4));
    answered += await compare(world, reads.slice(start * 0.75, start * 0.75 + 3));
  }
  assert(answered > 60 && undone > 10, `${answered} calls were answered, ${undone} undone`);
});

Deno.test("no file of a token tells an endpoint from one that never had what is hidden", async () => {
  await using world = await makeHiddenWorld({ references: false });
  const { services, real, twin } = world;
  let answered = 0;
  for (const file of TOKEN_FILES) {
    const [ours, theirs] = [await tellOf(services, real, file), await tellOf(services, twin, file)];
    const asked = JSON.stringify(file);
    assert.deepEqual(
      SECRETS.filter((secret) => ours.includes(secret) && !asked.includes(secret)),
      [],
      `${asked}: ${ours}`,
    );
    assert.equal(ours, theirs, asked);
    if (ours.startsWith("answer")) answered++;
  }
  assert(answered >= 5, `${answered} files would go in`);
});

Deno.test("whoever grants a hidden column back, or drops a policy, is found out", async () => {
  await using world = await makeHiddenWorld();
  const { real, twin } = world;
  const calls = sample(readCalls, 400, 7);
  await compare(world, calls);
  const { reader } = await endpointRoles(world.services, real.scope);
  const mutations = [
    [
      `GRANT SELECT (${HIDDEN.pay}) ON customer TO ${reader}`,
      `REVOKE SELECT (${HIDDEN.pay}) ON customer FROM ${reader}`,
    ],
    [
      `DROP POLICY bulkhead_rows ON purchase; ALTER TABLE purchase DISABLE ROW LEVEL SECURITY`,
      `SELECT bulkhead.apply_access('public.purchase')`,
    ],
    [
      `GRANT SELECT ON ${HIDDEN_TABLE} TO ${reader}`,
      `SELECT bulkhead.apply_access('public.${HIDDEN_TABLE}')`,
    ],
  ] as const;
  for (const [mutate, repair] of mutations) {
    await real.owner(mutate);
    const mutated = await real.refresh();
    await assert.rejects(compare({ real: mutated, twin }, calls), assert.AssertionError, mutate);
    await real.owner(repair);
    await compare({ real: await real.refresh(), twin }, calls.slice(0, 50));
  }
});
