import assert from "node:assert/strict";
import { CacheKind, type Caches, createCaches } from "../cache/mod.ts";
import { systemClock } from "../clock.ts";
import { createLog } from "../log.ts";
import { connect } from "../postgres/mod.ts";
import { createControl, testCluster } from "../../tests/harness/mod.ts";
import { joinReplicas } from "./replicas.ts";

const KIND = new CacheKind<string>("replicas.test", 1000, 10);
const log = createLog(() => {});

/** Fills the cache, however long it takes until it is trusted: on a busy machine beats come late. */
async function fill(caches: Caches, value: string): Promise<void> {
  const cache = caches.of(KIND);
  do {
    cache.drop("k");
    await cache.get("k", () => Promise.resolve(value));
    await new Promise((resolve) => setTimeout(resolve, 0));
  } while (cache.peek("k") !== value);
}

Deno.test("forget() settles when each live replica has dropped the entry", async () => {
  const control = await createControl();
  const caches = [createCaches(systemClock), createCaches(systemClock), createCaches(systemClock)];
  const replicas = await Promise.all(
    caches.map((own) => joinReplicas({ url: control.appUrl, caches: own, log })),
  );
  try {
    for (let round = 0; round < 20; round++) {
      for (const own of caches) await fill(own, "old");
      await replicas[round % 3]!.forget(KIND.name, ["k"]);
      assert.ok(caches.every((own) => own.of(KIND).peek("k") === undefined), `round ${round}`);
    }
  } finally {
    await Promise.all(replicas.map((replica) => replica.close()));
    await control.drop();
  }
});

Deno.test("forget() waits no longer than a lease for a replica that is stuck", async () => {
  const control = await createControl();
  const caches = createCaches(systemClock);
  const replica = await joinReplicas({ url: control.appUrl, caches, log });
  const admin = connect(control.adminUrl, { max: 1 });
  try {
    // A process that lives as far as anybody knows, and never answers.
    await admin`INSERT INTO replicas (id) VALUES (${crypto.randomUUID()})`;
    const other = createCaches(systemClock).of(KIND);
    await other.get("k", () => Promise.resolve("old"));
    assert.equal(other.peek("k"), "old");
    await replica.forget(KIND.name, ["k"]);
    assert.equal(other.peek("k"), undefined, "its lease has not lapsed when the answer comes");
  } finally {
    await admin.end();
    await replica.close();
    await control.drop();
  }
});

Deno.test("a replica that hears nothing of itself trusts no cache until it does again", async () => {
  const control = await createControl();
  const { superuser } = await testCluster();
  const caches = createCaches(systemClock);
  const trusted: boolean[] = [];
  const watched: Caches = {
    ...caches,
    trust(now) {
      trusted.push(now);
      caches.trust(now);
    },
  };
  const replica = await joinReplicas({ url: control.appUrl, caches: watched, log });
  const until = async (wanted: boolean) => {
    while (trusted.at(-1) !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  try {
    await until(true);
    await fill(caches, "kept");
    assert.equal(caches.of(KIND).peek("k"), "kept");
    await superuser.unsafe(`ALTER DATABASE ${control.database} ALLOW_CONNECTIONS false`);
    await superuser`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${control.database}`;
    await until(false);
    await caches.of(KIND).get("k", () => Promise.resolve("fresh"));
    assert.equal(caches.of(KIND).peek("k"), undefined);
    await superuser.unsafe(`ALTER DATABASE ${control.database} ALLOW_CONNECTIONS true`);
    await until(true);
  } finally {
    await replica.close();
    await control.drop();
  }
});
