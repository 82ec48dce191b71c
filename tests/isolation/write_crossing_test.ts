import assert from "node:assert/strict";
import { openEndpoint } from "../../lib/endpoints/mod.ts";
import type { TokenRequest } from "../../lib/tokens/mod.ts";
import { rebuildManifest, setWrites } from "../../lib/tools/mod.ts";
import { testToken } from "../harness/mod.ts";
import { ask, leaked, withoutNames } from "./answers.ts";
import { cross, report } from "./cross.ts";
import { mcpAttempt, mcpWriteAttempts, TOOL_ARGUMENTS, WRITE_ARGUMENTS } from "./crossings.ts";
import { type Actor, type Compartment, makeWorld, nobody, type World } from "./world.ts";

/** Tools that are told a change by its id. */
const CHANGE_TOOLS = Object.keys(WRITE_ARGUMENTS(nobody())).filter((name) =>
  name.endsWith("_change")
);

/** The same world with writing turned on everywhere. */
async function writableWorld(): Promise<World> {
  const world = await makeWorld();
  for (const { scope } of [world.own, world.second, world.other]) {
    await setWrites(world.services, scope, "direct");
    await rebuildManifest(world.services, scope, "test");
  }
  return world;
}

/** Another token of A's. */
async function tokenOf(world: World, request: Partial<TokenRequest>): Promise<Actor> {
  const { principal } = world.own.scope;
  const token = await testToken(world.services, {
    tenantId: principal.tenantId,
    userId: principal.userId!,
    email: principal.label,
    scope: world.own.scope,
  }, request);
  return { headers: { authorization: `Bearer ${token}` } };
}

async function call(
  world: World,
  actor: Actor,
  { names }: Compartment,
  name: string,
  args: Record<string, unknown>,
) {
  const answer = await ask(
    world,
    actor,
    mcpAttempt("modern", names.slug, "tools/call", { name, arguments: args }),
  );
  assert.equal(answer.status, 200, answer.text);
  const { result } = JSON.parse(answer.body);
  return { answer, text: answer.text, isError: result.isError, content: result.structuredContent };
}

Deno.test("by MCP, nobody writes to another's endpoint or tells it from one that is not there", async () => {
  await using world = await writableWorld();
  const lists = await ask(
    world,
    world.wide,
    mcpAttempt("modern", world.own.names.slug, "tools/list"),
  );
  const listed = JSON.parse(lists.body).result.tools.map((tool: { name: string }) => tool.name);
  const tried = [...Object.keys(TOOL_ARGUMENTS), ...Object.keys(WRITE_ARGUMENTS(nobody()))];
  assert.deepEqual(new Set(tried), new Set(listed), "each tool is tried");
  const writesOff = await tokenOf(world, { abilities: ["rows:read"] });
  for (
    const [actor, target] of [
      [world.wide, world.other],
      [world.narrow, world.second],
      [world.others, world.own],
      [world.browser, world.other],
      [writesOff, world.other],
      [{ headers: {} }, world.other],
    ] as const
  ) {
    report(await cross(world, actor, target, mcpWriteAttempts));
  }
});

Deno.test("by MCP, a token that may only read writes nothing on its own endpoint either", async () => {
  await using world = await writableWorld();
  for (
    const request of [{ abilities: ["rows:read"] }, { scope: "mcp", abilities: ["rows:read"] }]
  ) {
    const actor = await tokenOf(world, request as Partial<TokenRequest>);
    const before = await world.kept(world.own);
    for (const attempt of mcpWriteAttempts(world.own.names)) {
      const answer = await ask(world, actor, attempt);
      assert.equal(answer.status, 403, `${attempt.title}: ${answer.text}`);
      assert.deepEqual(leaked(answer, [world.own.canary]), []);
    }
    assert.deepEqual(await world.kept(world.own), before);
  }
});

Deno.test("by MCP, a change of another endpoint is no change on one's own", async () => {
  await using world = await writableWorld();
  const strangers = nobody();
  for (const theirs of [world.other, world.second]) {
    const before = await Promise.all([theirs, world.own].map((one) => world.kept(one)));
    for (const name of CHANGE_TOOLS) {
      const said = await call(world, world.wide, world.own, name, {
        change: theirs.names.changeId,
      });
      const toNobody = await call(world, world.wide, world.own, name, {
        change: strangers.changeId,
      });
      assert.equal(said.isError, true, said.text);
      assert.equal(
        withoutNames(said.answer, theirs.names),
        withoutNames(toNobody.answer, strangers),
      );
      assert.deepEqual(leaked(said.answer, theirs.secrets), []);
    }
    assert.deepEqual(
      await Promise.all([theirs, world.own].map((one) => world.kept(one))),
      before,
    );
  }
});

Deno.test("one idempotency key of several callers is as many keys", async () => {
  await using world = await writableWorld();
  const body = (note: string) => ({
    table: "visit",
    key: 1,
    values: { note },
    idempotency_key: "the-same-key",
  });
  const callers = [
    [world.wide, world.own],
    [world.narrow, world.own],
    [world.wide, world.second],
    [world.others, world.other],
  ] as const;
  const changes = new Set<string>();
  for (const [index, [actor, target]] of callers.entries()) {
    // The same call, then another body: nobody meets anybody else's.
    const first = await call(world, actor, target, "update_row", body(`note ${index}`));
    assert.equal(first.isError ?? false, false, first.text);
    assert.ok(!changes.has(first.content.change));
    changes.add(first.content.change);
    const again = await call(world, actor, target, "update_row", body(`note ${index}`));
    assert.equal(again.content.change, first.content.change);
    const different = await call(world, actor, target, "update_row", body("different"));
    assert.equal(different.isError, true);
    for (const one of [world.own, world.second, world.other].filter((one) => one !== target)) {
      assert.deepEqual(leaked(first.answer, [one.canary, ...Object.values(one.names)]), []);
    }
  }
  const [{ notes }] = await rowsOf(world, world.own);
  assert.equal(notes, "note 1");
  // What one caller did not change is told to that caller alone: the same body under the same key.
  for (const [actor, target] of callers) {
    const same = await call(world, actor, target, "update_row", {
      ...body("the same for all"),
      idempotency_key: "another-key",
    });
    assert.ok(!changes.has(same.content.change), same.text);
    changes.add(same.content.change);
  }
  assert.equal(changes.size, 2 * callers.length);
});

async function rowsOf({ services }: World, { scope }: Compartment) {
  const { sql, release } = await openEndpoint(services, scope, "owner");
  try {
    return await sql`SELECT note AS notes FROM visit WHERE id = 1` as unknown as [
      { notes: string },
    ];
  } finally {
    release();
  }
}

Deno.test("what one caller changes is journalled under its own name, in its own endpoint alone", async () => {
  await using world = await writableWorld();
  const before = await Promise.all([world.second, world.other].map((one) => world.kept(one)));
  const { content } = await call(world, world.narrow, world.own, "update_row", {
    table: "visit",
    key: 1,
    values: { note: "mine" },
  });
  const { sql, release } = await openEndpoint(world.services, world.own.scope, "owner");
  const entries = await sql`
    SELECT context ->> 'token' AS token, context ->> 'user' AS "user", context ->> 'tool' AS tool
    FROM bulkhead.journal WHERE change_id = ${content.change}`;
  release();
  assert.equal(entries.length, 1);
  assert.equal(entries[0]!["user"], world.own.scope.principal.userId);
  assert.equal(entries[0]!["tool"], "update_row");
  assert.notEqual(entries[0]!["token"], null);
  assert.deepEqual(
    await Promise.all([world.second, world.other].map((one) => world.kept(one))),
    before,
  );
  // Nor can another of the same tenant take it back as its own.
  const undone = await call(world, world.wide, world.own, "undo_change", {
    change: content.change,
  });
  assert.equal(undone.isError, true, undone.text);
});
