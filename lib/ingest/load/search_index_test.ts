import assert from "node:assert/strict";
import {
  type EndpointDatabase,
  endpointDatabase,
} from "../../../tests/harness/endpoint_database.ts";
import { loadText } from "../../../tests/harness/load_text.ts";
import { indexForSearch } from "./search_index.ts";

let database: EndpointDatabase;

Deno.test.beforeAll(async () => {
  database = await endpointDatabase();
});

Deno.test.afterAll(async () => await database[Symbol.asyncDispose]());

const signal = new AbortController().signal;

async function expressionOf(index: string): Promise<string | undefined> {
  const [row] = await database.owner`
    SELECT pg_get_indexdef(indexrelid, 1, true) AS expression
    FROM pg_index WHERE indexrelid = to_regclass(${index})`;
  return row?.["expression"];
}

Deno.test("a load indexes the words of a small table's text columns", async () => {
  await loadText(database.owner, "films.csv", "id,title,note\n1,Alien,a ship\n2,Brazil,\n");
  const expression = await expressionOf("films_search_idx");
  const rows = await database.owner.unsafe(
    `SELECT id FROM films WHERE ${expression} @@ websearch_to_tsquery('simple', 'ship alien')`,
  );
  assert.deepEqual([...rows], [{ id: 1 }]);
  const plan = await database.owner.begin(async (tx) => {
    await tx`SET LOCAL enable_seqscan = off`;
    return await tx.unsafe(
      `EXPLAIN SELECT id FROM films WHERE ${expression} @@ websearch_to_tsquery('simple', 'ship')`,
    );
  });
  assert.match(JSON.stringify(plan), /films_search_idx/);
});

Deno.test("a load leaves a large table's index to indexForSearch(), which may be repeated", async () => {
  const lines = Array.from({ length: 50_001 }, (_, index) => `${index},w${index}`);
  await loadText(database.owner, "many.csv", `id,word\n${lines.join("\n")}\n`);
  assert.equal(await expressionOf("many_search_idx"), undefined);
  assert.deepEqual(await indexForSearch(database.owner, signal), ["many"]);
  assert.match(await expressionOf("many_search_idx") ?? "", /to_tsvector/);
  assert.deepEqual(await indexForSearch(database.owner, signal), []);
});

Deno.test("a table of nothing but numbers gets no full-text index", async () => {
  await loadText(database.owner, "numbers.csv", "id,n\n1,2\n");
  assert.equal(await expressionOf("numbers_search_idx"), undefined);
  assert.deepEqual(await indexForSearch(database.owner, signal), []);
});

Deno.test("a table of a thousand text columns is indexed by as many as an index holds", async () => {
  const header = Array.from({ length: 1000 }, (_, index) => `c${index}`).join();
  await loadText(database.owner, "broad.csv", `${header}\n${Array(1000).fill("w").join()}\n`);
  assert.match(await expressionOf("broad_search_idx") ?? "", /c99/);
});

Deno.test("indexForSearch() is stopped by its signal", async () => {
  await database.owner`
    CREATE TABLE slow AS SELECT n, repeat(md5(n::text) || ' ', 50) AS t FROM generate_series(1, 60000) n`;
  const stop = new AbortController();
  const work = indexForSearch(database.owner, stop.signal);
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(work);
  assert.equal(await expressionOf("slow_search_idx"), undefined);
  await database.owner`DROP TABLE slow`;
});
