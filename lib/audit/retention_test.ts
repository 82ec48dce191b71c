import assert from "node:assert/strict";
import { newId, type TenantId } from "../ids.ts";
import { connect, migrate, readMigrations, type Sql, sqlState, type Tx } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { createControl, testCluster, testServices, testTenant } from "../../tests/harness/mod.ts";
import { selectChain, selectHead } from "./chain_store.ts";
import { exportLine } from "./export.ts";
import {
  exportAudit,
  keepAudit,
  listActivity,
  recordEvent,
  SYSTEM_ACTOR,
  verifyExport,
} from "./mod.ts";

const TRAIL = new URL("../../migrations/control/", import.meta.url);

async function linesOf({ control }: Services, tenantId: TenantId): Promise<string[]> {
  const text = await new Response(exportAudit(control, tenantId, "ndjson")).text();
  return text.split("\n").slice(0, -1);
}

/** Inside of a test's control database, as a role. */
async function inside(database: string, role?: string): Promise<Sql> {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${database}`;
  return connect(url.href, { max: 1, ...(role ? { settings: { role } } : {}) });
}

/** The first day of the month that lies so many months back, as Postgres's text. */
function monthAgo(months: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months)).toISOString()
    .slice(0, 10);
}

const nameOf = (month: string) => `m${month.slice(0, 7).replace("-", "_")}`;

async function start() {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await testServices());
  const superuser = stack.adopt(await inside(test.control.database), (sql) => sql.end());
  const owner = stack.adopt(
    await inside(test.control.database, "bulkhead_admin"),
    (sql) => sql.end(),
  );
  const partitions = async () =>
    (await superuser<{ name: string }[]>`
      SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'audit_months'::regnamespace AND relkind = 'r' ORDER BY relname`)
      .map(({ name }) => name);
  /** Makes a tenant's log of entries that happened, and were begun, so many months ago. */
  const filled = async (entries: readonly { readonly at: number; readonly month?: number }[]) => {
    const { tenantId, scope } = await testTenant(test.services);
    for (let i = 0; i < entries.length; i++) {
      await test.services.control.tenant(tenantId, (tx) =>
        recordEvent(tx, {
          tenantId,
          action: "team.renamed",
          actor: SYSTEM_ACTOR,
          subject: `entry ${i + 1}`,
        }));
    }
    await superuser.begin(async (tx) => {
      await tx`SET LOCAL session_replication_role = replica`;
      let hash = new Uint8Array(32);
      for (const [i, { at, month = at }] of entries.entries()) {
        const [row] = await tx<{ hash: Uint8Array<ArrayBuffer> }[]>`
          WITH moved AS (
            UPDATE audit_events SET at = ${monthAgo(at)}::timestamptz + ${i} * interval '1 second',
              month = ${monthAgo(month)}::date
            WHERE tenant_id = ${tenantId} AND seq = ${i + 1} RETURNING *
          ) SELECT lookup.audit_hash(${hash}, moved::text::audit_events) AS hash FROM moved`;
        hash = row!.hash;
        await tx`
          UPDATE audit_events SET hash = ${hash} WHERE tenant_id = ${tenantId} AND seq = ${i + 1}`;
        await tx`UPDATE audit_heads SET hash = ${hash} WHERE tenant_id = ${tenantId}`;
      }
    });
    return { tenantId, scope };
  };
  const make = async (...months: readonly number[]) => {
    for (const month of months) {
      await owner`SELECT lookup.make_audit_month(${monthAgo(month)}::date)`;
    }
  };
  return {
    ...test,
    superuser,
    owner,
    partitions,
    filled,
    make,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const subjectsOf = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line)).filter(({ id }) => id).map(({ subject }) => subject);

Deno.test("keepAudit() drops months past keeping, and what is left verifies from the anchor on", async () => {
  await using test = await start();
  const { services, logLines } = test;
  await test.make(15, 14, 13, 12, 11, 1);
  const { tenantId, scope } = await test.filled(
    [{ at: 15 }, { at: 14 }, { at: 13 }, { at: 12 }, { at: 11 }, { at: 1 }, { at: 0 }],
  );
  const other = await test.filled([{ at: 1 }, { at: 0 }]);
  const gone = await test.filled([{ at: 14 }]);
  const [before, theirs] = [
    await linesOf(services, tenantId),
    await linesOf(services, other.tenantId),
  ];
  assert.equal((await verifyExport(before)).fault, null);
  // However many replicas sweep at once.
  await using second = await testServices({ control: test.control });
  await Promise.all([keepAudit(services), keepAudit(second.services), keepAudit(services)]);
  assert.deepEqual(
    await test.partitions(),
    [...[12, 11, 1, 0, -1, -2, -3].map((months) => nameOf(monthAgo(months))), "rest"].toSorted(),
  );
  const lines = await linesOf(services, tenantId);
  const { hash } = JSON.parse(before[2]!);
  assert.deepEqual(JSON.parse(lines[0]!), { tenant_id: tenantId, deleted_through: 3, hash });
  assert.deepEqual(lines.slice(1), before.slice(3));
  const verified = await verifyExport(lines, [{ seq: 3n, hash }]);
  assert.deepEqual([verified.fault, verified.to.seq, verified.unproven], [null, 7n, false]);
  const logged = [...logLines, ...second.logLines].filter((line) => line.includes("audit.dropped"));
  assert.equal(logged.filter((line) => line.includes(`"3:${hash}"`)).length, 1);
  assert.deepEqual(await linesOf(services, other.tenantId), theirs);
  const { entries } = await listActivity(services, scope, {}, { after: null, limit: 100 });
  assert.deepEqual(entries.map(({ seq }) => seq), ["7", "6", "5", "4"]);

  // A log of which all was dropped goes on where it stood.
  assert.equal((await linesOf(services, gone.tenantId)).length, 1);
  await services.control.tenant(gone.tenantId, (tx) =>
    recordEvent(tx, {
      tenantId: gone.tenantId,
      action: "team.renamed",
      actor: SYSTEM_ACTOR,
      subject: "later",
    }));
  const later = await linesOf(services, gone.tenantId);
  assert.deepEqual(subjectsOf(later), ["later"]);
  assert.equal((await verifyExport(later)).fault, null);

  const logs = logLines.length;
  await keepAudit(services);
  assert.equal(logLines.length, logs);
  assert.deepEqual(await linesOf(services, tenantId), lines);

  // What whoever owns the database takes from the beginning is no retention.
  await test.superuser`DELETE FROM audit_events WHERE tenant_id = ${tenantId} AND seq = 4`;
  assert.match((await verifyExport(await linesOf(services, tenantId))).fault!.text, /is entry 5/);
});

Deno.test("entries that were begun in a later month than some behind them go with those", async () => {
  await using test = await start();
  await test.make(13, 12);
  const { tenantId, scope } = await test.filled(
    [{ at: 13 }, { at: 13, month: 12 }, { at: 13 }, { at: 12 }],
  );
  await keepAudit(test.services);
  const lines = await linesOf(test.services, tenantId);
  assert.deepEqual(subjectsOf(lines), ["entry 4"]);
  assert.equal((await verifyExport(lines)).fault, null);
  const { entries } = await listActivity(test.services, scope, {}, { after: null, limit: 100 });
  assert.deepEqual(entries.map(({ seq }) => seq), ["4"]);
});

Deno.test("an entry whose month is missing is kept among the rest, for as long as any other", async () => {
  await using test = await start();
  const { services, owner } = test;
  const current = nameOf(monthAgo(0));
  await owner.unsafe(`DROP TABLE audit_months.${current}, audit_months.${nameOf(monthAgo(-2))}`);
  const { tenantId } = await testTenant(services);
  const write = () =>
    services.control.tenant(
      tenantId,
      (tx) => recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR }),
    );
  await write();
  await keepAudit(services);
  await write();
  // The month that began among the rest stays there; the other is made.
  assert.ok(!(await test.partitions()).includes(current));
  assert.ok((await test.partitions()).includes(nameOf(monthAgo(-2))));
  assert.equal((await linesOf(services, tenantId)).length, 2);

  // A clock that was set back: the month says what the chain's times do not.
  await test.superuser.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`;
    await tx`UPDATE audit_events SET month = '1970-01-01'`;
  });
  await keepAudit(services);
  assert.equal((await verifyExport(await linesOf(services, tenantId))).to.seq, 2n);

  await test.superuser.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`;
    await tx`UPDATE audit_events SET at = now() - interval '13 months'`;
  });
  await keepAudit(services);
  const dropped = await linesOf(services, tenantId);
  assert.equal(JSON.parse(dropped[0]!).deleted_through, 2);
  await write();
  assert.equal((await verifyExport(await linesOf(services, tenantId))).to.seq, 3n);
  assert.ok((await test.partitions()).includes("rest"));
});

Deno.test("keepAudit() gives way to who reads the log, and is done the next time", async () => {
  await using test = await start();
  const { services, owner, logLines } = test;
  const ahead = nameOf(monthAgo(-3));
  await owner.unsafe(`DROP TABLE audit_months.${ahead}`);
  await test.superuser.begin(async (tx) => {
    await tx`LOCK TABLE audit_events IN ACCESS SHARE MODE`;
    await keepAudit(services);
  });
  assert.ok(logLines.some((line) => line.includes("audit.months_busy")));
  assert.ok(!(await test.partitions()).includes(ahead));
  await keepAudit(services);
  assert.ok((await test.partitions()).includes(ahead));
});

Deno.test("an export breaks off where what comes next is dropped under way", async () => {
  await using test = await start();
  await test.make(13);
  const { tenantId } = await test.filled([
    ...Array.from({ length: 501 }, () => ({ at: 13 })),
    { at: 0 },
  ]);
  const { control } = test.services;
  const reader = exportAudit(control, tenantId, "ndjson").getReader();
  assert.equal((await reader.read()).done, false);
  await keepAudit(test.services);
  await assert.rejects(reader.read(), /were dropped/);
  // Taken again it is whole.
  const lines = await linesOf(test.services, tenantId);
  assert.deepEqual(subjectsOf(lines), ["entry 502"]);
  assert.equal((await verifyExport(lines)).fault, null);
});

Deno.test("the application reaches the log's partitions in no other way than through the log", async () => {
  await using test = await start();
  const { services } = test;
  await test.make(14);
  const { tenantId } = await test.filled([{ at: 14 }, { at: 0 }]);
  const other = await testTenant(services);
  const [old, current] = [nameOf(monthAgo(14)), nameOf(monthAgo(0))];
  for (
    const statement of [
      ...[old, current, "rest"].flatMap((name) => [
        `SELECT FROM audit_months.${name}`,
        `INSERT INTO audit_months.${name} (id, tenant_id, action, actor_kind)
         VALUES ('${newId()}', '${tenantId}', 'x', 'system')`,
        `UPDATE audit_months.${name} SET subject = ''`,
        `DELETE FROM audit_months.${name}`,
        `TRUNCATE audit_months.${name}`,
        `DROP TABLE audit_months.${name}`,
        `ALTER TABLE audit_events DETACH PARTITION audit_months.${name}`,
      ]),
      `INSERT INTO audit_pending (id, tenant_id, action, actor_kind)
       VALUES ('${newId()}', '${other.tenantId}', 'x', 'system')`,
      "INSERT INTO audit_events (id, tenant_id, action, actor_kind, month) " +
      `VALUES ('${newId()}', '${tenantId}', 'x', 'system', '2000-01-01')`,
      "UPDATE audit_events SET month = '2000-01-01'",
      "UPDATE audit_anchors SET dropped_at = now()",
      "SELECT lookup.make_audit_month('2000-01-01')",
      "SELECT lookup.make_audit_partition('x', 'DEFAULT')",
      `SELECT lookup.anchor_audit_partition('${current}')`,
      `SELECT lookup.audit_partition_ended('${current}', now())`,
      "SELECT lookup.audit_month_begun('2000-01-01')",
      "CREATE TABLE audit_months.mine (id int)",
    ]
  ) {
    await services.control.tenant(tenantId, async (tx) => {
      const state = await tx.savepoint((sp) => sp.unsafe(statement)).then(() => "done", sqlState);
      assert.equal(state, "42501", statement);
    });
  }
  // What keeps each entry as it is holds on every partition, for the owner too.
  for (const name of [old, current]) {
    const changed = await test.superuser.unsafe(`UPDATE audit_months.${name} SET subject = ''`)
      .then(() => "done", sqlState);
    assert.equal(changed, "42501");
  }
  const walls = await test.superuser`
    SELECT relname FROM pg_class WHERE relnamespace = 'audit_months'::regnamespace
      AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)`;
  assert.equal(walls.length, 0);
});

Deno.test("the migration moves each entry into its month, and changes no hash", async () => {
  const control = await createControl();
  const { superuser } = await testCluster();
  const database = `audit_${crypto.randomUUID().slice(0, 8)}`;
  await superuser.unsafe(`CREATE DATABASE ${database} OWNER bulkhead_admin`);
  const url = new URL(control.adminUrl);
  url.pathname = `/${database}`;
  const admin = connect(url.href, { max: 2 });
  const sql = await inside(database);
  const read = async (tenantId: TenantId) =>
    await sql.begin(async (tx) => {
      await tx`SELECT set_config('bulkhead.tenant_id', ${tenantId}, true)`;
      await tx`SET LOCAL ROLE bulkhead_app`;
      const lines = (await selectChain(tx as unknown as Tx, 0n, 5000)).map(exportLine);
      return { lines, head: await selectHead(tx as unknown as Tx) };
    });
  try {
    const trail = await readMigrations(TRAIL);
    const { version } = trail.find(({ name }) => name === "audit_partitions")!;
    await migrate(admin, trail.filter((one) => one.version < version));
    const tenants = [newId<TenantId>(), newId<TenantId>(), newId<TenantId>()];
    const before: string[][] = [];
    for (const [index, tenantId] of tenants.entries()) {
      await sql`INSERT INTO tenants (id, name) VALUES (${tenantId}, 'team')`;
      for (let n = 0; n < index * 40; n++) {
        await sql`
          INSERT INTO audit_events (id, tenant_id, action, actor_kind, subject, detail)
          VALUES (${newId()}, ${tenantId}, 'team.renamed', 'system', ${`ü ${n}`}, ${
          sql.json({ n, tool: "x".repeat(9000) })
        })`;
      }
      const written = await sql.begin(async (tx) => {
        await tx`SELECT set_config('bulkhead.tenant_id', ${tenantId}, true)`;
        await tx`SET LOCAL ROLE bulkhead_app`;
        return await tx<{ hash: string }[]>`
          SELECT encode(hash, 'hex') AS hash FROM audit_events ORDER BY seq`;
      });
      before.push(written.map(({ hash }) => hash));
    }
    assert.deepEqual(
      await migrate(admin, trail),
      trail.slice(version - 1).map((migration) => migration.version),
    );
    for (const [index, tenantId] of tenants.entries()) {
      const moved = await read(tenantId);
      assert.deepEqual(moved.lines.map((line) => JSON.parse(line).hash), before[index]);
      await sql`
        INSERT INTO audit_pending (id, tenant_id, action, actor_kind)
        VALUES (${newId()}, ${tenantId}, 'team.renamed', 'system')`;
      const { lines, head } = await read(tenantId);
      const { fault, to } = await verifyExport(lines, [head!]);
      assert.equal(fault, null);
      assert.equal(to.seq, BigInt(index * 40 + 1));
    }
    const [{ count } = { count: -1 }] = await sql<{ count: number }[]>`
      SELECT count(*)::int AS count FROM audit_months.rest`;
    assert.equal(count, 0);
  } finally {
    await sql.end({ timeout: 5 });
    await admin.end({ timeout: 5 });
    await superuser.unsafe(`DROP DATABASE ${database} WITH (FORCE)`);
    await control.drop();
  }
});
