import assert from "node:assert/strict";
import { randomName } from "../ids.ts";
import { testCluster } from "../../tests/harness/mod.ts";
import { connect, quoteIdent, quoteLiteral } from "./connect.ts";
import { migrate } from "./migrate.ts";

async function withDatabase(work: (url: string) => Promise<void>): Promise<void> {
  const { superuser, superuserUrl } = await testCluster();
  const name = `migrate_${randomName(10)}`;
  await superuser.unsafe(`CREATE DATABASE ${name}`);
  const url = new URL(superuserUrl);
  url.pathname = `/${name}`;
  try {
    await work(url.href);
  } finally {
    await superuser.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
  }
}

const TRAIL = [
  { version: 1, name: "make", text: "CREATE TABLE things (id int PRIMARY KEY)" },
  { version: 2, name: "fill", text: "INSERT INTO things VALUES (1)" },
];

Deno.test("migrate() applies each step once, however many start at once", async () => {
  await withDatabase(async (url) => {
    const pools = Array.from({ length: 4 }, () => connect(url, { max: 2 }));
    await migrate(pools[0]!, []);
    const applied = await Promise.all(pools.map((sql) => migrate(sql, TRAIL)));
    assert.deepEqual(applied.flat().sort(), [1, 2]);
    const rows = await pools[0]!`SELECT id FROM things`;
    assert.equal(rows.length, 1);
    await Promise.all(pools.map((sql) => sql.end()));
  });
});

Deno.test("migrate() leaves nothing of a step that fails, and refuses a changed one", async () => {
  await withDatabase(async (url) => {
    const sql = connect(url, { max: 2 });
    const broken = { version: 3, name: "broken", text: "CREATE TABLE half (id int); SELECT 1/0" };
    await assert.rejects(migrate(sql, [...TRAIL, broken]), /3_broken failed/);
    assert.equal((await sql`SELECT to_regclass('half') AS half`)[0]!["half"], null);
    assert.deepEqual(await migrate(sql, TRAIL), []);
    const changed = [{ ...TRAIL[0]!, text: "SELECT 1" }];
    await assert.rejects(migrate(sql, changed), (error: Error) => {
      assert.match(String(error.cause), /changed after it was applied/);
      return true;
    });
    await sql.end();
  });
});

Deno.test("quoteIdent() and quoteLiteral() survive hostile text", async () => {
  const { superuser } = await testCluster();
  for (const text of [`a"b`, `a'b`, `\\'; DROP TABLE x; --`, "é\n\t", "$1", "%s"]) {
    const [row] = await superuser.unsafe(
      `SELECT ${quoteLiteral(text)} AS ${quoteIdent(text)}`,
    );
    assert.deepEqual(Object.entries(row!), [[text, text]]);
  }
  assert.throws(() => quoteIdent("a\0b"));
  assert.throws(() => quoteLiteral("a\0b"));
});
