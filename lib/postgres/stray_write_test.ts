import assert from "node:assert/strict";
import { randomName } from "../ids.ts";
import { testCluster } from "../../tests/harness/mod.ts";
import { connect } from "./connect.ts";
import { isStrayWrite } from "./stray_write.ts";

Deno.test("isStrayWrite() knows what the driver throws when a transaction's connection is closed", async () => {
  const { superuser, superuserUrl } = await testCluster();
  const strays: unknown[] = [];
  const hear = (event: ErrorEvent) => {
    if (!isStrayWrite(event.error)) return;
    event.preventDefault();
    strays.push(event.error);
  };
  globalThis.addEventListener("error", hear);
  try {
    for (let round = 0; round < 5; round++) {
      const name = `stray_${randomName(10)}`;
      await superuser.unsafe(`CREATE DATABASE ${name}`);
      const url = new URL(superuserUrl);
      url.pathname = `/${name}`;
      const sql = connect(url.href, { max: 1 });
      const begun = Promise.withResolvers<void>();
      const work = sql.begin(async (tx) => {
        await tx`SELECT 1`;
        begun.resolve();
        await tx`SELECT pg_sleep(20)`;
      });
      const failed = assert.rejects(work);
      await begun.promise;
      await superuser.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
      await failed;
      await new Promise((resolve) => setTimeout(resolve, 50));
      await sql.end({ timeout: 1 });
    }
  } finally {
    globalThis.removeEventListener("error", hear);
  }
  assert.ok(strays.length > 0, "the driver throws it no more: what catches it can go");
});

Deno.test("isStrayWrite() knows a write to a socket that the other side has ended", () => {
  // As a kill of Postgres under load raises it, once in some hundred times.
  const error = new Error("This socket has been ended by the other party");
  error.stack = `${error}
    at Socket._writeAfterFIN [as write] (ext:deno_node/net.ts:1:10175)
    at Immediate.nextWrite (file:///x/postgres@3.4.9/node_modules/postgres/src/connection.js:255:22)`;
  assert.equal(isStrayWrite(error), true);
});

Deno.test("isStrayWrite() takes no other error for it", () => {
  assert.equal(isStrayWrite(new TypeError("Cannot read properties of null")), false);
  assert.equal(isStrayWrite(new Error("nextWrite")), false);
  assert.equal(isStrayWrite(null), false);
});
