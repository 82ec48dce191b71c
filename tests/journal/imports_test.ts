import assert from "node:assert/strict";
import { listChanges, undoChanges } from "../../lib/journal/mod.ts";
import type { TokenId } from "../../lib/ids.ts";
import { sweepIngests } from "../../lib/ingest/mod.ts";
import { type ImportStage, importStage, items } from "../review/import_stage.ts";

const MORE = items("4,pin,4.50,NO,x", "5,cog,5.50,NO,y");

async function changes(stage: ImportStage) {
  return (await listChanges(stage.services, await stage.enter(), {}, { after: null, limit: 50 }))
    .changes;
}

const idsOf = async (stage: ImportStage) => (await stage.items()).map(({ id }) => id);

Deno.test("an import is one change, by name, and one audit entry", async () => {
  await using stage = await importStage();
  const done = await stage.load(await stage.client(), MORE, "mode=append");
  const [change, made] = await changes(stage);
  assert.equal(change!.changeId, done["id"]);
  assert.deepEqual(change!.file, { fileName: "item.csv", sha256: done["sha256"], mode: "append" });
  assert.deepEqual(change!.tables, [{ table: "item", op: "insert", rows: 2 }]);
  assert.deepEqual([change!.rows, change!.undone, change!.by.tool], [2, 0, "import_file"]);
  assert.equal(made!.file!.mode, "create");
  const rows = await stage.rows("SELECT op FROM bulkhead.journal");
  assert.deepEqual(rows.map(({ op }) => op), ["import", "import"]);
  assert.deepEqual(await stage.rows("SELECT FROM bulkhead.outbox"), []);
  const audited = await stage.services.control.tenant(
    stage.tenant.scope.tenantId,
    (tx) => tx`SELECT detail FROM audit_events WHERE action = 'data.loaded' ORDER BY at DESC`,
  );
  assert.equal(audited.length, 2);
  assert.equal(audited[0]!["detail"].change, done["id"]);
  assert.equal(audited[0]!["detail"].sha256, done["sha256"]);
});

Deno.test("an appended file is undone as a whole, and that again", async () => {
  await using stage = await importStage();
  const before = await stage.items();
  const done = await stage.load(await stage.client(), MORE, "mode=append");
  const after = await stage.items();
  const preview = await stage.undo(done["id"], true);
  assert.deepEqual([preview.restored, preview.refused], [2, 0]);
  assert.deepEqual(await stage.items(), after);
  const undone = await stage.undo(done["id"]);
  assert.deepEqual(await stage.items(), before);
  const [entry] = await changes(stage);
  assert.deepEqual(entry!.tables, [{ table: "item", op: "delete", rows: 2 }]);
  assert.equal((await changes(stage))[1]!.undone, 2);
  assert.equal((await stage.undo(done["id"])).already, 1);
  await stage.undo(undone.change);
  assert.deepEqual(await stage.items(), after);
});

Deno.test("rows that were changed since stay, and go once that is undone", async () => {
  await using stage = await importStage();
  const done = await stage.load(await stage.client(), MORE, "mode=append");
  await stage.rows("UPDATE item SET price = 9 WHERE id = 4");
  const partly = await stage.undo(done["id"]);
  assert.deepEqual([partly.restored, partly.refused, partly.imports[0]!.refusal], [
    1,
    1,
    "row_changed",
  ]);
  assert.deepEqual(await idsOf(stage), [1, 2, 3, 4]);
  // The change of that row, which was kept, taken back: the row stands as the file had it.
  const [update] = await stage.rows(
    "SELECT change_id FROM bulkhead.journal WHERE op = 'update'",
  );
  await stage.undo(update!["change_id"]);
  const rest = await stage.undo(done["id"]);
  assert.equal(rest.restored, 1, JSON.stringify(rest));
  assert.deepEqual(await idsOf(stage), [1, 2, 3]);
});

Deno.test("rows to which others refer stay", async () => {
  await using stage = await importStage();
  const done = await stage.load(await stage.client(), MORE, "mode=append");
  await stage.rows(
    "CREATE TABLE sale (id int PRIMARY KEY, item int REFERENCES item ON DELETE CASCADE)",
  );
  await stage.rows("INSERT INTO sale VALUES (1, 5)");
  const partly = await stage.undo(done["id"]);
  assert.deepEqual([partly.restored, partly.refused, partly.imports[0]!.refusal], [
    1,
    1,
    "pointed_to",
  ]);
  assert.deepEqual(await idsOf(stage), [1, 2, 3, 5]);
  assert.equal((await stage.rows("SELECT FROM sale")).length, 1);
});

Deno.test("a replaced table comes back row for row, or not at all", async () => {
  await using stage = await importStage();
  await stage.rows("CREATE TABLE sale (id int PRIMARY KEY, item int REFERENCES item)");
  await stage.rows("INSERT INTO sale VALUES (1, 2)");
  const importer = await stage.client();
  const before = await stage.items();
  const broken = await stage.load(importer, MORE, "mode=replace");
  assert.match((broken["error"] as { detail: string }).detail, /refer to rows that the file does/);
  assert.deepEqual(await stage.items(), before);

  const done = await stage.load(
    importer,
    items("2,new,1.10,NO,z", "9,ten,9.90,NO,z"),
    "mode=replace",
  );
  assert.equal(done["status"], "done", JSON.stringify(done));
  assert.deepEqual(await idsOf(stage), [2, 9]);
  const [change] = await changes(stage);
  assert.deepEqual(change!.tables, [
    { table: "item", op: "delete", rows: 3 },
    { table: "item", op: "insert", rows: 2 },
  ]);
  await stage.rows("UPDATE item SET name = 'x' WHERE id = 9");
  const refused = await stage.undo(done["id"]);
  assert.deepEqual([refused.change, refused.restored, refused.imports[0]!.refusal], [
    null,
    0,
    "row_changed",
  ]);
  assert.deepEqual(await idsOf(stage), [2, 9]);
  const [update] = await stage.rows("SELECT change_id FROM bulkhead.journal WHERE op = 'update'");
  await stage.undo(update!["change_id"]);
  await stage.undo(done["id"]);
  assert.deepEqual(await stage.items(), before);
  // The foreign key holds as before.
  await assert.rejects(stage.rows("DELETE FROM item WHERE id = 2"), /foreign key/);
});

Deno.test("a table that a file made goes with its undo and comes back with the undo of that", async () => {
  await using stage = await importStage();
  const made = await stage.load(stage.all, "id,item_id\n1,2\n2,3\n", "", "sale.csv");
  const sale = () => stage.rows("SELECT * FROM sale ORDER BY id");
  const before = await sale();
  const undone = await stage.undo(made["id"]);
  assert.equal(undone.restored, 2, JSON.stringify(undone));
  await assert.rejects(sale(), /does not exist/);
  // Kept aside, it keeps no row of another table from going.
  await stage.rows(
    "DO $$ BEGIN DELETE FROM item WHERE id = 3; INSERT INTO item VALUES (3); END $$",
  );
  await stage.undo(undone.change);
  assert.deepEqual(await sale(), before);
  await assert.rejects(stage.rows("DELETE FROM item WHERE id = 3"), /foreign key/);
  // With something of it changed, it stays; and so does a table to which another refers.
  const [item] = (await changes(stage)).filter(({ file, tables }) =>
    file?.mode === "create" && tables[0]!.table === "item"
  );
  const pointed = await stage.undo(item!.changeId);
  assert.equal(pointed.imports[0]!.refusal, "pointed_to");
  await stage.rows("DROP TABLE sale; UPDATE item SET name = 'x' WHERE id = 1");
  assert.equal((await stage.undo(item!.changeId)).imports[0]!.refusal, "row_changed");
});

Deno.test("all that a token did since a time goes, its file and its later changes of the same rows", async () => {
  await using stage = await importStage();
  const before = await stage.items();
  const since = new Date(Date.now() - 1000);
  await stage.load(await stage.client(), MORE, "mode=append");
  const [entry] = (await stage.imports()).filter(({ mode }) => mode === "append");
  const token = entry!["token"] as TokenId;
  await stage.rows(`SELECT set_config('bulkhead.change', json_build_object('change',
    gen_random_uuid(), 'by', json_build_object('token', '${token}'))::text, false);
    UPDATE item SET price = 7 WHERE id = 4`);
  const result = await undoChanges(
    stage.services,
    await stage.enter(),
    { kind: "token", token, since },
    { preview: false },
  );
  assert.equal(result.refused, 0, JSON.stringify(result));
  assert.deepEqual(await stage.items(), before);
});

Deno.test("keys that Postgres made are known, and an import without rows is none", async () => {
  await using stage = await importStage();
  await stage.load(stage.all, "word,amount\na,1\na,1\n", "", "log.csv");
  const more = await stage.load(
    stage.all,
    "word,amount\na,1\nb,2\n",
    "mode=append&table=log",
    "l2.csv",
  );
  assert.equal(more["status"], "done", JSON.stringify(more));
  await stage.undo(more["id"]);
  assert.deepEqual(
    await stage.rows("SELECT _id, word FROM log ORDER BY _id"),
    [
      { _id: "1", word: "a" },
      { _id: "2", word: "a" },
    ].map((row) => ({ ...row, _id: row._id })),
  );
  const none = await stage.load(stage.all, items("1,again,1,NO,x"), "mode=append");
  assert.equal((none["report"] as { rejects: number }).rejects, 1);
  assert.equal((await changes(stage)).some(({ changeId }) => changeId === none["id"]), false);
  assert.deepEqual(
    await stage.rows(
      `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'bulkhead_kept%'
       AND nspname LIKE '%${String(none["id"]).replaceAll("-", "")}'`,
    ),
    [],
  );
});

Deno.test("what undoing needs goes when its time is over, and the undo says so", async () => {
  await using stage = await importStage();
  const done = await stage.load(stage.all, MORE, "mode=append");
  const kept = () => stage.rows("SELECT FROM pg_namespace WHERE nspname LIKE 'bulkhead_kept%'");
  assert.equal((await kept()).length, 1);
  await stage.rows("UPDATE bulkhead.import_entries SET expires_at = now() - interval '1 second'");
  await stage.services.control.tenant(
    stage.tenant.scope.tenantId,
    (tx) =>
      tx`UPDATE ingests SET kept_until = now() - interval '1 second' WHERE kept_until IS NOT NULL`,
  );
  await sweepIngests(stage.services);
  assert.equal((await kept()).length, 0);
  const late = await stage.undo(done["id"]);
  assert.equal(late.imports[0]!.refusal, "too_late");
  assert.equal((await stage.items()).length, 5);
  const [left] = await stage.services.control.tenant(
    stage.tenant.scope.tenantId,
    (tx) => tx`SELECT count(*)::int AS n FROM ingests WHERE kept_until IS NOT NULL`,
  );
  assert.equal(left!["n"], 0);
});

Deno.test("no reader and no writer enters what is kept, and a writer's import leaves no grant", async () => {
  await using stage = await importStage();
  await stage.load(await stage.client(), MORE, "mode=append");
  const entered = await stage.rows(`
    SELECT n.nspname, has_schema_privilege(a.reader, n.oid, 'USAGE') AS reads,
      has_schema_privilege(a.writer, n.oid, 'USAGE') AS writes
    FROM pg_namespace n CROSS JOIN bulkhead.access a WHERE n.nspname LIKE 'bulkhead%'`);
  assert.equal(entered.length, 2);
  assert.ok(entered.every(({ reads, writes }) => !reads && !writes), JSON.stringify(entered));
});
