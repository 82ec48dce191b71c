import assert from "node:assert/strict";
import { type ImportStage, importStage, items } from "./import_stage.ts";

const MORE = items("4,pin,4.50,NO,x", "5,cog,5.50,NO,x", "1,twice,0,NO,x");

const files = (stage: ImportStage) =>
  stage.services.control.tenant(
    stage.tenant.scope.tenantId,
    (tx) => tx`SELECT status, approved_by FROM ingests ORDER BY created_at`,
  );

async function stored({ services, tenant }: ImportStage, id: unknown): Promise<boolean> {
  const [row] = await services.control.tenant(
    tenant.scope.tenantId,
    (tx) => tx`SELECT tenant_id, endpoint_id FROM ingests WHERE id = ${id as string}`,
  );
  try {
    const key = `${row!["tenant_id"]}/${row!["endpoint_id"]}/${id}`;
    await (await services.objects.open(key)).cancel();
    return true;
  } catch {
    return false;
  }
}

Deno.test("a file of a token waits under review, with a preview, and goes in when a person says so", async () => {
  await using stage = await importStage("review");
  const waits = await stage.load(await stage.client(), MORE, "mode=append");
  assert.equal(waits["status"], "waiting", JSON.stringify(waits));
  assert.equal((await stage.items()).length, 3);
  assert.deepEqual(await stage.imports(), [
    {
      mode: "create",
      table_name: "item",
      added: 3,
      removed: 0,
      token: (await stage.imports())[0]!["token"],
    },
  ]);
  const [change] = await stage.waiting();
  assert.equal(change!.id, waits["id"]);
  assert.deepEqual(change!.counts, { inserted: 2, updated: 0, deleted: 0, unchanged: 0 });
  assert.deepEqual(change!.file, {
    fileName: "item.csv",
    sha256: waits["sha256"],
    mode: "append",
    rejects: 1,
    tables: [{ name: "item", rows: 2, removed: 0, rejected: 1 }],
  });
  assert.deepEqual(change!.rows.map(({ op, after }) => [op, after!["id"], after!["price"]]), [
    ["insert", 4, "4.50"],
    ["insert", 5, "5.50"],
  ]);
  assert.equal(change!.conflict, null);
  const shown = await stage.all.ok(200, "GET", `${stage.at}/review`);
  assert.equal((shown["items"] as { importing: boolean }[])[0]!.importing, false);

  await stage.approve(change!.id, change!.version);
  const done = await stage.over(waits["id"], "done", "failed", "waiting");
  assert.equal(done["status"], "done", JSON.stringify(done));
  assert.deepEqual((await stage.items()).map(({ id }) => id), [1, 2, 3, 4, 5]);
  assert.equal((await stage.waiting()).length, 0);
  const [, entry] = await stage.rows(
    "SELECT context FROM bulkhead.journal WHERE op = 'import' ORDER BY id",
  );
  const context = entry!["context"] as Record<string, unknown>;
  assert.equal(context["kind"], "rest");
  assert.equal(
    (context["approved_by"] as { user: string }).user,
    stage.tenant.scope.principal.userId,
  );
  assert.equal(await stored(stage, waits["id"]), false);
});

Deno.test("a token under review waits on an endpoint that takes writes at once, and a person does not", async () => {
  await using stage = await importStage("direct");
  const waits = await stage.load(
    await stage.client(undefined, { review: true }),
    MORE,
    "mode=append",
  );
  assert.equal(waits["status"], "waiting");
  await using reviewed = await importStage("review");
  const { startIngest } = await import("../../lib/ingest/mod.ts");
  const { id } = await startIngest(reviewed.services, await reviewed.enter(), {
    fileName: "item.csv",
    body: ReadableStream.from([new TextEncoder().encode(MORE)]),
    options: { mode: "append" },
    allowDuplicate: false,
  });
  assert.equal((await reviewed.over(id, "done", "failed", "waiting"))["status"], "done");
});

Deno.test("a rejected file goes, and is never imported", async () => {
  await using stage = await importStage("review");
  const waits = await stage.load(await stage.client(), MORE, "mode=append");
  assert.equal(await stored(stage, waits["id"]), true);
  await stage.reject(waits["id"] as string);
  assert.equal((await stage.over(waits["id"], "rejected"))["status"], "rejected");
  assert.equal(await stored(stage, waits["id"]), false);
  assert.equal((await stage.items()).length, 3);
  await assert.rejects(stage.approve(waits["id"] as string), /decided on already/);
});

Deno.test("nobody approves a file that they sent themselves, and nobody twice", async () => {
  await using stage = await importStage("review");
  const both = await stage.client(["files:write", "rows:insert", "api:changes:write"]);
  const waits = await stage.load(both, MORE, "mode=append");
  const approve = `${stage.at}/changes/${waits["id"]}/approve`;
  const own = await both.call("POST", approve, { version: "x" });
  assert.equal(own.body["code"], "ACCESS_DENIED");
  const other = await stage.client(["api:changes:write", "api:changes:read"]);
  const { items: [shown] } = await other.ok(200, "GET", `${stage.at}/review`) as {
    items: { version: string }[];
  };
  const { version } = shown!;
  const answers = await Promise.all(
    [1, 2, 3, 4].map(() => other.call("POST", approve, { version })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409]);
  await stage.over(waits["id"], "done");
  assert.equal((await stage.items()).length, 5);
});

Deno.test("an approval does what was shown or nothing: of other bytes, or after the tables have moved on", async () => {
  await using stage = await importStage("review");
  const importer = await stage.client();
  const waits = await stage.load(importer, MORE, "mode=append");
  const id = waits["id"] as string;
  await stage.rows("INSERT INTO item (id, name) VALUES (5, 'there')");
  await stage.approve(id);
  await stage.over(id, "waiting", "done");
  const [moved] = await stage.waiting();
  assert.match(moved!.conflict!, /would not do what was shown/);
  assert.equal((await stage.items()).length, 4);
  // Looked at anew, it says what it would do now.
  const { endpoint, ...request } = await stage.enter();
  const { refreshPreview } = await import("../../lib/tools/mod.ts");
  await refreshPreview(stage.services, { ...request, endpoint }, moved!.id);
  await stage.over(id, "waiting", "done");
  let [now] = await stage.waiting();
  while (now!.counts.inserted !== 1) [now] = await stage.waiting();
  assert.equal(now!.conflict, null);
  await assert.rejects(stage.approve(id, moved!.version), /looked at anew/);

  const key = `${stage.tenant.scope.tenantId}/${endpoint.id}/${id}`;
  const other = new TextEncoder().encode(items("4,swapped,4.50,NO,x"));
  await stage.services.objects.remove(key);
  await stage.services.objects.put(key, ReadableStream.from([other]));
  await stage.approve(id, now!.version);
  await stage.over(id, "waiting", "done");
  const [swapped] = await stage.waiting();
  assert.match(swapped!.conflict ?? "", /not the one that was sent/);
  assert.equal((await stage.items()).length, 4);
});

Deno.test("a file that waits can be cancelled, and its change waits no more", async () => {
  await using stage = await importStage("review");
  const importer = await stage.client();
  const waits = await stage.load(importer, MORE, "mode=append");
  const cancelled = await importer.call("POST", `${stage.at}/ingests/${waits["id"]}/cancel`);
  assert.equal(cancelled.body["status"], "cancelled");
  assert.deepEqual(await stage.waiting(), []);
  assert.equal(await stored(stage, waits["id"]), false);
  assert.equal((await files(stage)).length, 2);
});
