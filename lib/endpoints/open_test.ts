import assert from "node:assert/strict";
import { sqlState } from "../postgres/mod.ts";
import { toolEndpoint } from "../../tests/tools/fixture.ts";
import { openEndpoint } from "./mod.ts";

Deno.test("keeper and trial write in transactions alone, whatever else reaches their connections", async () => {
  await using test = await toolEndpoint("CREATE TABLE item (id int PRIMARY KEY)", "direct");
  for (const role of ["keeper", "trial"] as const) {
    const lease = await openEndpoint(test.services, test.scope, role);
    try {
      const { sql } = lease;
      await assert.rejects(
        sql`INSERT INTO item VALUES (1)`.execute(),
        (error) => sqlState(error) === "25006",
      );
      await sql.begin((tx) => tx`INSERT INTO item VALUES (1)`);
      await assert.rejects(
        sql`DELETE FROM item`.execute(),
        (error) => sqlState(error) === "25006",
      );
      await sql.begin((tx) => tx`DELETE FROM item`);
    } finally {
      lease.release();
    }
  }
});
