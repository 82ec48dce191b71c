import assert from "node:assert/strict";
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { listChanges, readChange, serveRelay } from "../../lib/journal/mod.ts";
import type { ChangeId } from "../../lib/ids.ts";
import { AppError } from "../../lib/errors.ts";
import { ROW_WRITES } from "../../lib/principal.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import {
  approveChange,
  callTool,
  listReview,
  loadManifest,
  OPEN_RULES,
  readReview,
  setRules,
} from "../../lib/tools/mod.ts";
import { requestOf } from "../harness/mod.ts";
import { toolEndpoint } from "../tools/fixture.ts";

const TABLE = `
  CREATE TABLE note (id int PRIMARY KEY, body text, pin text, tag text);
  INSERT INTO note VALUES (1, 'one', 'canary-one', 'open'), (2, 'canary-two', NULL, 'shut');`;

Deno.test("what was written before it was hidden is shown by nothing afterwards", async () => {
  await using endpoint = await toolEndpoint(TABLE, "direct");
  const { services, scope, tenant } = endpoint;
  const relay = serveRelay(services);
  const table = "note";
  const writes: (readonly [tool: string, args: Record<string, unknown>])[] = [
    ["insert_rows", { table, rows: [{ id: 3, body: "three", tag: "open" }] }],
    ["update_row", { table, key: 1, values: { pin: "canary-changed" } }],
    ["update_row", { table, key: 2, values: { body: "canary-body" } }],
    ["insert_rows", { table, rows: [{ id: 4, body: "canary-four", tag: "shut" }] }],
    ["delete_row", { table, key: 4 }],
    ["delete_row", { table, key: 2 }],
  ];
  const keyed = writes.map(([tool, args], i) =>
    [tool, { ...args, idempotency_key: `k${i}` }] as const
  );
  const changes: ChangeId[] = [];
  for (const [tool, args] of keyed) changes.push((await endpoint.ask(tool, args)).change);

  const logged = async () => {
    const { entries } = await endpoint.ask("get_activity_log", { limit: 100 });
    return entries as { action: string; columns?: string[] }[];
  };
  while (
    (await logged()).filter(({ action }) => action.startsWith("row.")).length < writes.length
  ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert((await logged()).some(({ columns }) => columns?.includes("pin")));

  await setRules(services, scope, table, {
    ...OPEN_RULES,
    hidden: ["pin"],
    rowFilter: { column: "tag", op: "eq", value: "open" },
  });
  const after = await enterEndpoint(services, tenant.scope, scope.endpoint.slug);
  const manifest = await loadManifest(services, after);
  const told: string[] = [];
  const ask = async (tool: string, args: unknown) => {
    const { text, structured } = await callTool(services, after, manifest, tool, args);
    told.push(`${tool} ${text} ${structured}`);
  };
  // Asked for again under their keys, with what the caller had said itself.
  for (const [tool, args] of keyed) await ask(tool, args);
  for (const change of changes) {
    await ask("get_change", { change });
    for (const dry_run of [true, false]) await ask("undo_change", { change, dry_run });
  }
  await ask("get_activity_log", { limit: 100 });
  for (const change of changes) {
    told.push(
      JSON.stringify(await readChange(services, after, change, { after: null, limit: 50 })),
    );
  }
  told.push(JSON.stringify(await listChanges(services, after, {}, { after: null, limit: 50 })));
  await relay.stop();
  for (const text of told) assert(!text.includes("canary"), text);
  for (const text of told) {
    // A fault repeats the word that the caller used.
    if (!text.includes("no argument") && !text.includes("no column")) {
      assert(!/\bpin\b/.test(text), text);
    }
  }
});

Deno.test("what waits for review when it is hidden is shown by nothing, and cannot be approved", async () => {
  await using endpoint = await toolEndpoint(TABLE, "review");
  const { services, scope, tenant } = endpoint;
  const table = "note";
  const { view } = await mintToken(services, tenant.scope, {
    name: "agent",
    scope: "mcp:write",
    abilities: ["rows:read", ...ROW_WRITES],
    endpoints: "all",
  });
  const { principal } = tenant.scope;
  const agent = requestOf({ ...principal, kind: "mcp", tokenId: view.id });
  const queued: ChangeId[] = [];
  for (
    const [tool, args] of [
      ["update_row", { table, key: 1, values: { pin: "canary-queued" } }],
      ["insert_rows", { table, rows: [{ id: 5, body: "canary-body", tag: "shut" }] }],
      ["delete_row", { table, key: 2 }],
    ] as const
  ) {
    const entered = await enterEndpoint(services, agent, scope.endpoint.slug);
    const { structured } = await callTool(services, entered, endpoint.manifest, tool, args);
    const { change, state } = JSON.parse(structured!);
    assert.equal(state, "queued");
    queued.push(change);
  }
  await setRules(services, scope, table, {
    ...OPEN_RULES,
    hidden: ["pin"],
    rowFilter: { column: "tag", op: "eq", value: "open" },
  });
  const after = await enterEndpoint(services, tenant.scope, scope.endpoint.slug);
  const agents = { ...agent, endpoint: after.endpoint };
  const manifest = await loadManifest(services, after);
  const told: string[] = [];
  const follow = async () => {
    for (const change of queued) {
      const { text, structured } = await callTool(services, agents, manifest, "get_change", {
        change,
      });
      told.push(`${text} ${structured}`);
    }
    told.push(
      JSON.stringify(
        await listReview(services, after, { state: "queued", after: null, limit: 50 }, {
          rows: 20,
          shown: null,
        }),
      ),
    );
  };
  await follow();
  for (const change of queued) {
    const looked = await readReview(services, after, change, { rows: 50, shown: 50 });
    told.push(JSON.stringify(looked));
    const approval = { version: looked.version!, unseen: looked.unseen! };
    await assert.rejects(approveChange(services, after, change, approval), (error) => {
      assert(error instanceof AppError && error.code === "CONFLICT", String(error));
      told.push(error.message);
      return true;
    });
  }
  await follow();
  for (const text of told) assert(!text.includes("canary") && !/\bpin\b/.test(text), text);
  const rows = await endpoint.owner((sql) => sql`SELECT id, pin FROM note ORDER BY id`);
  assert.deepEqual(rows.map(({ id, pin }) => [id, pin]), [[1, "canary-one"], [2, null]]);
});
