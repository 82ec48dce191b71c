import assert from "node:assert/strict";
import { SYSTEM_ACTOR } from "../audit/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { newId } from "../ids.ts";
import { connect } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { testCluster, testServices } from "../../tests/harness/mod.ts";
import {
  createSignInLink,
  localAccount,
  readSession,
  signIn,
  signUp,
  startSession,
  sweepExpired,
  useSignInLink,
} from "./mod.ts";

const ADA = { email: "Ada@Example.com", password: "correct horse battery" };
const actor = { ...SYSTEM_ACTOR, kind: "dashboard", network: "192.0.2.0/24" } as const;

async function actions(services: Services, tenantId: string): Promise<string[]> {
  const rows = await services.control.tenant(
    tenantId as never,
    (tx) => tx<{ action: string }[]>`SELECT action FROM audit_events ORDER BY at, id`,
  );
  return rows.map((row) => row.action);
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let i = 0; !await what(); i++) {
    assert(i < 100, "it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("signUp() makes an account with a tenant of its own and signs it in", async () => {
  await using test = await testServices();
  const { services } = test;
  const { access, refresh } = await signUp(services, ADA, actor);
  assert.match(refresh, /^[A-Za-z0-9_-]{43}$/);
  const session = await readSession(services, access);
  assert.equal(session?.email, "ada@example.com");
  assert.equal(session?.role, "owner");
  assert.deepEqual(await actions(services, session!.tenantId), [
    "account.created",
    "session.started",
  ]);
  const other = await readSession(
    services,
    (await signUp(services, { ...ADA, email: "eve@example.com" }, actor)).access,
  );
  assert.notEqual(other!.tenantId, session!.tenantId);
});

Deno.test("signUp() refuses an address that is taken, in any case of letters", async () => {
  await using test = await testServices();
  await signUp(test.services, ADA, actor);
  await assert.rejects(signUp(test.services, { ...ADA, email: "ADA@example.COM" }, actor), {
    code: "EMAIL_TAKEN",
  });
});

Deno.test("signIn() answers the same for a wrong password and an unknown address", async () => {
  await using test = await testServices();
  const { services } = test;
  await signUp(services, ADA, actor);
  const session = await readSession(services, (await signIn(services, ADA, actor)).access);
  assert.equal(session?.email, "ada@example.com");
  const failed = { code: "SIGN_IN_FAILED", message: "E-mail address or password is wrong." };
  await assert.rejects(signIn(services, { ...ADA, password: "wrong" }, actor), failed);
  await assert.rejects(signIn(services, { ...ADA, email: "nobody@example.com" }, actor), failed);
  // The refusal of a known account is on its record, and nobody waits for that.
  await until(async () => (await actions(services, session!.tenantId)).includes("session.refused"));
});

Deno.test("signIn() stops guessing at one account, and starts afresh after a success", async () => {
  await using test = await testServices();
  const { services } = test;
  await signUp(services, ADA, actor);
  const guess = () => signIn(services, { ...ADA, password: "wrong" }, actor);
  for (let i = 0; i < 9; i++) await assert.rejects(guess(), { code: "SIGN_IN_FAILED" });
  await signIn(services, ADA, actor);
  for (let i = 0; i < 10; i++) await assert.rejects(guess(), { code: "SIGN_IN_FAILED" });
  await assert.rejects(guess(), (error: { code: string; retryAfter: number }) => {
    assert.equal(error.code, "RATE_LIMITED");
    assert(error.retryAfter > 0);
    return true;
  });
  // Not even the right password gets past, or the limit would tell which one it is.
  await assert.rejects(signIn(services, ADA, actor), { code: "RATE_LIMITED" });
  // Guessing from one network does not lock the owner out of another.
  await signIn(services, ADA, { ...actor, network: "198.51.100.0/24" });
});

Deno.test("localAccount() is the same account at every start", async () => {
  await using test = await testServices();
  const first = await localAccount(test.services, SYSTEM_ACTOR);
  assert.deepEqual(await localAccount(test.services, SYSTEM_ACTOR), first);
  await assert.rejects(
    signIn(test.services, { email: "local@localhost", password: "" }, actor),
    { code: "SIGN_IN_FAILED" },
  );
});

Deno.test("useSignInLink() signs in once, for one of many at once", async () => {
  await using test = await testServices();
  const { services } = test;
  const account = await localAccount(services, SYSTEM_ACTOR);
  const link = await createSignInLink(services, account);
  assert.match(link.href, /^http:\/\/127\.0\.0\.1:8000\/sign-in\/link\/[A-Za-z0-9_-]{43}$/);
  const secret = link.pathname.split("/").at(-1)!;
  const tries = await Promise.allSettled(
    Array.from({ length: 20 }, () => useSignInLink(services, secret, actor)),
  );
  const [won, ...rest] = tries.filter((one) => one.status === "fulfilled");
  assert.equal(rest.length, 0);
  assert.equal((await readSession(services, won!.value.access))!.userId, account.userId);
  for (const lost of tries) {
    if (lost.status === "rejected") assert.equal(lost.reason.code, "LINK_SPENT");
  }
});

Deno.test("useSignInLink() refuses unknown, malformed and expired links alike", async () => {
  const clock = { at: Date.now() - 16 * 60_000, now: () => clock.at };
  await using test = await testServices({ clock });
  const { services } = test;
  const old = await createSignInLink(services, await localAccount(services, SYSTEM_ACTOR));
  for (const secret of [old.pathname.split("/").at(-1)!, "A".repeat(43), "", "' OR 1=1"]) {
    await assert.rejects(useSignInLink(services, secret, actor), { code: "LINK_SPENT" });
  }
});

Deno.test("a session belongs to a member of its tenant, in the database too", async () => {
  await using test = await testServices();
  const { services } = test;
  const ada = await readSession(services, (await signUp(services, ADA, actor)).access);
  const eve = await readSession(
    services,
    (await signUp(services, { ...ADA, email: "eve@example.com" }, actor)).access,
  );
  await assert.rejects(
    startSession(services, { userId: eve!.userId, tenantId: ada!.tenantId }, actor),
  );
  await assert.rejects(
    services.control.lookup`
      SELECT lookup.create_session(
        ${newId()}, ${sha256("x")}, ${eve!.userId}, ${ada!.tenantId}, now() + interval '1 day', '',
        NULL
      )`,
  );
});

Deno.test("sweepExpired() deletes links and codes within a day after their end, and none before", async () => {
  const HOUR = 3_600_000;
  const clock = { at: Date.now(), now: () => clock.at };
  await using test = await testServices({ clock });
  const { services } = test;
  const account = await localAccount(services, SYSTEM_ACTOR);
  for (const hoursAgo of [23.5, 22, 0]) {
    clock.at = Date.now() - hoursAgo * HOUR - (hoursAgo ? HOUR / 4 : 0);
    await createSignInLink(services, account);
  }
  await sweepExpired(services);
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${test.control.database}`;
  const superuser = connect(url.href, { max: 1 });
  const [row] = await superuser<{ count: number }[]>`SELECT count(*)::int FROM challenges`;
  await superuser.end();
  assert.equal(row!.count, 2);
});
