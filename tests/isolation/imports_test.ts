import assert from "node:assert/strict";
import { sweepIngests } from "../../lib/ingest/mod.ts";
import type { Tx } from "../../lib/postgres/mod.ts";
import type { Json } from "../harness/mod.ts";
import { type ImportStage, importStage, items } from "../review/import_stage.ts";

const MORE = items("4,pin,4.50,NO,x");

async function refused(
  stage: ImportStage,
  answer: Promise<{ status: number; body: Record<string, unknown> }>,
  code: string,
) {
  const before = await stage.items();
  assert.equal((await answer).body["code"], code);
  assert.deepEqual(await stage.items(), before);
}

Deno.test("a token that may hand in files adds no row to a table without the abilities to write", async () => {
  await using stage = await importStage();
  const { send, client } = stage;
  await refused(
    stage,
    send(await client(["files:write"]), MORE, "mode=append"),
    "INSUFFICIENT_SCOPE",
  );
  await refused(
    stage,
    send(await client(["files:write", "rows:insert"]), MORE, "mode=replace"),
    "INSUFFICIENT_SCOPE",
  );
  await refused(
    stage,
    send(
      await client(["files:write", "rows:delete"]),
      MORE,
      "mode=replace",
    ),
    "INSUFFICIENT_SCOPE",
  );
  // A file of its own needs no more than before.
  const own = await stage.load(await client(["files:write"]), "a,b\n1,2\n", "", "own.csv");
  assert.equal(own["status"], "done");
});

Deno.test("a token adds no row where writing is off, at the door and when the file's turn comes", async () => {
  await using stage = await importStage("off");
  const importer = await stage.client();
  await refused(stage, stage.send(importer, MORE, "mode=append"), "WRITES_OFF");
  await stage.services.denials.flush();
  const [denied] = await stage.services.control.tenant(
    stage.tenant.scope.tenantId,
    (tx) => tx`SELECT subject, detail FROM audit_events WHERE action = 'call.denied'`,
  );
  assert.deepEqual([denied!["subject"], denied!["detail"].reason], ["uploadFile", "WRITES_OFF"]);
  // The database alone: what the settings say makes no difference to it.
  await stage.services.control.tenant(
    stage.tenant.scope.tenantId,
    (tx) => tx`UPDATE endpoints SET settings = settings || '{"writes": "direct"}'`,
  );
  const { slug } = (await stage.enter()).endpoint;
  await stage.services.replicas.forget("endpoints.slug", [slug]);
  const late = await stage.load(importer, MORE, "mode=append");
  assert.deepEqual([late["status"], (late["error"] as { code: string }).code], [
    "failed",
    "WRITES_OFF",
  ]);
  assert.equal((await stage.items()).length, 3);
});

Deno.test("a file of a token sets no hidden and no read-only column, and names none that it may not know", async () => {
  await using stage = await importStage();
  const importer = await stage.client();
  await stage.rules({ hidden: ["secret"], readOnly: ["price"] });
  const hidden = await stage.load(importer, MORE, "mode=append");
  const unknown = await stage.load(
    importer,
    "id,name,country,nonsense\n4,pin,NO,x\n",
    "mode=append",
  );
  const detail = (ingest: Record<string, unknown>) =>
    (ingest["error"] as { detail: string }).detail;
  assert.equal(
    (hidden["error"] as { code: string }).code,
    "SHAPE_MISMATCH",
    JSON.stringify(hidden),
  );
  assert.match(detail(hidden), /"price" may be read and not set; the table lacks "secret"/);
  assert.match(detail(unknown), /the table lacks "nonsense"/);
  const open = await stage.load(importer, "id,name,country\n4,pin,NO\n", "mode=append");
  assert.equal(open["status"], "done", JSON.stringify(open));
  assert.deepEqual((await stage.items()).at(-1), {
    id: 4,
    name: "pin",
    price: null,
    country: "NO",
    secret: null,
  });
  const columns = (open["report"] as { tables: { columns: { name: string }[] }[] }).tables[0]!
    .columns.map(({ name }) => name);
  assert.deepEqual(columns, ["id", "name", "country"]);
  // A table all of whose columns are hidden is one that is not there.
  await stage.rules({
    hidden: ["id", "name", "price", "country", "secret"],
    insert: false,
    update: false,
    delete: false,
  });
  const gone = await stage.load(importer, "id,name,country\n5,cog,NO\n", "mode=append");
  assert.equal((gone["error"] as { code: string }).code, "UNKNOWN_TABLE");
});

Deno.test("Postgres itself keeps a token's file to the grants and the row filter", async () => {
  await using stage = await importStage();
  const importer = await stage.client();
  await stage.rules({ rowFilter: { column: "country", op: "eq", value: "NO" } });
  const outside = await stage.load(
    importer,
    items("4,pin,4.50,NO,x", "5,cog,5.50,SE,x"),
    "mode=append",
  );
  assert.deepEqual(
    (outside["error"] as { detail: string }).detail,
    "A row is outside of what you may write. No rows were imported.",
  );
  assert.equal((await stage.items()).length, 3);
  // What it replaces are the rows that it sees.
  const replaced = await stage.load(importer, items("7,cam,7.50,NO,x"), "mode=replace");
  assert.equal(replaced["status"], "done", JSON.stringify(replaced));
  assert.deepEqual((await stage.items()).map(({ id }) => id), [3, 7]);
  await stage.rules({ insert: false });
  const barred = await stage.load(importer, items("8,rod,8.50,NO,x"), "mode=append");
  assert.match((barred["error"] as { detail: string }).detail, /field rules do not let you/);
  await stage.rules({ delete: false });
  const kept = await stage.load(importer, items("9,jig,9.50,NO,x"), "mode=replace");
  assert.match((kept["error"] as { detail: string }).detail, /field rules do not let you/);
  assert.deepEqual((await stage.items()).map(({ id }) => id), [3, 7]);
});

Deno.test("a file is judged by what its token may do when its turn comes", async () => {
  await using stage = await importStage();
  const importer = await stage.client();
  const { services, tenant } = stage;
  const control = (work: (tx: Tx) => Promise<unknown>) =>
    services.control.tenant(tenant.scope.tenantId, work);
  // Another import of the endpoint has the turn until the token is over.
  await control((tx) => tx`UPDATE ingests SET status = 'running', heartbeat_at = now()`);
  const sent = await stage.send(importer, MORE, "mode=append");
  await control((tx) =>
    tx`UPDATE tokens SET revoked_at = now()
       WHERE id = (SELECT id FROM tokens ORDER BY created_at DESC LIMIT 1)`
  );
  const id = sent.body["id"] as string;
  await control((tx) => tx`UPDATE ingests SET status = 'done' WHERE id <> ${id}`);
  await control((tx) =>
    tx`UPDATE ingests SET heartbeat_at = now() - interval '1 minute' WHERE id = ${id}`
  );
  await sweepIngests(services);
  const ended = await stage.over(id, "failed", "done");
  assert.equal((ended["error"] as { code: string }).code, "ACCESS_DENIED");
  assert.equal((await stage.items()).length, 3);
});

Deno.test("a table that a token makes tells nothing of tables that it may not see whole", async () => {
  await using stage = await importStage();
  const maker = await stage.client(["files:write", "files:read"]);
  const keysOf = (ingest: Record<string, unknown>) =>
    (ingest["report"] as { tables: { foreign_keys: unknown[] }[] }).tables[0]!.foreign_keys;
  const open = await stage.load(maker, "id,item_id\n1,3\n", "", "sale.csv");
  assert.equal(keysOf(open).length, 1);
  await stage.rules({ rowFilter: { column: "country", op: "eq", value: "NO" } });
  const filtered = await stage.load(maker, "id,item_id\n1,3\n2,3\n", "", "order.csv");
  assert.deepEqual(keysOf(filtered), []);
});

Deno.test("what a file held of hidden columns shows neither in its report nor in its rejected rows", async () => {
  await using stage = await importStage();
  const { all, at } = stage;
  const bad = "id,label,salary\n1,nut,11\n2,bolt,canary77,4,5\n3,gear,13\n";
  const { id } = await stage.load(all, bad, "", "pay.csv") as { id: string };
  const read = async (path: string) => JSON.stringify(await all.ok(200, "GET", path));
  const path = `${at}/ingests/${id}`;
  const before = await read(path);
  assert.ok(before.includes("salary") && (await read(`${path}/rejects`)).includes("canary77"));
  await stage.rules({ hidden: ["salary"] }, "pay");
  for (const text of [await read(path), await read(`${at}/ingests`)]) {
    assert.ok(text.includes("label") && !text.includes("salary"), text);
  }
  const { items } = await all.ok(200, "GET", `${path}/rejects`);
  assert.deepEqual((items as Json[]).map(({ raw, reason }) => [raw, reason]), [
    ["", "the field rules hide this row"],
  ]);
  await stage.rules({ hidden: [], rowFilter: { column: "label", op: "eq", value: "nut" } }, "pay");
  assert.ok((await read(path)).includes("salary"));
  assert.ok(!(await read(`${path}/rejects`)).includes("canary77"));
});
