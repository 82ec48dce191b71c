import assert from "node:assert/strict";
import { query, working } from "./ingest_look.ts";
import { file, ingestTest, load, manyRows } from "./ingest_setup.ts";

Deno.test("a large table is done before its full-text index, which follows with a new manifest", async () => {
  await using test = await ingestTest();
  const indexed: boolean[] = [];
  const followed = Promise.withResolvers<void>();
  const isIndexed = async () => {
    const [row] = await query(
      test,
      "owner",
      "SELECT to_regclass('public.people_search_idx') IS NOT NULL AS there",
    );
    return (row as { there: boolean }).there;
  };
  await using _worker = await working(test, async () => {
    indexed.push(await isIndexed());
    if (indexed.length === 2) followed.resolve();
  });
  const ingest = await load(test, file(manyRows(60_000)));
  assert.equal(ingest.status, "done", JSON.stringify(ingest.error));
  await followed.promise;
  assert.deepEqual(indexed, [false, true]);
});
