import assert from "node:assert/strict";
import { importJWK, type JSONWebKeySet, SignJWT } from "jose";
import { AppError } from "../errors.ts";
import { newId, type TenantId } from "../ids.ts";
import { connect, type Sql } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import {
  createControl,
  testCluster,
  type TestServices,
  testServices,
  testTenant,
} from "../../tests/harness/mod.ts";
import { selectAnchors, thinAnchors } from "./anchor_store.ts";
import {
  anchorAudit,
  anchorKeys,
  exportAudit,
  pushAnchors,
  readStatement,
  recordEvent,
  SYSTEM_ACTOR,
  verifyExport,
} from "./mod.ts";

async function write({ control }: Services, tenantId: TenantId, ...subjects: string[]) {
  for (const subject of subjects) {
    await control.tenant(
      tenantId,
      (tx) => recordEvent(tx, { tenantId, action: "team.renamed", actor: SYSTEM_ACTOR, subject }),
    );
  }
}

async function linesOf({ control }: Services, tenantId: TenantId): Promise<string[]> {
  const text = await new Response(exportAudit(control, tenantId, "ndjson")).text();
  return text.split("\n").slice(0, -1);
}

const anchorsOf = ({ control }: Services, tenantId: TenantId) =>
  control.tenant(tenantId, (tx) => selectAnchors(tx, { before: null, limit: 100 }));

/** The database's owner, past every right and trigger. */
async function ownerOf({ control }: TestServices): Promise<Sql> {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${control.database}`;
  return connect(url.href, { max: 1, settings: { session_replication_role: "replica" } });
}

/** Makes every anchor older, so that the next is due. */
const age = (owner: Sql, by = "31 seconds") =>
  owner.unsafe(`
    UPDATE audit_anchors SET at = at - interval '${by}';
    UPDATE audit_heads SET anchored_at = anchored_at - interval '${by}'
    WHERE anchored_at > '-infinity'`);

/** Hashes a tenant's entries anew, as who rewrites history would. */
async function rehash(owner: Sql, tenantId: TenantId) {
  await owner.unsafe(`
    DO $$
    DECLARE
      entry public.audit_events;
      head bytea := decode(repeat('00', 32), 'hex');
    BEGIN
      FOR entry IN SELECT * FROM audit_events WHERE tenant_id = '${tenantId}' ORDER BY seq LOOP
        head := lookup.audit_hash(head, entry);
        UPDATE audit_events SET hash = head WHERE id = entry.id AND tenant_id = '${tenantId}';
      END LOOP;
      UPDATE audit_heads SET hash = head WHERE tenant_id = '${tenantId}';
    END
    $$`);
}

Deno.test("anchorAudit() signs each head that has moved, within a minute of news, once over all replicas", async () => {
  const control = await createControl();
  try {
    await using one = await testServices({ control });
    await using two = await testServices({ control });
    const { services, logLines } = one;
    const { tenantId } = await testTenant(services);
    await using stack = new AsyncDisposableStack();
    const owner = await ownerOf(one);
    stack.defer(() => owner.end({ timeout: 5 }));
    await anchorAudit(services);
    assert.deepEqual(await anchorsOf(services, tenantId), []);

    await write(services, tenantId, "first");
    await Promise.all([anchorAudit(services), anchorAudit(two.services)]);
    const [anchor, ...others] = await anchorsOf(services, tenantId);
    assert.deepEqual(others, []);
    const keys = await anchorKeys(two.services) as JSONWebKeySet;
    assert.equal(keys.keys.length, 1);
    const statement = await readStatement(anchor!.statement, keys);
    assert.equal(statement?.tenantId, tenantId);
    assert.equal(statement?.seq, 1n);
    assert.equal(statement?.hash, anchor!.hash);
    assert.equal(statement?.issuer, services.baseUrl.origin);
    const logged = [...logLines, ...two.logLines].filter((line) => line.includes("audit.anchored"));
    assert.equal(logged.length, 1);
    assert.ok(logged[0]!.includes(`1:${anchor!.hash}`));

    await write(services, tenantId, "second");
    await anchorAudit(services);
    assert.equal((await anchorsOf(services, tenantId)).length, 1);
    await age(owner);
    await anchorAudit(two.services);
    assert.deepEqual((await anchorsOf(services, tenantId)).map(({ seq }) => seq), ["2", "1"]);
    await age(owner);
    await anchorAudit(services);
    assert.equal((await anchorsOf(services, tenantId)).length, 2);
  } finally {
    await control.drop();
  }
});

Deno.test("a chain that was rewritten or cut off by the database's owner is found by an anchor alone", async () => {
  await using test = await testServices();
  const { services, logLines } = test;
  await using stack = new AsyncDisposableStack();
  const owner = await ownerOf(test);
  stack.defer(() => owner.end({ timeout: 5 }));
  const keys = await anchorKeys(services) as JSONWebKeySet;
  assert.deepEqual(keys.keys, []);
  const tampering = {
    rewritten: `UPDATE audit_events SET subject = 'other' WHERE seq = 2`,
    "cut off": `
      DELETE FROM audit_events WHERE seq = 3;
      UPDATE audit_heads h SET seq = 2, hash = e.hash FROM audit_events e
      WHERE e.tenant_id = h.tenant_id AND e.seq = 2`,
  };
  for (const [name, statements] of Object.entries(tampering)) {
    const { tenantId } = await testTenant(services);
    await write(services, tenantId, "a", "b", "c");
    await anchorAudit(services);
    const [kept] = await anchorsOf(services, tenantId);
    const served = await anchorKeys(services) as JSONWebKeySet;
    const anchor = (await readStatement(kept!.statement, served))!;
    const of = `WHERE tenant_id = '${tenantId}' AND`;
    await owner.unsafe(
      statements.replaceAll("WHERE seq", `${of} seq`).replace(
        "WHERE e.",
        `WHERE h.tenant_id = '${tenantId}' AND e.`,
      ),
    );
    await rehash(owner, tenantId);

    const lines = await linesOf(services, tenantId);
    const alone = await verifyExport(lines);
    assert.equal(alone.fault, null, `${name}: agrees with itself`);
    assert.equal(alone.proven, null);
    const against = await verifyExport(lines, [anchor]);
    assert.notEqual(against.fault, null, name);

    // Nothing is signed over it either, and the server says so.
    await age(owner);
    await write(services, tenantId, "later");
    await anchorAudit(services);
    assert.ok(
      logLines.some((line) => line.includes("audit.chain_broken") && line.includes(tenantId)),
      name,
    );
    const statements_ = (await anchorsOf(services, tenantId)).map(({ statement }) => statement);
    assert.deepEqual(statements_, [kept!.statement]);

    // Nor does it help to sign with a key of one's own: who kept the public key sees it.
    const forged = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
    const jwk = await crypto.subtle.exportKey("jwk", (forged as CryptoKeyPair).privateKey);
    const statement = await new SignJWT({ seq: "2", hash: "ab".repeat(32) })
      .setProtectedHeader({ alg: "EdDSA", kid: served.keys[0]!.kid!, typ: "bulkhead-anchor+jwt" })
      .setIssuer("http://127.0.0.1").setSubject(tenantId).setIssuedAt()
      .sign(await importJWK({ ...jwk, alg: "EdDSA" } as never, "EdDSA"));
    assert.equal(await readStatement(statement, served), null);
  }
});

Deno.test("the application's role anchors nothing that is not in the log, and takes no anchor back", async () => {
  await using test = await testServices();
  const { services } = test;
  const { control } = services;
  const { tenantId } = await testTenant(services);
  await write(services, tenantId, "a");
  const keep = async (seq: number, hash: string) => {
    const [row] = await control.lookup<{ kept: boolean }[]>`
      SELECT lookup.keep_audit_anchor(${tenantId}, ${seq}, decode(${hash}, 'hex'), 'x') AS kept`;
    return row!.kept;
  };
  assert.equal(await keep(1, "ab".repeat(32)), false);
  assert.equal(await keep(2, "ab".repeat(32)), false);
  await anchorAudit(services);
  const [anchor] = await anchorsOf(services, tenantId);
  assert.equal(await keep(1, anchor!.hash), false);
  assert.deepEqual(await anchorsOf(services, tenantId), [anchor]);
  for (
    const statement of [
      "UPDATE audit_anchors SET statement = 'x'",
      "DELETE FROM audit_anchors",
      "SELECT wrapped FROM audit_signing_keys",
      "UPDATE audit_heads SET anchored_seq = 9",
    ]
  ) {
    await assert.rejects(
      control.tenant(tenantId, (tx) => tx.unsafe(statement)),
      AppError,
      statement,
    );
  }
  // A second key is not made beside the one that signs.
  await control.lookup`SELECT lookup.add_audit_signing_key('other', '{}', decode('00', 'hex'))`;
  assert.equal((await anchorKeys(services)).keys.length, 1);
});

Deno.test("anchors of another team say nothing of a file, and two that disagree are told", async () => {
  await using test = await testServices();
  const { services } = test;
  const [own, other] = [await testTenant(services, "A"), await testTenant(services, "B")];
  await write(services, own.tenantId, "a", "b");
  await write(services, other.tenantId, "x");
  const lines = await linesOf(services, own.tenantId);
  const foreign = { seq: 1n, hash: "ab".repeat(32), tenantId: other.tenantId };
  assert.equal((await verifyExport(lines, [foreign])).fault, null);
  assert.equal((await verifyExport(lines, [foreign])).proven, null);
  const { hash } = JSON.parse(lines[0]!);
  const anchors = [{ seq: 1n, hash, tenantId: own.tenantId }, { seq: 1n, hash: "cd".repeat(32) }];
  assert.match((await verifyExport(lines, anchors)).fault!.text, /two histories were anchored/);
  const proven = await verifyExport(lines, anchors.slice(0, 1));
  assert.deepEqual([proven.fault, proven.proven], [null, { seq: 1n, hash }]);
});

Deno.test("pushAnchors() hands each anchor to the webhook until it is taken, and follows it nowhere", async () => {
  await using test = await testServices();
  const tenants = [newId<TenantId>(), newId<TenantId>()];
  const got: { tenant_id: string; seq: string; statement: string }[][] = [];
  let status = 503;
  let led = 0;
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      if (new URL(request.url).pathname !== "/anchors") {
        led++;
        return new Response();
      }
      got.push((await request.json()).anchors);
      return new Response(null, { status, headers: { location: "/elsewhere" } });
    },
  );
  const services: Services = {
    ...test.services,
    anchorWebhook: new URL(`http://127.0.0.1:${server.addr.port}/anchors`),
  };
  for (const [index] of tenants.entries()) {
    tenants[index] = (await testTenant(services)).tenantId;
    await write(services, tenants[index]!, "a");
  }
  await anchorAudit(services);
  await pushAnchors({ ...services, anchorWebhook: null });
  assert.equal(got.length, 0);
  await pushAnchors(services);
  status = 302;
  await pushAnchors(services);
  assert.deepEqual([got.length, led], [2, 0]);
  status = 204;
  await pushAnchors(services);
  await pushAnchors(services);
  assert.equal(got.length, 3);
  assert.deepEqual(got[2], got[0]);
  assert.deepEqual(got[2]!.map(({ tenant_id }) => tenant_id).sort(), tenants.toSorted());
  const keys = await anchorKeys(services) as JSONWebKeySet;
  for (const { statement, tenant_id } of got[2]!) {
    assert.equal((await readStatement(statement, keys))?.tenantId, tenant_id);
  }
});

Deno.test("thinAnchors() keeps the last of each hour after a week", async () => {
  await using test = await testServices();
  const { services } = test;
  const { tenantId } = await testTenant(services);
  await using stack = new AsyncDisposableStack();
  const owner = await ownerOf(test);
  stack.defer(() => owner.end({ timeout: 5 }));
  await owner`
    INSERT INTO audit_anchors (tenant_id, seq, hash, at, statement)
    SELECT ${tenantId}, n, decode(repeat('00', 32), 'hex'),
      date_trunc('hour', now()) - interval '7 days 3 hours' + n * interval '20 minutes', 'x'
    FROM generate_series(0, 8) AS n`;
  await owner`
    INSERT INTO audit_anchors (tenant_id, seq, hash, at, statement)
    SELECT ${tenantId}, 100 + n, decode(repeat('00', 32), 'hex'), now(), 'x'
    FROM generate_series(0, 1) AS n`;
  await thinAnchors(services.control);
  const kept = (await anchorsOf(services, tenantId)).map(({ seq }) => seq);
  assert.deepEqual(kept, ["101", "100", "8", "5", "2"]);
});
