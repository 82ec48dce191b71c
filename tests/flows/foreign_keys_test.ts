import assert from "node:assert/strict";
import { declareForeignKey, dropForeignKey, serveIngests } from "../../lib/ingest/mod.ts";
import { file, ingestTest, load } from "./ingest_setup.ts";

Deno.test("declareForeignKey() and dropForeignKey() change the schema, with an entry and a rebuild", async () => {
  await using test = await ingestTest();
  const { services, scope } = test;
  const worker = await serveIngests(services, () => Promise.resolve());
  await load(test, file("id,name\n1,Ada\n2,Grace\n", { fileName: "employee.csv" }));
  await load(test, file("id,support_rep,odd\n7,1,9\n8,2,9\n", { fileName: "customer.csv" }));
  await worker.stop();
  const rebuilt: string[] = [];
  const rebuild = () => Promise.resolve(void rebuilt.push("again"));
  const key = {
    table: "customer",
    column: "support_rep",
    references: { table: "employee", column: "id" },
  };

  const refusals: readonly (readonly [typeof key, string])[] = [
    [{ ...key, table: "nobody" }, "UNKNOWN_TABLE"],
    [{ ...key, column: 'x"; DROP TABLE customer; --' }, "UNKNOWN_COLUMN"],
    [{ ...key, column: "odd" }, "FOREIGN_KEY_INVALID"],
    [{ ...key, references: { table: "employee", column: "name" } }, "FOREIGN_KEY_INVALID"],
  ];
  for (const [wrong, code] of refusals) {
    await assert.rejects(declareForeignKey(services, scope, wrong, rebuild), { code });
  }
  assert.deepEqual(rebuilt, []);

  await declareForeignKey(services, scope, key, rebuild);
  await assert.rejects(declareForeignKey(services, scope, key, rebuild), { code: "CONFLICT" });
  await dropForeignKey(services, scope, key, rebuild);
  await assert.rejects(dropForeignKey(services, scope, key, rebuild), { code: "NOT_FOUND" });
  assert.equal(rebuilt.length, 2);

  const events = await services.control.tenant(scope.tenantId, async (tx) => [
    ...await tx<{ detail: unknown; kind: string }[]>`
      SELECT detail, actor_kind AS kind FROM audit_events WHERE action = 'schema.changed'
      ORDER BY at, id`,
  ]);
  assert.deepEqual(events, [
    { kind: "dashboard", detail: { change: "foreign_key_declared", ...key } },
    {
      kind: "dashboard",
      detail: { change: "foreign_key_dropped", table: "customer", column: "support_rep" },
    },
  ]);
});
