import assert from "node:assert/strict";
import { newId } from "../../lib/ids.ts";
import { ABILITIES, type Ability } from "../../lib/principal.ts";
import { createRest } from "../../lib/rest/mod.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import { type Json, RestClient, serve, testToken } from "../harness/mod.ts";
import { agentOf, openStage, type Stage } from "./stage.ts";

const DDL = `
  CREATE TABLE item (id bigint PRIMARY KEY, name text, price numeric, secret text);
  INSERT INTO item VALUES (9007199254740993, 'Rope', 1.50, 's1'), (2, 'Anchor', 2, 's2');
`;

async function client(stage: Stage, origin: string, abilities: readonly Ability[] = ABILITIES) {
  return new RestClient(origin, await testToken(stage.services, stage.tenant, { abilities }));
}

async function open() {
  const stack = new AsyncDisposableStack();
  const stage = stack.use(await openStage(DDL));
  const { services, scope } = stage;
  const { origin } = stack.use(serve(services, createRest(services, REST_ROUTES)));
  return {
    stage,
    origin,
    path: `/v1/endpoints/${scope.endpoint.slug}`,
    rest: await client(stage, origin),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const codeOf = (answer: { body: Json }) => answer.body["code"];

Deno.test("/v1 lists changes, shows them row by row and takes them back", async () => {
  await using test = await open();
  const { stage, rest, path } = test;
  const agent = agentOf(stage);
  const first = await stage.change((tx) => tx`UPDATE item SET price = 9.90`, agent, "update_rows");
  const second = await stage.change((tx) => tx`DELETE FROM item WHERE id = 2`, agent, "delete_row");
  const page = await rest.ok(200, "GET", `${path}/changes?limit=1`);
  const [latest] = page["items"] as Json[];
  assert.deepEqual({ ...latest, at: "", request_id: "" }, {
    id: second,
    at: "",
    actor_kind: "mcp",
    user_id: stage.tenant.userId,
    token_id: agent.principal.tokenId,
    grant_id: null,
    actor_name: "an agent",
    tool: "delete_row",
    request_id: "",
    network: "192.0.2.0/24",
    rows: 1,
    rows_undone: 0,
    rows_undoing: 0,
    tables: [{ table: "item", op: "delete", rows: 1 }],
    file: null,
  });
  const older = await rest.ok(200, "GET", `${path}/changes?limit=1&cursor=${page["next_cursor"]}`);
  assert.deepEqual((older["items"] as Json[]).map(({ id }) => id), [first]);
  assert.equal(older["next_cursor"], null);

  const shown = await rest.ok(200, "GET", `${path}/changes/${first}`);
  const rows = shown["rows"] as Json[];
  assert.deepEqual(rows.map(({ key, before, after }) => [key, before, after]), [
    [
      { id: "9007199254740993" },
      { id: "9007199254740993", name: "Rope", price: "1.50", secret: "s1" },
      { id: "9007199254740993", name: "Rope", price: "9.90", secret: "s1" },
    ],
    [
      { id: 2 },
      { id: 2, name: "Anchor", price: 2, secret: "s2" },
      { id: 2, name: "Anchor", price: "9.90", secret: "s2" },
    ],
  ]);

  const preview = await rest.ok(200, "POST", `${path}/changes/${first}/undo`, { preview: true });
  const done = await rest.ok(200, "POST", `${path}/changes/${first}/undo`, {});
  assert.deepEqual({ ...done, preview: true, change_id: null, rows: 0 }, { ...preview, rows: 0 });
  assert.deepEqual([done["restored"], done["refused"]], [1, 1]);
  const [refused] = done["rows"] as Json[];
  assert.deepEqual([refused!["refusal"], refused!["reason"]], ["row_gone", "The row is gone."]);

  const since = { token_id: agent.principal.tokenId, since: "2020-01-01T00:00:00Z" };
  const all = await rest.ok(200, "POST", `${path}/undo`, since);
  assert.deepEqual([all["restored"], all["refused"], all["already_undone"]], [2, 0, 1]);
  const left = await stage.owner`SELECT name, price FROM item ORDER BY id`;
  assert.deepEqual([...left], [{ name: "Anchor", price: "2" }, { name: "Rope", price: "1.50" }]);
});

Deno.test("/v1 takes back one row of a change, and none of another's", async () => {
  await using test = await open();
  const { stage, rest, path } = test;
  const one = await stage.change((tx) => tx`UPDATE item SET name = 'x'`);
  const other = await stage.change((tx) => tx`UPDATE item SET price = 0`);
  const shown = await rest.ok(200, "GET", `${path}/changes/${other}`);
  const entry = (shown["rows"] as Json[])[0]!["id"];
  assert.equal(
    codeOf(await rest.call("POST", `${path}/changes/${one}/undo`, { entry })),
    "NOT_FOUND",
  );
  const done = await rest.ok(200, "POST", `${path}/changes/${other}/undo`, { entry });
  assert.equal(done["restored"], 1);
});

Deno.test("/v1 shows neither hidden columns nor filtered rows of a change", async () => {
  await using test = await open();
  const { stage, rest, path } = test;
  const change = await stage.change((tx) =>
    tx`UPDATE item SET price = price + 1, secret = 'canary'`
  );
  await stage.owner`INSERT INTO bulkhead.rules (table_name, hidden, row_filter, row_filter_sql)
    VALUES ('item', '{secret}', '{}', 'id > 2')`;
  await stage.allow();
  const shown = await rest.ok(200, "GET", `${path}/changes/${change}`);
  assert.equal((shown["rows"] as Json[]).length, 1);
  assert.equal(shown["not_shown"], 1);
  const undone = await rest.ok(200, "POST", `${path}/changes/${change}/undo`, {});
  assert.deepEqual([undone["restored"], undone["not_shown"]], [2, 1]);
  for (const answer of [shown, undone]) {
    assert.ok(!/canary|secret|s1|s2|Anchor/.test(JSON.stringify(answer)));
  }
});

Deno.test("/v1 refuses what is no change, and who may not", async () => {
  await using test = await open();
  const { stage, rest, path, origin } = test;
  const change = await stage.change((tx) => tx`UPDATE item SET name = 'x'`);
  const bad: [method: string, path: string, body: unknown, code: string][] = [
    ["GET", `/changes/${newId()}`, undefined, "NOT_FOUND"],
    ["GET", "/changes/x", undefined, "NOT_FOUND"],
    ["GET", "/changes?cursor=x", undefined, "INVALID_CURSOR"],
    ["GET", "/changes?table=%00", undefined, "INVALID_ARGUMENTS"],
    ["GET", "/changes?since=yesterday", undefined, "INVALID_ARGUMENTS"],
    ["POST", `/changes/${newId()}/undo`, {}, "NOT_FOUND"],
    ["POST", `/changes/${change}/undo`, { entry: "x" }, "INVALID_ARGUMENTS"],
    ["POST", `/changes/${change}/undo`, { entry: "9223372036854775808" }, "INVALID_ARGUMENTS"],
    ["POST", "/undo", { since: "2020-01-01T00:00:00Z" }, "INVALID_ARGUMENTS"],
    ["POST", "/undo", { token_id: newId() }, "INVALID_ARGUMENTS"],
  ];
  for (const [method, rest_, body, code] of bad) {
    assert.equal(codeOf(await rest.call(method, path + rest_, body)), code, `${method} ${rest_}`);
  }
  const reader = await client(stage, origin, ["api:changes:read"]);
  await reader.ok(200, "GET", `${path}/changes`);
  assert.equal((await reader.call("POST", `${path}/changes/${change}/undo`, {})).status, 403);
  const writer = await client(stage, origin, ["rows:read", "rows:update", "api:endpoints:read"]);
  assert.equal((await writer.call("GET", `${path}/changes`)).status, 403);
  assert.equal((await writer.call("POST", `${path}/undo`, {})).status, 403);
});
