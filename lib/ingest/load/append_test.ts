import assert from "node:assert/strict";
import { AppError, type ErrorCode } from "../../errors.ts";
import {
  type EndpointDatabase,
  endpointDatabase,
} from "../../../tests/harness/endpoint_database.ts";
import { type FileContent, loadText } from "../../../tests/harness/load_text.ts";
import type { LoadOptions } from "./types.ts";

let database: EndpointDatabase;

Deno.test.beforeAll(async () => {
  database = await endpointDatabase();
});

Deno.test.afterAll(async () => await database[Symbol.asyncDispose]());

const load = (name: string, content: FileContent, options: Partial<LoadOptions> = {}) =>
  loadText(database.owner, name, content, { options });

const append = (name: string, content: FileContent, options: Partial<LoadOptions> = {}) =>
  load(name, content, { mode: "append", ...options });

const rowsOf = async (table: string, order: string) => [
  ...await database.owner.unsafe(`SELECT * FROM ${table} ORDER BY ${order}`),
];

async function refused(work: Promise<unknown>, code: ErrorCode, ...details: RegExp[]) {
  const error = await work.then(() => null, (error) => error);
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code);
  for (const detail of details) assert.match(error.detail ?? "", detail);
}

Deno.test("loadFile() appends the same shape, its columns in any order", async () => {
  await load("people.csv", "Id,Name,Born\n1,Ann,1990-01-31\n");
  const report = await append("people.csv", "Born,Name,Id\n,Bob,2\n2001/05/06,Cid,3\n");
  assert.deepEqual(report.tables[0]!.primaryKey, ["id"]);
  assert.equal(report.tables[0]!.rows, 2);
  const rows = await database.owner`SELECT id, name, born::text FROM people ORDER BY id`;
  assert.deepEqual([...rows], [
    { id: 1, name: "Ann", born: "1990-01-31" },
    { id: 2, name: "Bob", born: null },
    { id: 3, name: "Cid", born: "2001-05-06" },
  ]);
});

Deno.test("loadFile() appends to a table that is named, whatever the file is called", async () => {
  await load("log.csv", "message\nfirst\nsecond\n");
  await append("more.csv", "message\nthird\n", { table: "log" });
  assert.deepEqual(await rowsOf("log", "_id"), [
    { message: "first", _id: "1" },
    { message: "second", _id: "2" },
    { message: "third", _id: "3" },
  ]);
});

Deno.test("loadFile() appends a file without headers by place", async () => {
  await load("points.csv", "x,y\n1,2\n");
  await append("points.csv", "3,4\n5,6\n");
  assert.deepEqual((await rowsOf("points", "_id")).map(({ x, y }) => [x, y]), [
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});

Deno.test("loadFile() sets aside what a key does not allow, and appends the rest", async () => {
  await load("keyed.csv", "id,b\n1,one\n2,two\n");
  const report = await append("again.csv", "id,b\n2,other\n3,three\n,none\n3,twice\nx\n4,four\n", {
    table: "keyed",
  });
  assert.equal(report.tables[0]!.rows, 2);
  assert.equal(report.rejects, 4);
  assert.deepEqual(await rowsOf("keyed", "id"), [
    { id: 1, b: "one" },
    { id: 2, b: "two" },
    { id: 3, b: "three" },
    { id: 4, b: "four" },
  ]);
  const rejects = await database.owner`
    SELECT line, reason, table_name FROM bulkhead.rejects WHERE file_name = 'again.csv'
    ORDER BY line`;
  assert.deepEqual(rejects.map(({ line, reason }) => [line, reason]), [
    ["2", "duplicate key (id)"],
    ["4", "no value for the key (id)"],
    ["5", "duplicate key (id)"],
    ["6", "1 field where 2 columns are"],
  ]);
  assert.deepEqual(new Set(rejects.map((row) => row["table_name"])), new Set(["keyed"]));
});

Deno.test("loadFile() appends tables that refer to each other, parents first", async () => {
  const shop = (from: number, maker: number) =>
    JSON.stringify({
      Item: [{ ItemId: from, MakerId: maker }, { ItemId: from + 1, MakerId: 99 }],
      Maker: [{ MakerId: maker, Name: "m" }],
    });
  await load(
    "shop.json",
    JSON.stringify({
      Item: [{ ItemId: 1, MakerId: 1 }],
      Maker: [{ MakerId: 1, Name: "m" }],
    }),
  );
  const report = await append("shop.json", shop(10, 2));
  assert.deepEqual(report.tables.map(({ name, rows, rejected }) => [name, rows, rejected]), [
    ["item", 1, 1],
    ["maker", 1, 0],
  ]);
  const [reject] = await database.owner`
    SELECT line, reason FROM bulkhead.rejects WHERE file_name = 'shop.json'`;
  assert.deepEqual(reject, { line: "2", reason: "no counterpart in maker (maker_id)" });
});

Deno.test("loadFile() appends JSON rows that lack columns", async () => {
  await load("sparse.json", '[{"id":1,"a":"x","b":2.5}]');
  await append("sparse.json", '[{"id":2,"b":3}]');
  assert.deepEqual(await rowsOf("sparse", "id"), [
    { id: 1, a: "x", b: "2.5" },
    { id: 2, a: null, b: "3" },
  ]);
});

Deno.test("loadFile() takes into a text column what would be narrower", async () => {
  await load("codes.csv", "id,code,day\n1,A1,03/04/2020\n");
  await append("codes.csv", "id,code,day\n2,12,13/04/2020\n");
  assert.deepEqual(await rowsOf("codes", "id"), [
    { id: 1, code: "A1", day: "03/04/2020" },
    { id: 2, code: "12", day: "13/04/2020" },
  ]);
});

Deno.test("loadFile() refuses another shape and says all that differs", async () => {
  await load("shape.csv", "id,n,day\n1,5,2020-01-01\n");
  await refused(
    append("shape.csv", "id,n,extra\n2,many,x\n"),
    "SHAPE_MISMATCH",
    /it lacks "day"/,
    /the table lacks "extra"/,
    /"n" is integer in the table and text in the file/,
  );
  assert.equal((await rowsOf("shape", "id")).length, 1);
});

Deno.test("loadFile() refuses to append a number that the column's type would not hold", async () => {
  await load("small.csv", "id,n\n1,5\n");
  await refused(append("small.csv", "id,n\n2,3000000000\n"), "SHAPE_MISMATCH", /bigint/);
});

Deno.test("loadFile() refuses to append times of another offset than the column's", async () => {
  await load("moments.csv", "id,at\n1,2020-01-01T00:00:00+02:00\n");
  await append("moments.csv", "id,at\n2,2020-01-02T00:00:00+02:00\n");
  await refused(
    append("moments.csv", "id,at\n3,2020-01-01T00:00:00Z\n"),
    "SHAPE_MISMATCH",
    /another offset \(Z\)/,
  );
});

Deno.test("loadFile() refuses to append where there is no table", () =>
  refused(append("nowhere.csv", "id\n1\n"), "UNKNOWN_TABLE", /nowhere/));

Deno.test("loadFile() leaves the table as it was when an append is cancelled", async () => {
  await load("steady.csv", "id\n1\n");
  const stop = new AbortController();
  const work = loadText(database.owner, "steady.csv", "id\n2\n3\n", {
    options: { mode: "append" },
    signal: stop.signal,
    onProgress: (progress) => {
      if (progress.phase === "keys") stop.abort();
    },
  });
  await refused(work, "CANCELLED");
  assert.deepEqual(await rowsOf("steady", "id"), [{ id: 1 }]);
});
