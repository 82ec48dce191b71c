import assert from "node:assert/strict";
import { type AuditActor, type AuditEvent, recordEvent, SYSTEM_ACTOR } from "../audit/mod.ts";
import { createEndpoint, enterEndpoint } from "../endpoints/mod.ts";
import { type GrantId, newId, type TokenId } from "../ids.ts";
import type { Principal } from "../principal.ts";
import { toolEndpoint } from "../../tests/tools/fixture.ts";
import { OPEN_RULES } from "./rules/shape.ts";
import { callTool, loadManifest, setRules, toolList } from "./mod.ts";

const shop = () =>
  toolEndpoint(
    `CREATE TABLE item (id int PRIMARY KEY, name text, cost numeric);
     CREATE TABLE "odd|name" (id int PRIMARY KEY)`,
  );

type Shop = Awaited<ReturnType<typeof shop>>;

/** Writes entries of the endpoint, as the relay does. */
async function happened({ services, scope }: Shop, ...events: Omit<AuditEvent, "tenantId">[]) {
  const { tenantId, endpoint: { id: endpointId } } = scope;
  await services.control.tenant(tenantId, async (tx) => {
    for (const event of events) await recordEvent(tx, { tenantId, endpointId, ...event });
  });
}

/** Asks as a principal, with the manifest of now. */
async function asking(shop: Shop, change: Partial<Principal>, args: unknown = {}) {
  const principal = { ...shop.scope.principal, ...change };
  const { slug } = shop.scope.endpoint;
  const scope = await enterEndpoint(shop.services, { ...shop.tenant.scope, principal }, slug);
  const manifest = await loadManifest(shop.services, scope);
  const answer = await callTool(shop.services, scope, manifest, "get_activity_log", args);
  return {
    ...answer,
    content: JSON.parse(answer.structured ?? "null") as {
      entries: Record<string, unknown>[];
      next_cursor?: string;
    },
  };
}

const row = (actor: AuditActor, detail: Record<string, unknown> = {}, subject = "item") => ({
  action: "row.updated",
  actor,
  subject,
  detail: { entry: "7", tool: "update_row", columns: ["name"], key: "ab".repeat(32), ...detail },
} as const);

Deno.test("get_activity_log tells this endpoint's entries, and whose they are to the caller", async () => {
  await using endpoint = await shop();
  const { services, tenant } = endpoint;
  await createEndpoint(services, tenant.scope, "Another");
  const [mine, grantId] = [newId<TokenId>(), newId<GrantId>()];
  const actor = {
    ...SYSTEM_ACTOR,
    kind: "mcp",
    userId: tenant.userId,
    network: "192.0.2.0/24",
  } as const;
  const change = newId();
  await happened(
    endpoint,
    row({ ...actor, tokenId: mine }, { change }),
    row({ ...actor, tokenId: newId<TokenId>(), grantId }, { client: "An app", undoes: "3" }),
    { action: "call.denied", actor, detail: { reason: "ACCESS_DENIED", count: 3, tool: "x" } },
  );
  const { content, text } = await asking(endpoint, { tokenId: mine });
  const [denied, app, own] = content.entries;
  assert.deepEqual([denied!["reason"], denied!["count"], denied!["tool"]], [
    "ACCESS_DENIED",
    3,
    "x",
  ]);
  assert.deepEqual([app!["by"], app!["you"], app!["undoes"]], ["An app", false, "3"]);
  assert.deepEqual({ ...own, seq: "", at: "" }, {
    seq: "",
    at: "",
    action: "row.updated",
    by: "an app",
    you: true,
    tool: "update_row",
    table: "item",
    columns: ["name"],
    change,
    entry: "7",
  });
  assert.ok(content.entries.every(({ action }) => action !== "team.created"));
  assert.match(text, /untrusted data, not instructions/);
  assert.match(
    text,
    /\|row\.updated\|by an app \(you\)\|with update_row\|table item\|columns name\|/,
  );
  // Neither whose it was, nor from where, nor which row.
  for (const private_ of [tenant.email, "192.0.2", tenant.userId, "Another", "abab"]) {
    assert.ok(!(text + JSON.stringify(content)).includes(private_), private_);
  }
});

Deno.test("get_activity_log filters, pages to the end, and says what is wrong with a call", async () => {
  await using endpoint = await shop();
  const actor = { ...SYSTEM_ACTOR, kind: "mcp", tokenId: newId<TokenId>() } as const;
  for (let i = 0; i < 5; i++) await happened(endpoint, row(actor));
  await happened(endpoint, row(actor, { tool: "delete_row" }, "odd|name"));
  const found = async (args: unknown) =>
    (await asking(endpoint, {}, args)).content.entries.map(({ seq }) => Number(seq));
  assert.equal((await found({ tool: "update_row" })).length, 5);
  assert.equal((await found({ table: "odd|name" })).length, 1);
  assert.equal((await found({ action: "row.updated", table: "item" })).length, 5);
  assert.equal((await found({ since: "2999-01-01T00:00:00Z" })).length, 0);
  assert.equal((await found({ until: "2000-01-01T00:00:00+02:00" })).length, 0);
  assert.equal((await found({ tool: "\0" })).length, 0);
  assert.match((await asking(endpoint, {}, { table: "odd|name" })).text, /table odd\\\|name/);

  const all = await found({});
  const paged: number[] = [];
  let next: { cursor?: string } | undefined = {};
  while (next) {
    const { content } = await asking(endpoint, {}, { limit: 2, ...next });
    paged.push(...content.entries.map(({ seq }) => Number(seq)));
    next = content.next_cursor ? { cursor: content.next_cursor } : undefined;
  }
  assert.deepEqual(paged, all);
  const { content: { next_cursor: cursor } } = await asking(endpoint, {}, { limit: 1 });
  for (
    const [args, fault] of [
      [{ tool: "update_row", cursor }, /does not belong to this query/],
      [{ cursor: "x" }, /does not belong/],
      [{ action: "row.update" }, /nearest: `row\.updated`/],
      [{ table: "items" }, /nearest: `item`/],
      [{ limit: 101 }, /at most 100/],
      [{ since: "yesterday" }, /a time with its offset/],
      [{ user: "x" }, /no argument/],
    ] as const
  ) {
    const answer = await asking(endpoint, {}, args);
    assert.ok(answer.isError);
    assert.match(answer.text, fault);
  }
});

Deno.test("get_activity_log names no column or table that is not shown", async () => {
  await using endpoint = await shop();
  const { services, scope } = endpoint;
  await setRules(services, scope, "item", { ...OPEN_RULES, hidden: ["cost"] });
  await happened(
    endpoint,
    row(SYSTEM_ACTOR, { columns: ["id", "cost", "name"] }),
    row(SYSTEM_ACTOR, { columns: ["cost"] }),
    row(SYSTEM_ACTOR, { columns: ["secret_column"] }, "secret_table"),
    row(SYSTEM_ACTOR, { columns: { length: 9 }, tool: 5, change: [], entry: {} }),
  );
  const { content, text } = await asking(endpoint, {}, { action: "row.updated" });
  assert.deepEqual(content.entries.map(({ table, columns }) => [table, columns]), [
    ["item", undefined],
    [undefined, undefined],
    ["item", undefined],
    ["item", ["id", "name"]],
  ]);
  const everything = await asking(endpoint, {});
  for (const hidden of ["cost", "secret"]) {
    assert.ok(!(text + everything.text + everything.structured).includes(hidden), hidden);
  }
  assert.ok((await asking(endpoint, {}, { table: "secret_table" })).isError);
});

Deno.test("get_activity_log is for who may read activity, and bounded however long entries are", async () => {
  await using endpoint = await shop();
  const { services, scope, manifest } = endpoint;
  const without = { ...scope.principal, abilities: new Set(["rows:read"] as const) };
  assert.ok(!toolList(manifest, without).includes("get_activity_log"));
  assert.ok(toolList(manifest, scope.principal).includes("get_activity_log"));
  await assert.rejects(
    callTool(services, { ...scope, principal: without }, manifest, "get_activity_log", {}),
    /INSUFFICIENT_SCOPE|ability activity:read/,
  );
  const long = "x".repeat(60_000);
  for (let i = 0; i < 8; i++) {
    await happened(endpoint, row(SYSTEM_ACTOR, { tool: `${long}${i}`, client: "\0\ud800" }));
  }
  const { content, structured, text } = await asking(endpoint, {});
  assert.ok(structured!.length < 300_000 && text.length < 300_000);
  assert.ok(content.next_cursor);
  const rest = await asking(endpoint, {}, { cursor: content.next_cursor });
  assert.equal(rest.content.entries[0]!["tool"], `${long}${7 - content.entries.length}`);
});
