import assert from "node:assert/strict";
import { connect } from "../../postgres/mod.ts";
import { AppError, type ErrorCode } from "../../errors.ts";
import {
  type EndpointDatabase,
  endpointDatabase,
} from "../../../tests/harness/endpoint_database.ts";
import { type FileContent, loadText } from "../../../tests/harness/load_text.ts";
import type { LoadInput, LoadReport } from "./types.ts";

let database: EndpointDatabase;

Deno.test.beforeAll(async () => {
  database = await endpointDatabase();
});

Deno.test.afterAll(async () => await database[Symbol.asyncDispose]());

const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(
    parts.flatMap((part) => typeof part === "string" ? [...new TextEncoder().encode(part)] : part),
  );

const load = (name: string, content: FileContent, options: Partial<LoadInput["options"]> = {}) =>
  loadText(database.owner, name, content, { options });

const rowsOf = async (table: string) => [
  ...await database.owner.unsafe(`SELECT * FROM ${table}`),
];

const columnsOf = (report: LoadReport) =>
  Object.fromEntries(report.tables[0]!.columns.map(({ name, type }) => [name, type]));

async function refused(work: Promise<unknown>, code: ErrorCode, detail?: RegExp) {
  const error = await work.then(() => null, (error) => error);
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code);
  if (detail) assert.match(error.detail ?? "", detail);
}

async function rejectsOf(name: string) {
  return [
    ...await database.owner`
      SELECT line, reason, raw FROM bulkhead.rejects WHERE file_name = ${name} ORDER BY line`,
  ];
}

Deno.test("loadFile() reports what it found", async () => {
  const report = await load("Reports.csv", "Id;Full Name\n1;Ann\n2;Bob\n");
  assert.deepEqual(report, {
    format: "csv",
    encoding: "utf-8",
    delimiter: ";",
    quote: '"',
    header: true,
    tables: [{
      name: "reports",
      mode: "create",
      rows: 2,
      rejected: 0,
      columns: [
        { name: "id", original: "Id", type: "integer", nullable: false },
        { name: "full_name", original: "Full Name", type: "text", nullable: false },
      ],
      primaryKey: ["id"],
      foreignKeys: [],
    }],
    rejects: 0,
    warnings: [],
  });
});

Deno.test("loadFile() keeps headers as comments, hostile ones too", async () => {
  const hostile = `'"; DROP TABLE x; --`;
  await load(
    "hostile.csv",
    `__proto__,constructor,"${hostile.replaceAll('"', '""')}",ctid\n1,2,3,4\n`,
  );
  const comments = await database.owner`
    SELECT col_description('hostile'::regclass, attnum) AS comment FROM pg_attribute
    WHERE attrelid = 'hostile'::regclass AND attnum > 0 ORDER BY attnum`;
  assert.deepEqual(comments.map((row) => row["comment"]), [
    "__proto__",
    "constructor",
    hostile,
    "ctid",
    null,
  ]);
  assert.deepEqual(await rowsOf("hostile"), [
    { _proto: 1, constructor: 2, drop_table_x: 3, ctid_: 4, _id: "1" },
  ]);
});

Deno.test("loadFile() takes a header of ten thousand characters", async () => {
  const report = await load("long_header.csv", `${"x".repeat(10_000)},b\n1,2\n`);
  assert.equal(report.tables[0]!.columns[0]!.name, "x".repeat(63));
});

Deno.test("loadFile() reads a byte order mark, CR LF and a last line without end", async () => {
  await load("marked.csv", bytes([0xef, 0xbb, 0xbf], 'id,b\r\n1,"x\r\ny"\r\n2,'));
  assert.deepEqual(await rowsOf("marked"), [{ id: 1, b: "x\r\ny" }, { id: 2, b: null }]);
});

Deno.test("loadFile() reads rows that end with carriage returns alone", async () => {
  await load("returns.csv", "id,b\r1,x\r2,y");
  assert.deepEqual(await rowsOf("returns"), [{ id: 1, b: "x" }, { id: 2, b: "y" }]);
});

Deno.test("loadFile() reads UTF-16 by its mark", async () => {
  const text = "id,b\n1,né\n";
  const units = [...text].flatMap((char) => [char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8]);
  const report = await load("wide.csv", bytes([0xff, 0xfe], units));
  assert.equal(report.encoding, "utf-16le");
  assert.deepEqual(await rowsOf("wide"), [{ id: 1, b: "né" }]);
});

Deno.test("loadFile() decides the encoding over the whole file", async () => {
  const last = bytes("999999,caf", [0xe9], "\n");
  const report = await load("cafe.csv", function* () {
    yield bytes("id,b\n");
    for (let n = 0; n < 60; n++) {
      yield bytes(Array.from({ length: 1000 }, (_, i) => `${n * 1000 + i},plain\n`).join(""));
    }
    yield last;
  });
  assert.equal(report.encoding, "windows-1252");
  assert.match(report.warnings.join(), /Windows-1252/);
  assert.deepEqual(
    [...await database.owner`SELECT b FROM cafe WHERE id = 999999`],
    [{ b: "café" }],
  );
});

Deno.test("loadFile() holds a file that says it is UTF-8 to it", () =>
  refused(
    load("liar.csv", bytes([0xef, 0xbb, 0xbf], "a,b\n1,", [0xc3], "\n")),
    "UNREADABLE_FILE",
    /UTF-8/,
  ));

Deno.test("loadFile() takes empty as null, quoted or not", async () => {
  await load("empties.csv", 'id,b,c\n1,,""\n2,x,"y"\n');
  assert.deepEqual(await rowsOf("empties"), [
    { id: 1, b: null, c: null },
    { id: 2, b: "x", c: "y" },
  ]);
});

Deno.test("loadFile() widens a type for one value past the sample", async () => {
  const report = await load("late.csv", function* () {
    yield bytes("id,code\n");
    for (let n = 0; n < 50; n++) {
      yield bytes(
        Array.from({ length: 1000 }, (_, i) => `${n * 1000 + i},${10000 + i}\n`).join(""),
      );
    }
    yield bytes("50000,00501\n");
  });
  assert.deepEqual(columnsOf(report), { id: "integer", code: "text" });
  assert.deepEqual(
    [...await database.owner`SELECT code FROM late WHERE id IN (0, 50000) ORDER BY id`],
    [{ code: "10000" }, { code: "00501" }],
  );
});

Deno.test("loadFile() narrows a type that the sample could not know", async () => {
  const report = await load("sparse.csv", function* () {
    yield bytes("id,n\n");
    for (let n = 0; n < 50; n++) {
      yield bytes(Array.from({ length: 1000 }, (_, i) => `${n * 1000 + i},\n`).join(""));
    }
    yield bytes("50000,7\n");
  });
  assert.deepEqual(columnsOf(report), { id: "integer", n: "integer" });
  assert.deepEqual(
    [
      ...await database
        .owner`SELECT pg_typeof(n)::text AS type, sum(n) AS sum FROM sparse GROUP BY 1`,
    ],
    [{ type: "integer", sum: "7" }],
  );
});

Deno.test("loadFile() rewrites dates that Postgres would not read", async () => {
  const report = await load("days.csv", "id,day,due\n1,03/04/2020,Jun 12 1998\n2,13/04/2020,\n");
  assert.deepEqual(columnsOf(report), { id: "integer", day: "date", due: "date" });
  assert.deepEqual([...await database.owner`SELECT day::text, due::text FROM days ORDER BY id`], [
    { day: "2020-04-03", due: "1998-06-12" },
    { day: "2020-04-13", due: null },
  ]);
});

Deno.test("loadFile() keeps the one offset of a column's times beside the column", async () => {
  await load("times.csv", "id,at\n1,2020-01-01T00:30:00+02:00\n");
  const [row] = await database.owner`
    SELECT (at AT TIME ZONE 'UTC')::text AS at, col_description('times'::regclass, 2) AS comment
    FROM times`;
  assert.deepEqual(row, {
    at: "2019-12-31 22:30:00",
    comment: "at\nTimes were written with the offset +02:00.",
  });
});

Deno.test("loadFile() sets bad rows aside with line and reason, and loads the rest", async () => {
  const report = await load(
    "ragged.csv",
    'id,b\n1,"x\ny"\n2\n\n3,z\n4,a,b\n5,\0\n6,last\n',
  );
  assert.equal(report.rejects, 3);
  assert.equal(report.tables[0]!.rows, 3);
  assert.deepEqual(report.warnings, ["1 empty line was passed over."]);
  assert.deepEqual((await rowsOf("ragged")).map((row) => row["id"]), [1, 3, 6]);
  assert.deepEqual(await rejectsOf("ragged.csv"), [
    { line: "4", reason: "1 field where 2 columns are", raw: "2" },
    { line: "7", reason: "3 fields where 2 columns are", raw: "4,a,b" },
    { line: "8", reason: "a NUL character", raw: "5,\u2400" },
  ]);
});

Deno.test("loadFile() keeps quotes that do not pair up", async () => {
  await load("inches.csv", 'id,b\n1,27" screen\n2,5" x 6" board\n3,"whole, quoted"\n');
  assert.deepEqual((await rowsOf("inches")).map((row) => row["b"]), [
    '27" screen',
    '5" x 6" board',
    "whole, quoted",
  ]);
});

Deno.test("loadFile() does not let an open quote swallow the rows behind it", async () => {
  const rows = Array.from({ length: 2000 }, (_, index) => `${index},"t${index % 7}"`);
  rows[100] = '100,"open';
  const report = await load("open.csv", `id,b\n${rows.join("\n")}\n`);
  assert.equal(report.tables[0]!.rows, 2000);
  assert.match(report.warnings.join(), /Quotes do not pair up/);
  assert.deepEqual(
    [...await database.owner`SELECT b FROM open WHERE id BETWEEN 99 AND 101 ORDER BY id`],
    [{ b: "t1" }, { b: '"open' }, { b: "t3" }],
  );
});

Deno.test("loadFile() sets aside what a stray quote joined where other quotes are needed", async () => {
  const rows = Array.from({ length: 200 }, (_, index) => `${index},"t, ${index}"`);
  rows[100] = '100,"open';
  const report = await load("joined.csv", `id,b\n${rows.join("\n")}\n`);
  assert.equal(report.tables[0]!.rows, 198);
  assert.deepEqual(await rejectsOf("joined.csv"), [{
    line: "102",
    reason: "3 fields where 2 columns are, over 2 lines",
    raw: '100,"open\n101,"t, 101"',
  }]);
});

Deno.test("loadFile() loads one column, and a value that old servers take for the end", async () => {
  await load("single.csv", "name\nAnn\n\\.\nBob\n");
  assert.deepEqual((await rowsOf("single")).map((row) => row["name"]), ["Ann", "\\.", "Bob"]);
});

Deno.test("loadFile() adds an identity column in the file's order where no key is found", async () => {
  // Named like a key, yet not unique: known only once all rows are in.
  const rows = Array.from({ length: 3000 }, (_, index) => `${index % 2900},${index}`);
  const report = await load("repeats.csv", `id,n\n${rows.join("\n")}\n`);
  assert.deepEqual(report.tables[0]!.primaryKey, ["_id"]);
  const [row] = await database.owner`SELECT count(*) AS n FROM repeats WHERE _id <> n + 1`;
  assert.deepEqual(row, { n: "0" });
});

Deno.test("loadFile() leaves a file's own _id alone", async () => {
  const report = await load("mongo.csv", "_id,b\n1,x\n1,y\n");
  assert.deepEqual(report.tables[0]!.primaryKey, ["_id_2"]);
});

Deno.test("loadFile() reads JSON rows of different keys, nested values and exact numbers", async () => {
  const report = await load(
    "rows.json",
    '[{"id":1,"n":12345678901234567890,"d":0.1000,"t":1776,"o":{"b":1.50,"a":[1]}},' +
      '{"id":2,"t":"Alien","ok":true,"e":""}]',
  );
  assert.deepEqual(columnsOf(report), {
    id: "integer",
    n: "numeric",
    d: "numeric",
    t: "text",
    o: "jsonb",
    ok: "boolean",
    e: "text",
  });
  assert.deepEqual(
    [
      ...await database.owner`
      SELECT id, n::text, d::text, t, o::text, ok, e FROM rows ORDER BY id`,
    ],
    [
      {
        id: 1,
        n: "12345678901234567890",
        d: "0.1000",
        t: "1776",
        o: '{"a": [1], "b": 1.50}',
        ok: null,
        e: null,
      },
      { id: 2, n: null, d: null, t: "Alien", o: null, ok: true, e: null },
    ],
  );
});

Deno.test("loadFile() makes a table of each array of a JSON object", async () => {
  const report = await load(
    "shop.json",
    JSON.stringify({
      about: { version: 1 },
      Maker: [{ MakerId: 1, Name: "a" }, { MakerId: 2, Name: "b" }],
      Part: [{ PartId: 1, MakerId: 1 }, { PartId: 2, MakerId: 2 }],
      Fault: [{ FaultId: 1, MakerId: 9 }],
      Shelf: [{ ShelfId: 1 }],
      PartShelf: [{ PartId: 1, ShelfId: 1 }, { PartId: 2, ShelfId: 1 }],
      tags: ["x", "y"],
    }),
  );
  assert.deepEqual(
    report.tables.map(({ name, primaryKey, foreignKeys }) => [
      name,
      primaryKey,
      foreignKeys.map((key) => `${key.column} ${key.references.table}.${key.references.column}`),
    ]),
    [
      ["maker", ["maker_id"], []],
      ["part", ["part_id"], ["maker_id maker.maker_id"]],
      // Maker 9 is nowhere: not declared.
      ["fault", ["fault_id"], []],
      ["shelf", ["shelf_id"], []],
      ["part_shelf", ["part_id", "shelf_id"], [
        "part_id part.part_id",
        "shelf_id shelf.shelf_id",
      ]],
    ],
  );
  assert.equal(report.warnings.length, 2);
  const indexes = await database.owner`
    SELECT indexdef FROM pg_indexes WHERE indexname IN ('part_maker_id_idx', 'part_shelf_shelf_id_idx')`;
  assert.equal(indexes.length, 2);
});

Deno.test("loadFile() takes tables that are named like another's keys and indexes", async () => {
  const row = { id: 1, owner_id: 1, t: "x" };
  const report = await load(
    "names.json",
    JSON.stringify({
      owner: [row],
      owner_pkey: [row],
      owner_search_idx: [row],
      owner_owner_id_fkey: [row],
      owner_pkey_owner_id_idx: [row],
    }),
  );
  assert.equal(report.tables.length, 5);
  assert.deepEqual(
    report.tables.map((table) => table.foreignKeys.length),
    [1, 1, 1, 1, 1],
  );
});

Deno.test("loadFile() reads NDJSON and sets its bad lines aside", async () => {
  const report = await load(
    "lines.ndjson",
    '{"id":1,"a":1e2}\n\nnot json\n[1]\n{"id":2,"a":"\\u0000"}\n{"id":3,"a":5}\r\n',
  );
  assert.equal(report.format, "ndjson");
  assert.deepEqual(await rowsOf("lines"), [{ id: 1, a: "100" }, { id: 3, a: "5" }]);
  assert.deepEqual(
    (await rejectsOf("lines.ndjson")).map(({ line, reason }) => [line, reason]),
    [["3", "not one JSON value"], ["4", "not a JSON object"], ["5", "a NUL character"]],
  );
});

Deno.test("loadFile() treats hostile JSON keys as names", async () => {
  await load("proto.json", '[{"__proto__":1,"constructor":2,"hasOwnProperty":3}]');
  assert.deepEqual(await rowsOf("proto"), [
    { _proto: 1, constructor: 2, has_own_property: 3, _id: "1" },
  ]);
});

const REFUSED: readonly (readonly [string, FileContent, ErrorCode, RegExp?])[] = [
  ["nothing.csv", "", "EMPTY_FILE"],
  ["blank.csv", " \n\n", "EMPTY_FILE"],
  ["header_only.csv", "a,b\n", "EMPTY_FILE"],
  ["none.json", "[]", "EMPTY_FILE"],
  ["scalars.json", "[1,2]", "UNREADABLE_FILE", /None of the file's elements/],
  ["value.json", "5", "UNREADABLE_FILE"],
  ["object.json", '{"a":1}', "UNREADABLE_FILE", /no array of objects/],
  ["cut.json", '[{"a":1},{"a"', "UNREADABLE_FILE", /malformed or cut off/],
  ["bomb.json", "[".repeat(200_000), "UNREADABLE_FILE", /nested/],
  ["members.json", '{"a":'.repeat(200_000), "UNREADABLE_FILE", /nested/],
  ["deep.json", `[{"a":${"[".repeat(5000)}${"]".repeat(5000)}}]`, "UNREADABLE_FILE", /nested/],
  [
    "columns.csv",
    `${Array(1001).fill("a").join()}\n${Array(1001).fill("1").join()}\n`,
    "UNREADABLE_FILE",
    /1,000/,
  ],
  [
    "too_wide.csv",
    `${Array.from({ length: 1000 }, (_, index) => `c${index}`).join()}\n${
      Array(1000).fill("long text ".repeat(20)).join()
    }\n`,
    "UNREADABLE_FILE",
    /than Postgres can hold/,
  ],
  [
    "tables.json",
    JSON.stringify(
      Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`t${index}`, [{ a: 1 }]])),
    ),
    "UNREADABLE_FILE",
    /more than 200 tables/,
  ],
  ["book.xlsx", bytes([0x50, 0x4b, 3, 4, 0, 0]), "UNSUPPORTED_FORMAT", /workbook/],
  ["noise.csv", new Uint8Array(4096).fill(1), "UNSUPPORTED_FORMAT"],
];

for (const [name, content, code, detail] of REFUSED) {
  Deno.test(`loadFile() refuses ${name} with ${code}`, () =>
    refused(load(name, content), code, detail));
}

Deno.test("loadFile() refuses a row past 64 MB and leaves nothing of the file", async () => {
  const part = bytes("x".repeat(1 << 20));
  await refused(
    load("giant.csv", function* () {
      yield bytes("id,b\n1,");
      for (let n = 0; n < 70; n++) yield part;
      yield bytes("\n");
    }),
    "UNREADABLE_FILE",
    /64 MB/,
  );
  await refused(
    load("giant.json", function* () {
      yield bytes('[{"a":"');
      for (let n = 0; n < 70; n++) yield part;
      yield bytes('"}]');
    }),
    "UNREADABLE_FILE",
    /64 MB/,
  );
  assert.deepEqual([...await database.owner`SELECT to_regclass('giant') AS there`], [{
    there: null,
  }]);
});

Deno.test("loadFile() parses no element of more than a million tokens", async () => {
  const heap = `{"id":1,"a":[${"1,".repeat(500_000)}1]}`;
  await refused(load("heap.json", `[${heap}]`), "UNREADABLE_FILE", /1,000,000 JSON tokens/);
  const few = `{"id":2,"a":"${"1,".repeat(600_000)}"}`;
  const report = await load("heap.ndjson", `${heap}\n${few}\n`);
  assert.deepEqual(report.tables.map(({ rows, rejected }) => [rows, rejected]), [[1, 1]]);
  assert.deepEqual((await rejectsOf("heap.ndjson")).map(({ line, reason }) => [line, reason]), [
    ["1", "more than 1,000,000 JSON tokens"],
  ]);
});

Deno.test("loadFile() reads a million line breaks in one field, and knows the line behind them", async () => {
  const report = await load("breaks.csv", `a,b\n1,2\n"${"\n".repeat(1_000_000)}x",1\n5\n3,4\n`);
  assert.equal(report.tables[0]!.rows, 3);
  const [reject] = await rejectsOf("breaks.csv");
  assert.deepEqual([reject!["line"], reject!["raw"]], ["1000004", "5"]);
});

Deno.test("loadFile() holds no row of more than a million fields", async () => {
  const part = bytes(",".repeat(1 << 16));
  await refused(
    load("commas.csv", function* () {
      yield bytes("a,b\n1,2\n");
      for (let n = 0; n < 20; n++) yield part;
    }),
    "UNREADABLE_FILE",
    /1,000,000 fields/,
  );
});

Deno.test("loadFile() loads fields of megabytes, and finds their words", async () => {
  const words = Array.from({ length: 400_000 }, (_, index) => `w${index}`).join(" ");
  await load("essay.csv", `id,b\n1,"${words}"\n2,"${"y".repeat(5_000_000)}"\n`);
  assert.deepEqual(
    [...await database.owner`SELECT length(b) AS n FROM essay ORDER BY id`],
    [{ n: words.length }, { n: 5_000_000 }],
  );
});

Deno.test("loadFile() refuses a name that is taken and leaves the table as it was", async () => {
  await load("taken.csv", "id\n1\n");
  await refused(load("taken.csv", "id\n2\n"), "CONFLICT", /taken/);
  assert.deepEqual(await rowsOf("taken"), [{ id: 1 }]);
});

Deno.test("loadFile() answers the first report when it is repeated", async () => {
  const ingestId = crypto.randomUUID();
  const text = "id,b\n1,x\n";
  const first = await loadText(database.owner, "twice.csv", text, { ingestId });
  const second = await loadText(database.owner, "twice.csv", text, { ingestId });
  assert.deepEqual(second, first);
  assert.equal((await rowsOf("twice")).length, 1);
});

Deno.test("loadFile() lets readers read the table, and nothing of the bookkeeping", async () => {
  await loadText(database.owner, "readable.csv", "id\n7\n");
  const reader = connect(database.readerUrl, { max: 1 });
  try {
    assert.deepEqual([...await reader`SELECT id FROM readable`], [{ id: 7 }]);
    for (const name of ["loads", "rejects", "access", "rules", "journal", "outbox", "changes"]) {
      await assert.rejects(reader.unsafe(`SELECT * FROM bulkhead.${name}`), /permission denied/);
    }
  } finally {
    await reader.end();
  }
});

Deno.test("loadFile() stops at its signal, in every phase, and leaves nothing", async () => {
  const text = `id,b\n${Array.from({ length: 40_000 }, (_, n) => `${n},x${n}`).join("\n")}\n`;
  for (const phase of ["read", "keys"] as const) {
    const stop = new AbortController();
    const work = loadText(database.owner, "stopped.csv", text, {
      signal: stop.signal,
      onProgress: (progress) => {
        if (progress.phase === phase) stop.abort();
      },
    });
    await refused(work, "CANCELLED");
    const [row] = await database.owner`
      SELECT to_regclass('stopped') AS there,
        (SELECT count(*) FROM bulkhead.loads WHERE file_name = 'stopped.csv') AS loads`;
    assert.deepEqual(row, { there: null, loads: "0" });
  }
});

Deno.test("loadFile() is refused before it begins where its signal was raised", () =>
  refused(
    loadText(database.owner, "early.csv", "id\n1\n", { signal: AbortSignal.abort() }),
    "CANCELLED",
  ));

Deno.test("loadFile() passes a broken source on and leaves nothing", async () => {
  const work = load("broken.csv", function* () {
    yield bytes(`id,b\n${"1,x\n".repeat(100_000)}`);
    throw new Error("the disk is gone");
  });
  await assert.rejects(work, /the disk is gone/);
  const [row] = await database.owner`SELECT to_regclass('broken') AS there`;
  assert.deepEqual(row, { there: null });
});

Deno.test("loadFile() loads two files one after the other when both come at once", async () => {
  await Promise.all([load("both_a.csv", "id\n1\n"), load("both_b.csv", "id\n2\n")]);
  assert.deepEqual([await rowsOf("both_a"), await rowsOf("both_b")], [[{ id: 1 }], [{ id: 2 }]]);
});

Deno.test("loadFile() reports the types that the tables have", async () => {
  const [{ reports }] = await database.owner<[{ reports: LoadReport[] }]>`
    SELECT json_agg(report) AS reports FROM bulkhead.loads`;
  const actual = await database.owner<{ table: string; column: string; type: string }[]>`
    SELECT attrelid::regclass::text AS table, attname::text AS column,
      format_type(atttypid, atttypmod) AS type
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND attnum > 0`;
  const types = new Map(actual.map((row) => [`${row.table}.${row.column}`, row.type]));
  for (const table of reports.flatMap((report) => report.tables)) {
    for (const { name, type } of table.columns) {
      const full = type.replace(/^timestamp$/, "timestamp without time zone")
        .replace(/^timestamptz$/, "timestamp with time zone");
      assert.equal(types.get(`${table.name}.${name}`), full, `${table.name}.${name}`);
    }
  }
});
