import assert from "node:assert/strict";
import fc from "fast-check";
import { endpointRoles } from "../../lib/endpoints/mod.ts";
import {
  instructions,
  listResources,
  llmsTxt,
  readManifest,
  readResource,
  resourceTemplates,
  toolList,
} from "../../lib/tools/mod.ts";
import { readCalls, type ToolCall, writeCalls } from "./hidden_calls.ts";
import {
  CANARIES,
  HIDDEN,
  HIDDEN_TABLE,
  type HiddenWorld,
  makeHiddenWorld,
  type Side,
} from "./hidden_world.ts";

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;
const SECRETS = [...Object.values(CANARIES), ...Object.values(HIDDEN), HIDDEN_TABLE];

/** A cursor's values without its seal, which is each endpoint's own. */
const opened = (cursor: string) =>
  new TextDecoder().decode(Uint8Array.fromBase64(cursor.slice(22), { alphabet: "base64url" }));

/** An answer without what differs between any two endpoints; cursors opened. */
function plain(side: Side, text: string): string {
  return text.replaceAll(side.scope.endpoint.slug, "«slug»").replace(UUID, "«id»")
    .replace(/(?<=^<\/?)[0-9a-f]{8}(?=>)|(?<=^<)[0-9a-f]{8}(?=> untrusted)/gm, "«fence»")
    .replace(/(?<="entry":")\d+/g, "«entry»")
    .replace(/(?<="next_cursor":"|with cursor )[\w-]{22,}/g, opened);
}

async function answer(side: Side, { tool, args }: ToolCall): Promise<string> {
  const { isError, whole } = await side.call(tool, args);
  return `${isError ? "fault" : "answer"}: ${plain(side, whole)}`;
}

/** Secrets in an answer that the call itself did not name. */
function shown(call: ToolCall, text: string): string[] {
  const asked = JSON.stringify(call.args);
  return SECRETS.filter((secret) => text.includes(secret) && !asked.includes(secret));
}

/**
 * Makes the same calls on both sides. An agent that cannot tell the endpoint from its twin, which never
 * had what is hidden, has learnt nothing of it. Answers how many calls were answered without a fault.
 */
async function compare(
  { real, twin }: Pick<HiddenWorld, "real" | "twin">,
  calls: readonly ToolCall[],
) {
  let answered = 0;
  for (const call of calls) {
    const [ours, theirs] = [await answer(real, call), await answer(twin, call)];
    const title = `${call.tool} ${JSON.stringify(call.args)}`;
    assert.deepEqual(shown(call, ours), [], `${title}: ${ours}`);
    assert.equal(ours, theirs, title);
    if (ours.startsWith("answer")) answered++;
  }
  return answered;
}

/** The change that a write made. */
async function written(side: Side, { tool, args }: ToolCall) {
  const { isError, whole } = await side.call(tool, args);
  const change = /"change":"([^"]+)","state":"applied"/.exec(whole)?.[1] ?? null;
  return { text: `${isError ? "fault" : "answer"}: ${plain(side, whole)}`, change };
}

/** Writes on both sides, and takes some of it back on both. */
async function compareWrites({ real, twin }: HiddenWorld, calls: readonly ToolCall[]) {
  let undone = 0;
  for (const [index, call] of calls.entries()) {
    const [ours, theirs] = [await written(real, call), await written(twin, call)];
    const title = `${call.tool} ${JSON.stringify(call.args)}`;
    assert.deepEqual(shown(call, ours.text), [], `${title}: ${ours.text}`);
    assert.equal(ours.text, theirs.text, title);
    if (!ours.change || index % 3 === 2) continue;
    for (const tool of ["get_change", "undo_change"]) {
      const of = (change: string | null) => ({
        tool,
        args: { change, ...(tool === "undo_change" ? { dry_run: index % 4 === 0 } : {}) },
      });
      const told = await answer(real, of(ours.change));
      assert.deepEqual(shown(of(ours.change), told), [], told);
      assert.equal(told, await answer(twin, of(theirs.change)), `${tool} of ${title}`);
    }
    undone++;
  }
  return undone;
}

/** Everything that is told without a call. */
async function texts({ services }: HiddenWorld, side: Side): Promise<string[]> {
  const { manifest, scope } = side;
  const resources = listResources(manifest);
  return [
    instructions(manifest),
    llmsTxt(manifest, scope.endpoint, services.baseUrl),
    toolList(manifest, scope.principal),
    JSON.stringify(resources),
    JSON.stringify(resourceTemplates(manifest)),
    ...resources.map(({ uri }) => readResource(manifest, uri)!.text),
    JSON.stringify((await readManifest(services, scope)).tables),
  ].map((text) => plain(side, text));
}

/** Another one each time, and told, so that a failure can be repeated. */
function seedOf(): number {
  const seed = Date.now() | 0;
  console.log(`seed ${seed}`);
  return seed;
}

const sample = (calls: fc.Arbitrary<ToolCall>, numRuns: number, seed: number) =>
  fc.sample(calls, { numRuns, seed });

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
