import assert from "node:assert/strict";
import { SYSTEM_ACTOR } from "../audit/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { newId } from "../ids.ts";
import { connect } from "../postgres/mod.ts";
import type { Services } from "../services.ts";
import { latestMail, signedUp, testCluster, testServices } from "../../tests/harness/mod.ts";
import {
  createSignInLink,
  localAccount,
  readSession,
  requestSignUp,
  signIn,
  type SignInStep,
  startSession,
  sweepExpired,
  useSignInCode,
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

/** The tokens of a session that a step has led to. */
function tokensOf(step: SignInStep) {
  assert(step.kind === "signed_in");
  return step.tokens;
}

/** How many accounts there are. */
async function accounts(services: Services): Promise<number> {
  const known = await Promise.all(
    ["ada@example.com", "eve@example.com"].map((email) =>
      services.control.lookup`SELECT FROM lookup.user_by_email(${email})`
    ),
  );
  return known.filter(({ length }) => length).length;
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let i = 0; !await what(); i++) {
    assert(i < 100, "it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("requestSignUp() makes an account with a tenant of its own once its code is entered", async () => {
  await using test = await testServices();
  const { services } = test;
  const id = await requestSignUp(services, ADA, actor);
  const { code } = await latestMail(services, "ada@example.com");
  assert.equal(await accounts(services), 0, "no account before the proof");
  await assert.rejects(signIn(services, ADA, actor), { code: "SIGN_IN_FAILED" });
  const { access, refresh } = tokensOf(await useSignInCode(services, id, code, actor));
  assert.match(refresh, /^[A-Za-z0-9_-]{43}$/);
  const session = await readSession(services, access);
  assert.equal(session?.email, "ada@example.com");
  assert.equal(session?.role, "owner");
  assert.deepEqual(await actions(services, session!.tenantId), [
    "account.created",
    "session.started",
  ]);
  const eve = { ...ADA, email: "eve@example.com" };
  const other = await readSession(services, (await signedUp(services, eve, actor)).access);
  assert.notEqual(other!.tenantId, session!.tenantId);
  assert.equal((await signIn(services, ADA, actor)).kind, "signed_in");
});

Deno.test("requestSignUp() tells a known address by mail alone, and changes nothing of its account", async () => {
  await using test = await testServices();
  const { services } = test;
  await signedUp(services, ADA, actor);
  const again = { email: "ADA@example.COM", password: "a stranger's own password" };
  const id = await requestSignUp(services, again, actor);
  const mail = await latestMail(services, "ada@example.com");
  assert.equal(mail.subject, "You already have an account");
  assert.equal(services.mailer.mailbox!.list().length, 2, "one mail for each sign-up");
  const step = await useSignInCode(services, id, mail.code, actor);
  assert.equal((await readSession(services, tokensOf(step).access))!.email, "ada@example.com");
  await assert.rejects(signIn(services, again, actor), { code: "SIGN_IN_FAILED" });
  assert.equal((await signIn(services, ADA, actor)).kind, "signed_in");
  assert.equal(await accounts(services), 1);
});

Deno.test("a sign-up's password counts where it was typed, and not where its link is opened", async () => {
  await using test = await testServices();
  const { services } = test;
  const secretOf = (path: string) => path.split("/").at(-1)!;
  await requestSignUp(services, ADA, actor);
  const { path } = await latestMail(services, "ada@example.com");
  await useSignInLink(services, secretOf(path), "", actor);
  await assert.rejects(signIn(services, ADA, actor), { code: "SIGN_IN_FAILED" });
  const eve = { ...ADA, email: "eve@example.com" };
  const own = await requestSignUp(services, eve, actor);
  const mail = await latestMail(services, "eve@example.com");
  await useSignInLink(services, secretOf(mail.path), own, actor);
  assert.equal((await signIn(services, eve, actor)).kind, "signed_in");
});

Deno.test("of many proofs of one new address at once, one makes the account", async () => {
  await using test = await testServices();
  const { services } = test;
  const asked = [];
  for (let i = 0; i < 5; i++) {
    const id = await requestSignUp(services, ADA, { ...actor, network: `192.0.${i}.0/24` });
    asked.push({ id, code: (await latestMail(services, "ada@example.com")).code });
  }
  const done = await Promise.allSettled(
    asked.map(({ id, code }) => useSignInCode(services, id, code, actor)),
  );
  assert(done.some(({ status }) => status === "fulfilled"));
  for (const one of done) {
    if (one.status === "rejected") assert.equal(one.reason.code, "LINK_SPENT");
  }
  assert.equal(await accounts(services), 1);
});

Deno.test("signIn() answers the same for a wrong password and an unknown address", async () => {
  await using test = await testServices();
  const { services } = test;
  await signedUp(services, ADA, actor);
  const session = await readSession(services, tokensOf(await signIn(services, ADA, actor)).access);
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
  await signedUp(services, ADA, actor);
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
    Array.from({ length: 20 }, () => useSignInLink(services, secret, "", actor)),
  );
  const [won, ...rest] = tries.filter((one) => one.status === "fulfilled");
  assert.equal(rest.length, 0);
  assert.equal((await readSession(services, tokensOf(won!.value).access))!.userId, account.userId);
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
    await assert.rejects(useSignInLink(services, secret, "", actor), { code: "LINK_SPENT" });
  }
});

Deno.test("a session belongs to a member of its tenant, in the database too", async () => {
  await using test = await testServices();
  const { services } = test;
  const ada = await readSession(services, (await signedUp(services, ADA, actor)).access);
  const eve = await readSession(
    services,
    (await signedUp(services, { ...ADA, email: "eve@example.com" }, actor)).access,
  );
  await assert.rejects(
    startSession(services, { userId: eve!.userId, tenantId: ada!.tenantId }, actor),
  );
  await assert.rejects(
    services.control.lookup`
      SELECT lookup.create_session(
        ${newId()}, ${sha256("x")}, ${eve!.userId}, ${ada!.tenantId}, now() + interval '1 day', '',
        NULL, NULL
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
