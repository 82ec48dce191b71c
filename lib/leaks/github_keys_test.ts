import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createLog } from "../log.ts";
import { createGithubKeys } from "./github_keys.ts";

const MINUTE = 60_000;

function pem(namedCurve = "P-256"): string {
  return generateKeyPairSync("ec", { namedCurve }).publicKey
    .export({ type: "spki", format: "pem" }) as string;
}

/** A server that tells keys as GitHub does, and a clock. */
function start() {
  const told: { status: number; keys: Record<string, string> } = { status: 200, keys: {} };
  const asked: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const known = request.headers.get("if-none-match");
    asked.push(known);
    const etag = `"${Object.keys(told.keys).join("-")}"`;
    if (told.status === 200 && known === etag) return new Response(null, { status: 304 });
    const public_keys = Object.entries(told.keys)
      .map(([key_identifier, key]) => ({ key_identifier, key, is_current: true }));
    return Response.json({ public_keys }, { status: told.status, headers: { etag } });
  });
  const time = { now: 0 };
  const clock = { now: () => time.now };
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const keys = createGithubKeys(url, clock, createLog(() => {}));
  return { told, asked, time, keys, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("find() asks once for keys that it knows, and again after an hour by their ETag", async () => {
  await using test = start();
  test.told.keys = { a: pem() };
  assert.equal((await test.keys.find("a"))?.asymmetricKeyType, "ec");
  await Promise.all([test.keys.find("a"), test.keys.find("a")]);
  assert.deepEqual(test.asked, [null]);
  test.time.now += 61 * MINUTE;
  assert(await test.keys.find("a"));
  assert.deepEqual(test.asked, [null, '"a"']);
});

Deno.test("find() asks for an unknown key once in five minutes, however often it is named", async () => {
  await using test = start();
  test.told.keys = { a: pem() };
  await test.keys.find("a");
  test.told.keys["b"] = pem();
  assert.equal(await test.keys.find("b"), null);
  assert.equal(test.asked.length, 1);
  test.time.now += 5 * MINUTE;
  const found = await Promise.all(["b", "b", "made-up"].map((id) => test.keys.find(id)));
  assert.deepEqual(found.map(Boolean), [true, true, false]);
  assert.equal(test.asked.length, 2);
});

Deno.test("find() drops a key that GitHub has withdrawn", async () => {
  await using test = start();
  test.told.keys = { a: pem(), b: pem() };
  assert(await test.keys.find("a"));
  test.told.keys = { b: pem() };
  test.time.now += 61 * MINUTE;
  assert.equal(await test.keys.find("a"), null);
});

Deno.test("find() lives on what it knows for a day, and then on nothing", async () => {
  await using test = start();
  test.told.keys = { a: pem() };
  await test.keys.find("a");
  test.told.status = 503;
  test.time.now += 23 * 60 * MINUTE;
  assert(await test.keys.find("a"));
  test.time.now += 2 * 60 * MINUTE;
  await assert.rejects(test.keys.find("a"), { code: "UNAVAILABLE" });
});

Deno.test("find() takes no key of another curve", async () => {
  await using test = start();
  test.told.keys = { a: pem("P-384") };
  await assert.rejects(test.keys.find("a"), { code: "UNAVAILABLE" });
});
