import assert from "node:assert/strict";
import type { Ability } from "../../lib/principal.ts";
import { testToken } from "../harness/mod.ts";
import { ask, leaked } from "./answers.ts";
import { cross, report } from "./cross.ts";
import {
  mcpAttempt,
  mcpAttempts,
  pageAttempts,
  REST_LISTS,
  restAttempts,
  TOOL_ARGUMENTS,
} from "./crossings.ts";
import { makeWorld, type Names } from "./world.ts";

Deno.test("by /v1, nobody reaches another tenant's or tells it from what does not exist", async () => {
  await using world = await makeWorld();
  const attempts = (names: Names) => restAttempts(names, world.own.names);
  report(await cross(world, world.wide, world.other, attempts));
  report(await cross(world, world.narrow, world.other, attempts));
});

Deno.test("by /v1, a token reaches no endpoint that it does not cover, nor its tokens", async () => {
  await using world = await makeWorld();
  const attempts = (names: Names) => restAttempts(names, world.own.names);
  report(await cross(world, world.narrow, world.second, attempts));
});

Deno.test("by /v1, lists show what one has and nothing else", async () => {
  await using world = await makeWorld();
  const cases = [
    [world.wide, [world.own, world.second], [world.other]],
    [world.narrow, [world.own], [world.second, world.other]],
    [world.others, [world.other], [world.own, world.second]],
  ] as const;
  for (const [actor, seen, hidden] of cases) {
    for (const attempt of REST_LISTS(world.other.names)) {
      const answer = await ask(world, actor, attempt);
      assert.equal(answer.status, 200, attempt.title);
      for (const compartment of hidden) {
        const names = Object.values(compartment.names);
        assert.deepEqual(leaked(answer, [...compartment.secrets, ...names]), [], attempt.title);
      }
      if (attempt.path.includes("cursor")) continue;
      // A list that shows nothing at all would prove nothing.
      for (const { canary } of seen) assert.ok(answer.text.includes(canary), attempt.title);
    }
  }
});

Deno.test("by /v1, each compartment shows its own", async () => {
  await using world = await makeWorld();
  const shows = [
    "",
    "/tables",
    "/rules",
    "/ingests",
    "/ingests/{id}",
    "/ingests/{id}/rejects",
    "/changes/{change}",
    "/review",
  ];
  for (
    const [actor, { names, canary }] of [
      [world.wide, world.own],
      [world.wide, world.second],
      [world.narrow, world.own],
      [world.others, world.other],
    ] as const
  ) {
    for (const show of shows) {
      const path = `/v1/endpoints/${names.slug}${
        show.replace("{id}", names.ingestId)
          .replace("{change}", names.changeId)
      }`;
      const answer = await ask(world, actor, { title: show, method: "GET", path });
      assert.equal(answer.status, 200, answer.text);
      if (!["/tables", "/rules"].includes(show)) assert.ok(answer.text.includes(canary), show);
      for (const other of [world.own, world.second, world.other]) {
        if (other.canary !== canary) assert.deepEqual(leaked(answer, other.secrets), [], show);
      }
    }
  }
});

Deno.test("by MCP, nobody reaches another's endpoint or tells it from one that does not exist", async () => {
  await using world = await makeWorld();
  report(await cross(world, world.wide, world.other, mcpAttempts));
  report(await cross(world, world.narrow, world.second, mcpAttempts));
  report(await cross(world, world.browser, world.other, mcpAttempts));
  report(await cross(world, { headers: {} }, world.other, mcpAttempts));
});

Deno.test("by MCP, a token without the ability learns nothing of any endpoint but its own", async () => {
  await using world = await makeWorld();
  const abilities: Ability[] = ["api:endpoints:read"];
  const { principal } = world.own.scope;
  const token = await testToken(world.services, {
    tenantId: principal.tenantId,
    userId: principal.userId!,
    email: principal.label,
    scope: world.own.scope,
  }, { abilities });
  const actor = { headers: { authorization: `Bearer ${token}` } };
  report(await cross(world, actor, world.other, mcpAttempts));
  for (const [name, args] of Object.entries(TOOL_ARGUMENTS)) {
    const attempt = mcpAttempt("modern", world.own.names.slug, "tools/call", {
      name,
      arguments: args,
    });
    const answer = await ask(world, actor, attempt);
    assert.equal(answer.status, 403, answer.text);
    assert.ok(!answer.text.includes(world.own.canary));
  }
});

Deno.test("by MCP, every tool and resource of one's own endpoint shows its own rows alone", async () => {
  await using world = await makeWorld();
  const { names, canary } = world.own;
  const listed = await ask(world, world.wide, mcpAttempt("modern", names.slug, "tools/list"));
  const tools = JSON.parse(listed.body).result.tools.map((tool: { name: string }) => tool.name);
  assert.deepEqual(new Set(Object.keys(TOOL_ARGUMENTS)), new Set(tools), "each tool is tried");
  const silent = new Set(["describe_tables", "count_rows", "get_activity_log"]);
  for (const attempt of mcpAttempts(names)) {
    const answer = await ask(world, world.wide, attempt);
    for (const other of [world.second, world.other]) {
      const theirs = [...other.secrets, ...Object.values(other.names)];
      assert.deepEqual(leaked(answer, theirs), [], attempt.title);
    }
    if (!attempt.title.includes("tools/call")) continue;
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!JSON.parse(answer.body).result.isError, answer.text);
    if (silent.has(attempt.title.split(" ")[2]!)) continue;
    assert.ok(answer.text.includes(canary), `${attempt.title}: ${answer.body}`);
  }
});

Deno.test("by MCP, neither cursor nor resource of another endpoint opens anything", async () => {
  await using world = await makeWorld();
  const { own, second, other } = world;
  const page = { name: "list_rows", arguments: { table: "customer", limit: 1 } };
  for (const [owner, theirs] of [[world.others, other], [world.wide, second]] as const) {
    const first = await ask(
      world,
      owner,
      mcpAttempt("modern", theirs.names.slug, "tools/call", page),
    );
    const { next_cursor: cursor } = JSON.parse(first.body).result.structuredContent;
    assert.equal(typeof cursor, "string", first.body);
    const crossed = await ask(
      world,
      world.wide,
      mcpAttempt("modern", own.names.slug, "tools/call", {
        name: "list_rows",
        arguments: { ...page.arguments, cursor },
      }),
    );
    assert.equal(JSON.parse(crossed.body).result.isError, true, crossed.body);
    assert.deepEqual(leaked(crossed, theirs.secrets), []);
    const uri = `bulkhead://${theirs.names.slug}/tables/customer`;
    const read = await ask(
      world,
      world.wide,
      mcpAttempt("modern", own.names.slug, "resources/read", { uri }),
    );
    assert.ok(JSON.parse(read.body).error, read.body);
    assert.deepEqual(leaked(read, theirs.secrets), []);
  }
});

Deno.test("by pages, nobody tells another tenant's from what does not exist", async () => {
  await using world = await makeWorld();
  const form = { title: "a form", method: "GET", path: "/endpoints/new" };
  const { body } = await ask(world, world.browser, form);
  const [, token] = /name="csrf_token" value="([^"]+)"/.exec(body)!;
  const attempts = (names: Names) => pageAttempts(names, world.own.names, token!);
  assert.ok(attempts(world.other.names).length > 10);
  report(await cross(world, world.browser, world.other, attempts));
});

Deno.test("no log line holds a row, a token or a session", async () => {
  await using world = await makeWorld();
  const attempts = [world.other.names, world.own.names].flatMap((names) => [
    ...mcpAttempts(names),
    ...restAttempts(names, world.own.names),
  ]);
  for (const attempt of attempts) {
    for (const actor of [world.wide, world.browser]) await ask(world, actor, attempt);
  }
  const log = world.logLines.join("\n");
  const said = [world.wide, world.browser].flatMap(({ headers }) =>
    Object.values(headers).map((value) => value.slice(-20))
  );
  const secrets = [world.own, world.other].map(({ canary }) => canary);
  for (const secret of [...secrets, ...said.filter((text) => !text.includes("127.0.0.1"))]) {
    assert.ok(!log.includes(secret), secret);
  }
});
