import assert from "node:assert/strict";
import {
  createEndpoint,
  deleteEndpoint,
  enterEndpoint,
  openEndpoint,
} from "../../lib/endpoints/mod.ts";
import type { ChangeId } from "../../lib/ids.ts";
import { carryOver, carryRest, ROUND_LIMIT, undoChanges } from "../../lib/journal/mod.ts";
import { connect, type Sql } from "../../lib/postgres/mod.ts";
import { ABILITIES, type EndpointScope } from "../../lib/principal.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import type { Services } from "../../lib/services.ts";
import {
  approveChange,
  callTool,
  loadManifest,
  setWrites,
  type ToolAnswer,
} from "../../lib/tools/mod.ts";
import { createControl, requestOf, testCluster, testServices, testTenant } from "../harness/mod.ts";
import { loadText } from "../harness/load_text.ts";
import { loadTables } from "../tools/fixture.ts";
import { lookAt } from "../review/stage.ts";
import { type Proxy, startProxy } from "./proxy.ts";

// More than any of these transactions sends.
const MOST = 120;

// Each message with BULKHEAD_TEST_LONG; else one in four, from a place that chance picks.
const STEP = Deno.env.get("BULKHEAD_TEST_LONG") ? 1 : 4;

const SESSIONS = ["owner", "keeper", "writer", "trial", "removal", "control"]
  .map((kind) => `bulkhead ${kind}`);

interface Stage {
  readonly proxy: Proxy;
  readonly services: Services;
  readonly scope: EndpointScope;
  /** The endpoint's database, past the proxy. */
  readonly direct: Sql;
  /** Calls a tool as the endpoint is now. */
  call(tool: string, args: unknown): Promise<ToolAnswer>;
  newEndpoint(): Promise<EndpointScope>;
}

let stack: AsyncDisposableStack;
let stage: Stage;

Deno.test.beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const { superuserUrl } = await testCluster();
  const control = await createControl();
  stack.defer(() => control.drop());
  const proxy = stack.use(startProxy(superuserUrl));
  const test = stack.use(
    await testServices({
      control: {
        ...control,
        adminUrl: proxy.through(control.adminUrl),
        appUrl: proxy.through(control.appUrl),
      },
    }),
  );
  const { services } = test;
  const tenant = await testTenant(services);
  const newEndpoint = async () => {
    const made = await createEndpoint(services, tenant.scope, "cut");
    await loadTables(
      services,
      made,
      `CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL);
       INSERT INTO item SELECT n, 0 FROM generate_series(1, 20) AS n`,
    );
    await setWrites(services, made, "direct");
    return await enterEndpoint(services, tenant.scope, made.endpoint.slug);
  };
  const scope = await newEndpoint();
  const { view } = await mintToken(services, tenant.scope, {
    name: "agent",
    scope: "mcp:write",
    abilities: ABILITIES,
    endpoints: "all",
  });
  const agent = requestOf({ ...tenant.scope.principal, kind: "mcp", tokenId: view.id });
  const lease = await openEndpoint(services, scope, "owner");
  const url = new URL(superuserUrl);
  url.pathname = `/${lease.sql.options.database}`;
  lease.release();
  const direct = stack.adopt(connect(url.href, { max: 1 }), (sql) => sql.end({ timeout: 1 }));
  stage = {
    proxy,
    services,
    scope,
    direct,
    newEndpoint,
    async call(tool, args) {
      const now = await enterEndpoint(services, agent, scope.endpoint.slug);
      return await callTool(services, now, await loadManifest(services, now), tool, args);
    },
  };
});
Deno.test.afterAll(() => stack.disposeAsync());

/**
 * Does something again and again, with its connection cut at its first message, its second, and so on until
 * it ends uncut; answers how often it was cut.
 *
 * @param work Answers whether it said that it was done.
 * @param check Told that; throws where what is there is neither all of it nor nothing.
 */
async function cutEverywhere<T>(
  prepare: () => Promise<T>,
  work: (prepared: T) => Promise<boolean>,
  check: (prepared: T, done: boolean, cut: string | null) => Promise<void>,
): Promise<number> {
  let cuts = 0;
  for (let at = 1 + Math.floor(Math.random() * STEP); at < MOST; at += STEP) {
    const prepared = await prepare();
    stage.proxy.arm(SESSIONS, at);
    const done = await work(prepared).catch(() => false);
    const cut = stage.proxy.disarm();
    await check(prepared, done, cut);
    if (cut === null) {
      assert.equal(done, true, "uncut, it is done");
      return cuts;
    }
    cuts++;
  }
  throw new Error("it sends more messages than there should be");
}

/** The journal's entries that left `item` at a value. */
async function entriesWith(n: number): Promise<number> {
  const [row] = await stage.direct<{ count: number }[]>`
    SELECT count(*)::int AS count FROM bulkhead.journal
    WHERE (after ->> 'n')::int = ${n} AND op = 'update'`;
  return row!.count;
}

const valueOf = async (id: number): Promise<number> =>
  (await stage.direct`SELECT n FROM item WHERE id = ${id}`)[0]!["n"];

const update = (id: number, n: number) =>
  stage.call("update_row", { table: "item", key: id, values: { n } });

let value = 1000;

Deno.test("a write whose connection is cut is done and journalled, or neither", async () => {
  for (const args of [{}, { dry_run: true }, { idempotency_key: true }]) {
    const cuts = await cutEverywhere(
      () => Promise.resolve(value++),
      async (n) => {
        const key = "idempotency_key" in args ? { idempotency_key: `key-${n}` } : args;
        const { isError } = await stage.call("update_row", {
          table: "item",
          key: 1,
          values: { n },
          ...key,
        });
        return !isError;
      },
      async (n, done, cut) => {
        const there = await valueOf(1) === n;
        assert.equal(await entriesWith(n), there ? 1 : 0, `${cut}`);
        if ("dry_run" in args) assert.equal(there, false, `${cut}`);
        else if (done) assert.equal(there, true, `${cut}`);
      },
    );
    assert.ok(cuts > 0 || STEP > 1, JSON.stringify(args));
  }
});

Deno.test("an undo whose connection is cut is done and journalled, or neither", async () => {
  const cuts = await cutEverywhere(
    async () => {
      const [before, after] = [value++, value++];
      await update(2, before);
      const { structured } = await update(2, after);
      const change = JSON.parse(structured!)["change"] as ChangeId;
      return { before, change };
    },
    async ({ change }) => {
      const done = await undoChanges(stage.services, stage.scope, { kind: "change", change }, {
        preview: false,
      });
      return done.restored === 1;
    },
    async ({ before }, done, cut) => {
      const undone = await valueOf(2) === before;
      assert.equal(await entriesWith(before), undone ? 2 : 1, `${cut}`);
      if (done) assert.equal(undone, true, `${cut}`);
    },
  );
  assert.ok(cuts >= 5 / STEP, String(cuts));
});

Deno.test("an approval whose connection is cut is done once, or waits on", async () => {
  await setWrites(stage.services, stage.scope, "review");
  try {
    const cuts = await cutEverywhere(
      async () => {
        const n = value++;
        await update(3, n);
        const [row] = await stage.direct<{ id: ChangeId }[]>`
          SELECT id FROM bulkhead.changes WHERE state = 'queued' ORDER BY id DESC LIMIT 1`;
        return { n, change: row!.id, looked: await lookAt(stage, stage.scope, row!.id) };
      },
      async ({ change, looked }) => {
        await approveChange(stage.services, stage.scope, change, looked);
        return true;
      },
      async ({ n, change }, done, cut) => {
        const [row] = await stage.direct`SELECT state FROM bulkhead.changes WHERE id = ${change}`;
        const there = await valueOf(3) === n;
        assert.equal(row!["state"], there ? "applied" : "queued", `${cut}`);
        assert.equal(await entriesWith(n), there ? 1 : 0, `${cut}`);
        if (done) assert.equal(there, true, `${cut}`);
        await stage.direct`DELETE FROM bulkhead.changes WHERE state = 'queued'`;
      },
    );
    assert.ok(cuts >= 5 / STEP, String(cuts));
  } finally {
    await setWrites(stage.services, stage.scope, "direct");
  }
});

Deno.test("an import whose connection is cut is there whole, or not at all", async () => {
  const cuts = await cutEverywhere(
    () => Promise.resolve(`cut_${value++}`),
    async (name) => {
      const lease = await openEndpoint(stage.services, stage.scope, "owner");
      try {
        await loadText(lease.sql, `${name}.csv`, "id,name\n1,Rope\n2,Buoy\n3,Anchor\n");
        return true;
      } finally {
        lease.release();
      }
    },
    async (name, done, cut) => {
      const [row] = await stage.direct<{ there: boolean }[]>`
        SELECT to_regclass(${`public.${name}`}) IS NOT NULL AS there`;
      if (row!.there) {
        const rows = await stage.direct.unsafe(`SELECT FROM public.${name}`);
        assert.equal(rows.length, 3, `${cut}`);
      }
      const loads = await stage.direct`
        SELECT FROM bulkhead.journal WHERE op = 'import' AND table_name = ${name}`;
      assert.equal(loads.length, row!.there ? 1 : 0, `${cut}`);
      if (done) assert.equal(row!.there, true, `${cut}`);
    },
  );
  assert.ok(cuts >= 10 / STEP, String(cuts));
});

Deno.test("what a relay whose connection is cut did not carry is carried once by the next", async () => {
  const { services, scope } = stage;
  const carry = async () => {
    const lease = await openEndpoint(services, scope, "owner");
    try {
      await carryOver(services.control, scope.endpoint, lease.sql, {
        limit: ROUND_LIMIT,
        wait: true,
      });
      return true;
    } finally {
      lease.release();
    }
  };
  while (await carry() && (await stage.direct`SELECT FROM bulkhead.outbox LIMIT 1`).length);
  const written: number[] = [];
  const cuts = await cutEverywhere(
    async () => {
      const n = value++;
      await update(4, n);
      written.push(n);
    },
    carry,
    async () => {},
  );
  await carry();
  assert.ok(cuts >= 3 / STEP, String(cuts));
  const entries = await stage.direct<{ id: string }[]>`
    SELECT id::text FROM bulkhead.journal WHERE (after ->> 'n')::int IN
      (SELECT jsonb_array_elements_text(${stage.direct.json(written)})::int)`;
  assert.equal(entries.length, written.length);
  const audited = await services.control.tenant(
    scope.tenantId,
    (tx) =>
      tx<{ entry: string; count: number }[]>`
        SELECT detail ->> 'entry' AS entry, count(*)::int AS count FROM audit_events
        WHERE endpoint_id = ${scope.endpoint.id} AND action = 'row.updated' GROUP BY 1`,
  );
  const counts = new Map(audited.map(({ entry, count }) => [entry, count]));
  for (const { id } of entries) assert.equal(counts.get(id), 1, id);
});

Deno.test("a deletion whose connection is cut is finished by repeating it, and leaves nothing", async () => {
  const { services } = stage;
  const cuts = await cutEverywhere(
    stage.newEndpoint,
    async (scope) => {
      await deleteEndpoint(services, scope, carryRest);
      return true;
    },
    async (scope) => {
      const left = () =>
        services.control.tenant(
          scope.tenantId,
          (tx) => tx`SELECT database_name FROM endpoints WHERE id = ${scope.endpoint.id}`,
        );
      const [row] = await left();
      if (!row) return;
      await deleteEndpoint(services, scope, carryRest);
      assert.equal((await left()).length, 0);
      const databases = await stage.direct`
        SELECT FROM pg_database WHERE datname = ${row["database_name"]}`;
      assert.equal(databases.length, 0);
    },
  );
  assert.ok(cuts >= 3 / STEP, String(cuts));
});
