import assert from "node:assert/strict";
import { randomName } from "../ids.ts";
import { connect } from "./connect.ts";
import { copyIn } from "./copy.ts";
import { sqlState } from "./sqlstate.ts";
import { testCluster } from "../../tests/harness/mod.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function withTable(run: (sql: ReturnType<typeof connect>, table: string) => Promise<void>) {
  const { superuserUrl } = await testCluster();
  const sql = connect(superuserUrl, { max: 1, name: "copy test" });
  const table = `copy_${randomName(8)}`;
  try {
    await sql.unsafe(`CREATE TABLE ${table} (n integer)`);
    await run(sql, table);
  } finally {
    await sql.unsafe(`DROP TABLE ${table}`);
    await sql.end();
  }
}

Deno.test("copyIn() answers how many rows were copied", () =>
  withTable(async (sql, table) => {
    const rows = await sql.begin(async (tx) => {
      const copy = await copyIn(tx, `COPY ${table} FROM STDIN`);
      for (let n = 0; n < 100; n++) await copy.write(bytes(`${n}\n`.repeat(1000)));
      return await copy.end();
    });
    assert.equal(rows, 100_000);
  }));

Deno.test("copyIn() tells of a fault in the last row, after the end of the data", () =>
  withTable(async (sql, table) => {
    await sql.begin(async (tx) => {
      const fault = await tx.savepoint(async (inner) => {
        const copy = await copyIn(inner, `COPY ${table} FROM STDIN`);
        await copy.write(bytes("1\nx\n"));
        await copy.end();
      }).then(() => null, (error) => error);
      assert.equal(sqlState(fault), "22P02");
      // The connection is sound: a second COPY on it is not hit by what the first one left.
      const again = await copyIn(tx, `COPY ${table} FROM STDIN`);
      await again.write(bytes("1\n"));
      assert.equal(await again.end(), 1);
    });
  }));

Deno.test("copyIn() tells of a fault while data is still being sent", () =>
  withTable(async (sql, table) => {
    const fault = await sql.begin(async (tx) => {
      const copy = await copyIn(tx, `COPY ${table} FROM STDIN`);
      await copy.write(bytes("x\n"));
      for (;;) await copy.write(bytes("1\n".repeat(50_000)));
    }).then(() => null, (error) => error);
    assert.equal(sqlState(fault), "22P02");
  }));

Deno.test("copyIn().abort() leaves nothing of the data", () =>
  withTable(async (sql, table) => {
    await sql.begin(async (tx) => {
      await tx.savepoint(async (inner) => {
        const copy = await copyIn(inner, `COPY ${table} FROM STDIN`);
        await copy.write(bytes("1\n".repeat(50_000)));
        await copy.abort();
        throw new Error("given up");
      }).catch((error) => assert.equal(error.message, "given up"));
      const again = await copyIn(tx, `COPY ${table} FROM STDIN`);
      await again.write(bytes("2\n"));
      assert.equal(await again.end(), 1);
    });
    const rows = await sql.unsafe(`SELECT n FROM ${table}`);
    assert.deepEqual([...rows], [{ n: 2 }]);
  }));
