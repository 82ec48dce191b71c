import assert from "node:assert/strict";
import { SignJWT, UnsecuredJWT } from "jose";
import { SYSTEM_ACTOR } from "../audit/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { newId, type TenantId } from "../ids.ts";
import { connect } from "../postgres/mod.ts";
import {
  testCluster,
  type TestServices,
  testServices,
  testTenant,
} from "../../tests/harness/mod.ts";
import { keysOf } from "./keys.ts";
import {
  endOtherSessions,
  endOwnSession,
  endSession,
  listSessions,
  readSession,
  refreshSession,
  startSession,
  sweepExpired,
  switchTenant,
} from "./mod.ts";

const actor = {
  ...SYSTEM_ACTOR,
  kind: "dashboard",
  network: "192.0.2.0/24",
  device: "Firefox on Linux",
} as const;

const MINUTE = 60_000;

/** Makes a refresh token's use lie further back than it does. */
async function ageUse(test: TestServices, token: string, seconds: number): Promise<void> {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${test.control.database}`;
  const sql = connect(url.href, { max: 1 });
  try {
    await sql`
      UPDATE session_tokens SET used_at = used_at - make_interval(secs => ${seconds})
      WHERE hash = ${sha256(token)}`;
  } finally {
    await sql.end();
  }
}

async function started(clock?: { now(): number }) {
  const test = await testServices(clock ? { clock } : {});
  const { services } = test;
  const account = await testTenant(services);
  const tokens = await startSession(services, account, actor);
  const session = (await readSession(services, tokens.access))!;
  return {
    test,
    services,
    account,
    tokens,
    session,
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

async function actions(test: TestServices, tenantId: TenantId): Promise<string[]> {
  const rows = await test.services.control.tenant(
    tenantId,
    (tx) => tx<{ action: string }[]>`SELECT action FROM audit_events ORDER BY at, id`,
  );
  return rows.map((row) => row.action);
}

Deno.test("readSession() takes an access token for ten minutes, and no refresh token", async () => {
  const clock = { at: Date.now(), now: () => clock.at };
  await using open = await started(clock);
  const { services, tokens } = open;
  assert.equal(await readSession(services, tokens.refresh), null);
  clock.at += 9 * MINUTE;
  assert(await readSession(services, tokens.access));
  clock.at += 1 * MINUTE + 1000;
  assert.equal(await readSession(services, tokens.access), null);
  const next = await refreshSession(services, tokens.refresh, actor);
  assert(await readSession(services, next!.tokens.access));
});

Deno.test("readSession() refuses tokens of other makers, algorithms and uses", async () => {
  await using open = await started();
  const { services, session, tokens } = open;
  const { access, refresh } = await keysOf(services);
  const jwt = (alg: string, audience = "dashboard") =>
    new SignJWT({ sid: session.id }).setProtectedHeader({ alg }).setIssuer("bulkhead")
      .setAudience(audience).setIssuedAt().setExpirationTime("5 min");
  const [head, body, signature] = tokens.access.split(".");
  const refused = [
    "",
    "x",
    "a.b.c",
    `${head}.${body}.`,
    `${head}.${body}.${signature!.slice(1)}`,
    `${head}.${body}.${signature}x`,
    "x".repeat(100_000),
    new UnsecuredJWT({ sid: session.id }).setIssuer("bulkhead").setAudience("dashboard")
      .setIssuedAt().setExpirationTime("5 min").encode(),
    await jwt("HS256").sign(refresh),
    await jwt("HS512").sign(new Uint8Array([...access, ...access])),
    await jwt("HS256", "other").sign(access),
    await new SignJWT({ sid: session.id }).setProtectedHeader({ alg: "HS256" })
      .setIssuer("bulkhead").setAudience("dashboard").sign(access),
    await new SignJWT({ sid: newId() }).setProtectedHeader({ alg: "HS256" }).setIssuedAt()
      .setIssuer("bulkhead").setAudience("dashboard").setExpirationTime("5 min").sign(access),
  ];
  for (const token of refused) assert.equal(await readSession(services, token), null, token);
  assert(await readSession(services, await jwt("HS256").sign(access)), "the same, done right");
});

Deno.test("refreshSession() gives tabs that come at once the same successor", async () => {
  await using open = await started();
  const { services, tokens } = open;
  const tabs = await Promise.all(
    Array.from({ length: 20 }, () => refreshSession(services, tokens.refresh, actor)),
  );
  assert.equal(new Set(tabs.map((tab) => tab!.tokens.refresh)).size, 1);
  assert.notEqual(tabs[0]!.tokens.refresh, tokens.refresh);
  await ageUse(open.test, tokens.refresh, 25);
  const late = await refreshSession(services, tokens.refresh, actor);
  assert.equal(late!.tokens.refresh, tabs[0]!.tokens.refresh);
});

Deno.test("refreshSession() ends the session where a token comes back after the grace", async () => {
  await using open = await started();
  const { services, tokens, account } = open;
  const second = await refreshSession(services, tokens.refresh, actor);
  const third = await refreshSession(services, second!.tokens.refresh, actor);
  await ageUse(open.test, tokens.refresh, 31);
  assert.equal(await refreshSession(services, tokens.refresh, actor), null);
  for (const { access, refresh } of [tokens, second!.tokens, third!.tokens]) {
    assert.equal(await readSession(services, access), null);
    assert.equal(await refreshSession(services, refresh, actor), null);
  }
  assert.deepEqual(await actions(open.test, account.tenantId), [
    "session.started",
    "session.reused",
  ]);
});

Deno.test("refreshSession() refuses what is no token of ours", async () => {
  await using open = await started();
  const { refresh, access } = open.tokens;
  for (const text of ["", "x", access, `${refresh}x`, refresh.slice(1), "A".repeat(43)]) {
    assert.equal(await refreshSession(open.services, text, actor), null);
  }
});

Deno.test("endSession() refuses both tokens from then on, and no other session", async () => {
  await using open = await started();
  const { services, tokens, session, account } = open;
  const other = await startSession(services, account, actor);
  await endSession(services, session, actor);
  assert.equal(await readSession(services, tokens.access), null);
  assert.equal(await refreshSession(services, tokens.refresh, actor), null);
  assert(await readSession(services, other.access));
  assert((await actions(open.test, account.tenantId)).includes("session.ended"));
});

Deno.test("a session ends fourteen days after its last use", async () => {
  const DAY = 86_400_000;
  const clock = { at: Date.now() - 15 * DAY, now: () => clock.at };
  await using open = await started(clock);
  const { services, account, tokens } = open;
  clock.at = Date.now() - 13 * DAY;
  const alive = await startSession(services, account, actor);
  assert.equal(await refreshSession(services, tokens.refresh, actor), null);
  await sweepExpired(services);
  assert(await refreshSession(services, alive.refresh, actor));
});

Deno.test("listSessions() tells a person's sessions apart; others end together or one by one", async () => {
  await using open = await started();
  const { services, account, session } = open;
  const phone = await startSession(services, account, { ...actor, device: "Safari on iPhone" });
  const stranger = await testTenant(services);
  const theirs = await startSession(services, stranger, actor);
  const theirSession = (await readSession(services, theirs.access))!;
  const list = await listSessions(services, session);
  assert.deepEqual(list.map(({ device }) => device).sort(), [
    "Firefox on Linux",
    "Safari on iPhone",
  ]);
  const phoneId = (await readSession(services, phone.access))!.id;
  await assert.rejects(endOwnSession(services, theirSession, phoneId, actor), {
    code: "NOT_FOUND",
  });
  await endOwnSession(services, session, phoneId, actor);
  assert.equal(await readSession(services, phone.access), null);
  await startSession(services, account, actor);
  await startSession(services, account, actor);
  assert.equal(await endOtherSessions(services, session, session.id, actor), 2);
  assert.deepEqual((await listSessions(services, session)).map(({ id }) => id), [session.id]);
  assert(await readSession(services, theirs.access));
});

Deno.test("switchTenant() leads to tenants of one's own alone", async () => {
  await using open = await started();
  const { services, session, tokens, account } = open;
  const stranger = await testTenant(services);
  for (const tenantId of [stranger.tenantId, newId<TenantId>()]) {
    await assert.rejects(switchTenant(services, session, tenantId, actor), { code: "NOT_FOUND" });
  }
  assert.equal((await readSession(services, tokens.access))!.tenantId, account.tenantId);
});
