import assert from "node:assert/strict";
import { openEndpoint } from "../../endpoints/mod.ts";
import { testCluster } from "../../../tests/harness/mod.ts";
import { toolEndpoint } from "../../../tests/tools/fixture.ts";
import { setWrites } from "../mod.ts";

Deno.test("turning writes on waits for an index that is being built, and neither fails", async () => {
  await using test = await toolEndpoint("CREATE TABLE item (id int PRIMARY KEY, name text)");
  const lease = await openEndpoint(test.services, test.scope, "owner");
  try {
    const { superuser } = await testCluster();
    const [{ name } = { name: "" }] = await lease.sql<{ name: string }[]>`
      SELECT current_database() AS name`;
    let turned: Promise<unknown> | undefined;
    await lease.sql.begin(async (tx) => {
      await tx`LOCK TABLE item IN SHARE MODE`;
      turned = setWrites(test.services, test.scope, "direct");
      turned.catch(() => {});
      for (;;) {
        const waiting = await superuser`
          SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
          WHERE NOT l.granted AND d.datname = ${name}`;
        if (waiting.length) break;
      }
      // The same row of the catalogue that grants are kept in.
      await tx`CREATE INDEX ON item (name)`;
    });
    await turned;
  } finally {
    lease.release();
  }
  await test.owner(async (sql) => {
    const [row] = await sql`
      SELECT has_table_privilege(writer, 'item', 'DELETE') AS may FROM bulkhead.access`;
    assert.equal(row!["may"], true);
  });
});
