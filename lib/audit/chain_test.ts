import assert from "node:assert/strict";
import { type GrantId, newId, type TenantId } from "../ids.ts";
import { connect, migrate, readMigrations, type Sql, sqlState, type Tx } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { createControl, testCluster, testServices, testTenant } from "../../tests/harness/mod.ts";
import { selectChain, selectHead } from "./chain_store.ts";
import { exportLine } from "./export.ts";
import { exportAudit, recordEvent, SYSTEM_ACTOR, verifyExport } from "./mod.ts";

/** The lines of a tenant's export. */
async function linesOf({ control }: Services, tenantId: TenantId): Promise<string[]> {
  const text = await new Response(exportAudit(control, tenantId, "ndjson")).text();
  return text.split("\n").slice(0, -1);
}

async function write(
  services: Services,
  tenantId: TenantId,
  subject: string,
  detail: Record<string, unknown> = {},
) {
  await services.control.tenant(
    tenantId,
    (tx) =>
      recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR, subject, detail }),
  );
}

const headOf = ({ control }: Services, tenantId: TenantId) => control.tenant(tenantId, selectHead);

Deno.test("fifty writers on two processes leave one whole chain a tenant", async () => {
  const control = await createControl();
  try {
    await using one = await testServices({ control });
    await using two = await testServices({ control });
    const tenants = [await testTenant(one.services, "A"), await testTenant(one.services, "B")];
    await Promise.all(
      Array.from({ length: 50 }, async (_, writer) => {
        const { services } = writer % 2 ? one : two;
        const { tenantId } = tenants[writer % 4 < 2 ? 0 : 1]!;
        for (let i = 0; i < 4; i++) await write(services, tenantId, `${writer}/${i}`);
        // What is rolled back leaves no gap.
        await services.control.tenant(tenantId, async (tx) => {
          await recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR });
          throw new Error("given up");
        }).catch(() => {});
      }),
    );
    let written = 0;
    for (const { tenantId } of tenants) {
      const lines = await linesOf(one.services, tenantId);
      const head = await headOf(two.services, tenantId);
      const { fault, from, to } = await verifyExport(lines, [head!]);
      assert.equal(fault, null);
      assert.equal(from.seq, 0n);
      assert.deepEqual(to, head);
      assert.equal(to.seq, BigInt(lines.length));
      const times = lines.map((line) => JSON.parse(line).at as string);
      assert.deepEqual(times, times.toSorted());
      written += lines.length;
    }
    assert.equal(written, 50 * 4);
  } finally {
    await control.drop();
  }
});

Deno.test("every value that an entry can hold verifies as it was exported", async () => {
  await using test = await testServices();
  const { tenantId } = await testTenant(test.services);
  const detail = {
    z: 1,
    aa: [1.5, 1e21, 1e-9, -0, 0.1, 12345678901234567890],
    é: 'a "b" \\ \n \t \u0001 / \u2028 😀',
    b: { "": null, "ab": true, "b": false, "😀": {} },
    empty: [],
  };
  await write(test.services, tenantId, 'ünï "quoted", \\ 😀', detail);
  await write(test.services, tenantId, "");
  const { fault, to } = await verifyExport(await linesOf(test.services, tenantId));
  assert.equal(fault, null);
  assert.equal(to.seq, 2n);
});

Deno.test("the application cannot choose an entry's place, nor change or remove one", async () => {
  await using test = await testServices();
  const { services } = test;
  const { tenantId } = await testTenant(services);
  await write(services, tenantId, "first");
  const zero = "decode(repeat('00', 32), 'hex')";
  for (
    const statement of [
      `INSERT INTO audit_events (id, tenant_id, action, actor_kind, seq)
       VALUES ('${newId()}', '${tenantId}', 'x', 'system', 9)`,
      `INSERT INTO audit_events (id, tenant_id, action, actor_kind, hash)
       VALUES ('${newId()}', '${tenantId}', 'x', 'system', ${zero})`,
      `INSERT INTO audit_events (id, tenant_id, action, actor_kind, at)
       VALUES ('${newId()}', '${tenantId}', 'x', 'system', now())`,
      `INSERT INTO audit_pending (id, tenant_id, action, actor_kind, ordinal)
       OVERRIDING SYSTEM VALUE VALUES ('${newId()}', '${tenantId}', 'x', 'system', 9)`,
      "SELECT FROM audit_pending",
      "UPDATE audit_pending SET subject = 'other'",
      "DELETE FROM audit_pending",
      "ALTER TABLE audit_pending DISABLE TRIGGER ALL",
      "UPDATE audit_events SET subject = 'other'",
      "UPDATE audit_events SET seq = 2",
      "DELETE FROM audit_events",
      "TRUNCATE audit_events",
      "UPDATE audit_heads SET seq = 7",
      "DELETE FROM audit_heads",
      `INSERT INTO audit_heads VALUES ('${tenantId}', 1, ${zero}, now())`,
      `INSERT INTO audit_anchors VALUES ('${tenantId}', 1, ${zero})`,
      "DELETE FROM audit_anchors",
      "ALTER TABLE audit_events DISABLE TRIGGER ALL",
      "SET LOCAL session_replication_role = replica",
      "DROP TRIGGER chain ON audit_pending",
    ]
  ) {
    // The driver's own error, before it is put into words for clients.
    await services.control.tenant(tenantId, async (tx) => {
      const state = await tx.savepoint((sp) => sp.unsafe(statement)).then(() => "done", sqlState);
      assert.equal(state, "42501", statement);
    });
  }
  // Whenever constraints are checked, the place is the chain's.
  await services.control.tenant(tenantId, async (tx) => {
    await tx`SET CONSTRAINTS ALL IMMEDIATE`;
    await recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR });
  });
  const { fault, to } = await verifyExport(await linesOf(services, tenantId));
  assert.equal(fault, null);
  assert.equal(to.seq, 2n);
});

/** A superuser inside of a test's control database. */
async function superuserOf(database: string): Promise<Sql> {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${database}`;
  return connect(url.href, { max: 1 });
}

Deno.test("what whoever owns the database changes is found in the export", async () => {
  await using test = await testServices();
  const { services, control } = test;
  const { tenantId } = await testTenant(services);
  for (const subject of ["a", "b", "c"]) await write(services, tenantId, subject);
  const superuser = await superuserOf(control.database);
  try {
    await assert.rejects(superuser`UPDATE audit_events SET subject = 'x'`, { code: "42501" });
    const before = await headOf(services, tenantId);
    for (
      const change of [
        "UPDATE audit_events SET subject = 'x' WHERE seq = 2",
        "UPDATE audit_events SET at = at - interval '1 microsecond' WHERE seq = 1",
        "DELETE FROM audit_events WHERE seq = 2",
        "DELETE FROM audit_events WHERE seq = 3",
      ]
    ) {
      const lines = await superuser.begin(async (tx) => {
        await tx`SET LOCAL session_replication_role = replica`;
        await tx.unsafe(change);
        await tx`SELECT set_config('bulkhead.tenant_id', ${tenantId}, true)`;
        const found = (await selectChain(tx as unknown as Tx, 0n, 10)).map(exportLine);
        throw Object.assign(new Error("enough"), { found });
      }).catch((error) => error.found as string[]);
      const { fault } = await verifyExport(lines, [before!]);
      assert.notEqual(fault, null, change);
    }
  } finally {
    await superuser.end({ timeout: 5 });
  }
});

const TRAIL = new URL("../../migrations/control/", import.meta.url);

Deno.test("the migration chains what was written before it, and an empty log", async () => {
  const control = await createControl();
  const { superuser } = await testCluster();
  const database = `audit_${crypto.randomUUID().slice(0, 8)}`;
  await superuser.unsafe(`CREATE DATABASE ${database} OWNER bulkhead_admin`);
  const url = new URL(control.adminUrl);
  url.pathname = `/${database}`;
  const admin = connect(url.href, { max: 2 });
  const inside = await superuserOf(database);
  try {
    const trail = await readMigrations(TRAIL);
    await migrate(admin, trail.filter(({ version }) => version < 8));
    const [full, empty] = [newId<TenantId>(), newId<TenantId>()];
    await inside`INSERT INTO tenants (id, name) VALUES (${full}, 'full'), (${empty}, 'empty')`;
    await inside`
      INSERT INTO audit_events (id, tenant_id, at, action, actor_kind, subject, detail)
      SELECT gen_random_uuid(), ${full}, '2030-01-01'::timestamptz - n * interval '1 second',
        'team.renamed', 'system', 'name ' || n, jsonb_build_object('n', n)
      FROM generate_series(1, 1200) AS n`;
    assert.deepEqual(await migrate(admin, trail), trail.slice(7).map(({ version }) => version));
    for (const tenantId of [full, empty]) {
      await inside`
        INSERT INTO audit_pending (id, tenant_id, action, actor_kind)
        VALUES (${newId()}, ${tenantId}, 'team.renamed', 'system')`;
    }
    const lines = await inside.begin(async (tx) => {
      const found = await selectChain(tx as unknown as Tx, 0n, 5000);
      return found.map((entry) => [entry.tenant_id, exportLine(entry)] as const);
    });
    for (const [tenantId, count] of [[full, 1201n], [empty, 1n]] as const) {
      const own = lines.filter(([of]) => of === tenantId).map(([, line]) => line);
      const { fault, to } = await verifyExport(own);
      assert.equal(fault, null);
      assert.equal(to.seq, count);
    }
  } finally {
    await inside.end({ timeout: 5 });
    await admin.end({ timeout: 5 });
    await superuser.unsafe(`DROP DATABASE ${database} WITH (FORCE)`);
    await control.drop();
  }
});

Deno.test("recordEvent() keeps what no text of Postgres can hold, and long details, and names the app", async () => {
  await using test = await testServices();
  const { services } = test;
  const { tenantId } = await testTenant(services);
  const grantId = newId<GrantId>();
  const long = "é".repeat(60_000);
  await services.control.tenant(tenantId, (tx) =>
    recordEvent(tx, {
      tenantId,
      action: "team.renamed",
      actor: { ...SYSTEM_ACTOR, grantId },
      subject: "nul \0, half \ud800",
      detail: { "a\0": ["\udc00", { b: "\0" }], tool: long, table: long, when: new Date(0) },
    }));
  await write(services, tenantId, long);
  const lines = await linesOf(services, tenantId);
  assert.equal((await verifyExport(lines)).fault, null);
  const { subject, detail } = JSON.parse(lines[0]!);
  assert.equal(subject, "nul \ufffd, half \ufffd");
  assert.deepEqual(detail, {
    "a\ufffd": ["\ufffd", { b: "\ufffd" }],
    tool: long,
    table: long,
    when: "1970-01-01T00:00:00.000Z",
    grant: grantId,
  });
});
