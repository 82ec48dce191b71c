import assert from "node:assert/strict";
import fc from "fast-check";
import {
  instructions,
  listResources,
  llmsTxt,
  readManifest,
  readResource,
  resourceTemplates,
  toolList,
} from "../../lib/tools/mod.ts";
import type { ToolCall } from "./hidden_calls.ts";
import { CANARIES, HIDDEN, HIDDEN_TABLE, type HiddenWorld, type Side } from "./hidden_world.ts";

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
export async function compare(
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
export async function compareWrites({ real, twin }: HiddenWorld, calls: readonly ToolCall[]) {
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
export async function texts({ services }: HiddenWorld, side: Side): Promise<string[]> {
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
export function seedOf(): number {
  const seed = Date.now() | 0;
  console.log(`seed ${seed}`);
  return seed;
}

/** So many calls, the same for the same seed. */
export const sample = (calls: fc.Arbitrary<ToolCall>, numRuns: number, seed: number) =>
  fc.sample(calls, { numRuns, seed });
