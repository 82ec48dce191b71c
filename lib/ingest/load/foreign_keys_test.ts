import assert from "node:assert/strict";
import { AppError, type ErrorCode } from "../../errors.ts";
import {
  type EndpointDatabase,
  endpointDatabase,
} from "../../../tests/harness/endpoint_database.ts";
import { loadText } from "../../../tests/harness/load_text.ts";
import { declareForeignKey, dropForeignKey } from "./foreign_keys.ts";

let database: EndpointDatabase;

Deno.test.beforeAll(async () => {
  database = await endpointDatabase();
  await loadText(
    database.owner,
    "staff.csv",
    "id,name,reports_to,mentor,desk\n1,Ann,,1,a\n2,Bob,1,7,b\n3,Cid,1,2,c\n",
  );
});

Deno.test.afterAll(async () => await database[Symbol.asyncDispose]());

const key = (column: string, target = "id", table = "staff") => ({
  table: "staff",
  column,
  references: { table, column: target },
});

async function keysOfStaff() {
  const rows = await database.owner`
    SELECT conname, convalidated FROM pg_constraint
    WHERE conrelid = 'staff'::regclass AND contype = 'f'`;
  return [...rows];
}

async function indexesOfStaff() {
  const rows = await database.owner`SELECT indexname FROM pg_indexes WHERE tablename = 'staff'`;
  return rows.map((row) => row["indexname"]);
}

Deno.test("declareForeignKey() adds a key that the data holds, checked and indexed; dropForeignKey() takes both away", async () => {
  await declareForeignKey(database.owner, key("reports_to"));
  assert.deepEqual(await keysOfStaff(), [
    { conname: "staff_reports_to_fkey", convalidated: true },
  ]);
  assert.ok((await indexesOfStaff()).includes("staff_reports_to_idx"));
  await dropForeignKey(database.owner, { table: "staff", column: "reports_to" });
  assert.deepEqual(await keysOfStaff(), []);
  assert.ok(!(await indexesOfStaff()).includes("staff_reports_to_idx"));
});

const REFUSED: readonly (readonly [string, ReturnType<typeof key>, ErrorCode])[] = [
  ["a value without counterpart", key("mentor"), "FOREIGN_KEY_INVALID"],
  ["columns of different types", key("desk"), "FOREIGN_KEY_INVALID"],
  ["a target that is no key", key("reports_to", "mentor"), "FOREIGN_KEY_INVALID"],
  ["an unknown column", key('"; DROP TABLE staff'), "UNKNOWN_COLUMN"],
  ["an unknown target column", key("reports_to", "nope"), "UNKNOWN_COLUMN"],
  ["an unknown target table", key("reports_to", "id", "nope"), "UNKNOWN_TABLE"],
  ["a table that is not the data's", key("reports_to", "ingest_id", "loads"), "UNKNOWN_TABLE"],
];

for (const [what, foreignKey, code] of REFUSED) {
  Deno.test(`declareForeignKey() refuses ${what} with ${code}`, async () => {
    const error = await declareForeignKey(database.owner, foreignKey).catch((error) => error);
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code);
    assert.deepEqual(await keysOfStaff(), []);
  });
}

Deno.test("declareForeignKey() refuses a second key on a column", async () => {
  await declareForeignKey(database.owner, key("reports_to"));
  const error = await declareForeignKey(database.owner, key("reports_to")).catch((error) => error);
  assert.equal(error.code, "CONFLICT");
  await dropForeignKey(database.owner, key("reports_to"));
});

Deno.test("dropForeignKey() says where there is none", async () => {
  const error = await dropForeignKey(database.owner, key("name")).catch((error) => error);
  assert.equal(error.code, "NOT_FOUND");
});
