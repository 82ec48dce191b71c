import assert from "node:assert/strict";
import { serveIngests } from "../../lib/ingest/mod.ts";
import type { Slug } from "../../lib/ids.ts";
import { enterEndpoint } from "../../lib/endpoints/mod.ts";
import { rebuildManifest, setWrites } from "../../lib/tools/mod.ts";
import { type Json, type RestAnswer, RestClient, startRest } from "../harness/mod.ts";

/** `/v1` with a worker that loads, and an endpoint. */
async function start() {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await startRest());
  const worker = await serveIngests(test.services, async (scope) => {
    await rebuildManifest(test.services, scope, "data loaded");
  });
  stack.defer(() => worker.stop());
  const client = await test.client();
  const { slug } = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  return {
    client,
    clientWith: test.client,
    at: `/v1/endpoints/${slug}`,
    /** Turns writing on, as the owner does in the dashboard. */
    letWrite: async () =>
      await setWrites(
        test.services,
        await enterEndpoint(test.services, test.tenant.scope, slug as Slug),
        "direct",
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function send(
  client: RestClient,
  at: string,
  name: string,
  body: string,
  more = "",
): Promise<RestAnswer> {
  return client.raw("POST", `${at}/files?file_name=${name}${more}`, {
    body,
    headers: { "content-type": "text/csv" },
  });
}

/** Follows a load to its end. */
async function settle(client: RestClient, answer: RestAnswer): Promise<Json> {
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const { pathname } = new URL(answer.headers.get("location")!);
  for (;;) {
    const ingest = await client.ok(200, "GET", pathname);
    if (ingest["finished_at"] !== null) return ingest;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const PEOPLE =
  "id,Full Name,born\n1,Ada,1815-12-10\n2,Grace,1906-12-09,extra\n3,Edsger,1930-05-11\n";

Deno.test("/v1 loads a raw body and tells what became of it", async () => {
  await using test = await start();
  const { client, at } = test;
  const sent = await send(client, at, "people.csv", PEOPLE);
  const ingest = await settle(client, sent);
  assert.equal(ingest["status"], "done", JSON.stringify(ingest));
  assert.equal(ingest["id"], sent.body["id"]);
  const report = ingest["report"] as { tables: Json[] };
  assert.equal(report.tables.length, 1);
  assert.equal(report.tables[0]!["name"], "people");
  assert.equal(report.tables[0]!["rows"], 2);
  const { items: rejects } = await client.ok(
    200,
    "GET",
    `${at}/ingests/${ingest["id"]}/rejects`,
  ) as { items: Json[] };
  assert.deepEqual(rejects.map(({ table, line }) => [table, line]), [["people", 3]]);
  const { items: tables } = await client.ok(200, "GET", `${at}/tables`) as { items: Json[] };
  assert.deepEqual(tables.map(({ name, rows, primary_key }) => [name, rows, primary_key]), [
    ["people", 2, ["id"]],
  ]);
  assert.deepEqual((tables[0]!["columns"] as Json[]).map(({ name, comment }) => [name, comment]), [
    ["id", null],
    ["full_name", "Full Name"],
    ["born", null],
  ]);
  const shown = await client.ok(200, "GET", at);
  assert.equal(shown["manifest_version"], 1);
  assert.deepEqual(await client.ok(200, "POST", `${at}/rebuild`), { manifest_version: 2 });
});

Deno.test("/v1 loads a form with its options, refuses the same bytes, and appends when asked", async () => {
  await using test = await start();
  const { client, at } = test;
  await test.letWrite();
  const form = (options: Record<string, string>) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(options)) data.append(name, value);
    data.append("file", new File(["a;b\n1;x\n"], "whatever.bin"));
    return client.raw("POST", `${at}/files`, { body: data });
  };
  const options = { table: "pairs", format: "csv", delimiter: ";" };
  const first = await settle(client, await form(options));
  assert.equal(first["status"], "done", JSON.stringify(first));
  assert.equal(first["file_name"], "whatever.bin");
  const again = await form(options);
  assert.equal(again.status, 409);
  assert.equal(again.body["code"], "DUPLICATE_FILE");
  const more = await settle(
    client,
    await form({ ...options, mode: "append", allow_duplicate: "true" }),
  );
  assert.equal(more["status"], "done", JSON.stringify(more));
  const { items: tables } = await client.ok(200, "GET", `${at}/tables`) as { items: Json[] };
  assert.deepEqual(tables.map(({ name, rows }) => [name, rows]), [["pairs", 2]]);
  const seen: unknown[] = [];
  let cursor: unknown = null;
  do {
    const query: string = `?limit=1${cursor ? `&cursor=${cursor}` : ""}`;
    const page: Json = await client.ok(200, "GET", `${at}/ingests${query}`);
    seen.push(...(page["items"] as Json[]).map(({ id }) => id));
    cursor = page["next_cursor"];
  } while (cursor);
  assert.deepEqual(seen, [more["id"], first["id"]]);
});

Deno.test("/v1 takes files from a token that may do nothing else, and shows loads to who may read them", async () => {
  await using test = await start();
  const uploader = await test.clientWith(["files:write"]);
  const sent = await send(uploader, test.at, "p.csv", "a,b\n1,2\n1,2,3\n");
  const follower = await test.clientWith(["files:read"]);
  const ingest = await settle(follower, sent);
  assert.equal(ingest["status"], "done");
  const load = `${test.at}/ingests/${ingest["id"]}`;
  await follower.ok(200, "GET", `${test.at}/ingests`);
  await follower.ok(200, "GET", `${load}/rejects`);
  assert.equal((await send(follower, test.at, "q.csv", "a\n1\n")).status, 403);
  assert.equal((await follower.call("POST", `${load}/cancel`)).status, 403);
  // What reads everything else of the endpoint reads no loads, nor does whoever hands in files.
  const others = await test.clientWith(["files:write", "rows:read", "api:endpoints:read"]);
  for (const path of [`${test.at}/ingests`, load, `${load}/rejects`]) {
    const refused = await others.call("GET", path);
    assert.equal(refused.body["code"], "INSUFFICIENT_SCOPE", path);
  }
  for (const client of [uploader, follower]) {
    assert.equal((await client.call("GET", `${test.at}/tables`)).status, 403);
    assert.equal((await client.call("GET", test.at)).status, 403);
  }
});

Deno.test("/v1 declares a foreign key once the data holds it, and takes it away", async () => {
  await using test = await start();
  const { client, at } = test;
  await settle(client, await send(client, at, "person.csv", "id,name\n1,Ada\n2,Grace\n"));
  await settle(client, await send(client, at, "visit.csv", "id,guest\n1,1\n2,2\n3,2\n"));
  await settle(client, await send(client, at, "stray.csv", "id,guest\n1,1\n2,7\n"));
  const references = { table: "person", column: "id" };
  const key = { table: "visit", column: "guest", references };
  const keys = async () => {
    const { items } = await client.ok(200, "GET", `${at}/tables`) as { items: Json[] };
    return items.find(({ name }) => name === "visit")!["foreign_keys"];
  };
  assert.deepEqual(await keys(), []);
  assert.deepEqual(await client.ok(201, "POST", `${at}/foreign-keys`, key), key);
  assert.deepEqual(await keys(), [{ columns: ["guest"], table: "person", references: ["id"] }]);
  const refused: [body: unknown, code: string][] = [
    [key, "CONFLICT"],
    [{ ...key, table: "stray" }, "FOREIGN_KEY_INVALID"],
    [{ ...key, table: "nothing" }, "UNKNOWN_TABLE"],
    [{ ...key, column: "nothing" }, "UNKNOWN_COLUMN"],
    [{ ...key, table: 'visit"; DROP TABLE person; --' }, "UNKNOWN_TABLE"],
    [{ ...key, table: "a\u0000b" }, "UNKNOWN_TABLE"],
    [{ ...key, table: "pg_class" }, "UNKNOWN_TABLE"],
    [{ ...key, references: { table: "visit", column: "guest" } }, "CONFLICT"],
    [{ ...key, on_delete: "cascade" }, "INVALID_ARGUMENTS"],
    [{ ...key, table: "x".repeat(64) }, "INVALID_ARGUMENTS"],
  ];
  for (const [body, code] of refused) {
    const answer = await client.call("POST", `${at}/foreign-keys`, body);
    assert.equal(answer.body["code"], code, JSON.stringify(answer.body));
  }
  const drop = () => client.call("DELETE", `${at}/foreign-keys?table=visit&column=guest`);
  assert.equal((await drop()).status, 204);
  assert.deepEqual(await keys(), []);
  assert.equal((await drop()).body["code"], "NOT_FOUND");
});

Deno.test("/v1 refuses what is no upload", async () => {
  await using test = await start();
  const { client, at } = test;
  const type = (value: string) => ({ "content-type": value });
  const cases: [path: string, init: RequestInit, code: string][] = [
    ["/files", { body: "a\n1\n", headers: type("text/csv") }, "INVALID_REQUEST"],
    ["/files?file_name=..", { body: "a\n1\n", headers: type("text/csv") }, "INVALID_REQUEST"],
    [
      "/files?file_name=a.png",
      { body: "x", headers: type("image/png") },
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    [
      "/files?file_name=a.csv",
      { body: "x", headers: { ...type("text/csv"), "content-encoding": "gzip" } },
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    [
      "/files",
      { body: "x", headers: type("multipart/form-data; boundary=x") },
      "INVALID_REQUEST",
    ],
    ["/files?file_name=a.csv&format=xlsx", { body: "x" }, "INVALID_ARGUMENTS"],
    ["/files?file_name=a.csv&delimiter=ab", { body: "x" }, "INVALID_ARGUMENTS"],
    ["/files?file_name=a.csv&mode=replace", { body: "x" }, "WRITES_OFF"],
    ["/files?file_name=a.csv&mode=swap", { body: "x" }, "INVALID_ARGUMENTS"],
    ["/files?file_name=a.csv&table=%00", { body: "x" }, "INVALID_ARGUMENTS"],
  ];
  for (const [path, init, code] of cases) {
    const answer = await client.raw("POST", at + path, { headers: type("text/csv"), ...init });
    assert.equal(answer.body["code"], code, `${path} ${JSON.stringify(answer.body)}`);
  }
  for (const body of ["", "\n"]) {
    const empty = await settle(client, await send(client, at, "empty.csv", body));
    assert.equal((empty["error"] as Json)["code"], "EMPTY_FILE");
  }
});

Deno.test("/v1 cancels a load that waits", async () => {
  await using test = await startRest();
  const client = await test.client();
  const { slug } = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const at = `/v1/endpoints/${slug}`;
  const sent = await send(client, at, "a.csv", "a\n1\n");
  assert.equal(sent.body["status"], "queued");
  const path = `${at}/ingests/${sent.body["id"]}`;
  assert.equal((await client.ok(200, "POST", `${path}/cancel`))["status"], "cancelled");
  assert.equal((await client.call("POST", `${path}/cancel`)).body["code"], "CONFLICT");
  const elsewhere = await client.ok(201, "POST", "/v1/endpoints", { name: "data" });
  const crossed = path.replace(slug as string, elsewhere["slug"] as string);
  assert.equal((await client.call("GET", crossed)).body["code"], "NOT_FOUND");
});
