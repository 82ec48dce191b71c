import assert from "node:assert/strict";
import { AppError } from "../../lib/errors.ts";
import { newId, type SessionId, type TenantId, type UserId } from "../../lib/ids.ts";
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { finishByCode, startSession } from "../../lib/auth/mod.ts";
import { type CookieJar, startSite } from "../harness/mod.ts";
import { asSuperuser, isIn, member, PASSWORD, type Site } from "./accounts_setup.ts";
import { codeOf, codesOn, firstStep, growOld, setUpApp } from "./factors_setup.ts";

const VERIFY = "/sign-in/verify";
const ADA = "ada@example.com";

const enter = (browser: CookieJar, code: string) => browser.submit(VERIFY, { code });

async function idsOf(site: Site): Promise<{ userId: UserId; tenantId: TenantId }> {
  const [row] = await asSuperuser(
    site,
    (sql) =>
      sql<{ user_id: UserId; tenant_id: TenantId }[]>`SELECT user_id, tenant_id FROM members`,
  );
  return { userId: row!.user_id, tenantId: row!.tenant_id };
}

Deno.test("a code is asked for after the password, and none is taken twice", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { secret, codes, used } = await setUpApp(ada);
  assert.equal(new Set(codes).size, 10);
  assert.match((await site.mail(ADA)).text, /Authenticator app was added/);
  assert.match(await ada.read("/account/security"), /10 of 10 codes left/);

  const phone = site.browser();
  await firstStep(phone, ADA);
  assert(!await isIn(phone), "the password alone is no session");
  assert.equal((await enter(phone, used)).status, 401, "the code that set it up is used");
  assert.equal((await enter(phone, "000000")).status, 401);
  const code = codeOf(secret);
  assert.equal((await enter(phone, code)).location, "/endpoints");
  assert(await isIn(phone));

  const tablet = site.browser();
  await firstStep(tablet, ADA);
  assert.equal((await enter(tablet, code)).status, 401, "used in another browser");
  const later = codeOf(secret, Date.now() + 30_000);
  assert.equal((await enter(tablet, later)).location, "/endpoints");
});

/** Shows one code many times at once, past HTTP, in browsers that wait for their second factor. */
async function race(site: Site, browsers: readonly CookieJar[], code: string): Promise<string[]> {
  const answers = await Promise.allSettled(browsers.map((browser) => {
    const pending = browser.cookies.get("bulkhead_pending")!;
    return finishByCode(site.services, pending, code, SYSTEM_ACTOR);
  }));
  return answers.map((answer) =>
    answer.status === "fulfilled" ? "in" : (answer.reason as AppError).code
  );
}

Deno.test("of six that bring one code at once, one gets in", async () => {
  await using site = await startSite();
  const { secret, codes } = await setUpApp(await member(site, ADA));
  const waiting = async () => {
    const browsers = Array.from({ length: 6 }, () => site.browser());
    for (const browser of browsers) await firstStep(browser, ADA);
    return browsers;
  };
  for (const code of [codeOf(secret), codes[0]!]) {
    const outcomes = await race(site, await waiting(), code);
    assert.equal(outcomes.filter((one) => one === "in").length, 1, outcomes.join());
  }
  const [one] = await waiting();
  const twice = await race(site, [one!, one!, one!], codes[1]!);
  assert.equal(twice.filter((outcome) => outcome === "in").length, 1, "one sign-in, one session");
});

Deno.test("neither a mailed link, a mailed code nor a reset leads past the second factor", async () => {
  await using site = await startSite();
  const { secret } = await setUpApp(await member(site, ADA));
  const next = `${VERIFY}?next=%2Fendpoints`;

  const byLink = site.browser();
  await byLink.submit("/sign-in/mail", { email: ADA });
  const link = (await site.mail(ADA)).path;
  assert.equal((await byLink.submit(link)).location, next);
  assert(!await isIn(byLink));

  const byCode = site.browser();
  await byCode.submit("/sign-in/mail", { email: ADA });
  const { code } = await site.mail(ADA);
  assert.equal((await byCode.submit("/sign-in/code", { code })).location, next);
  assert(!await isIn(byCode));

  const byReset = site.browser();
  await byReset.submit("/password/forgotten", { email: ADA });
  const reset = (await site.mail(ADA)).path;
  const chosen = await byReset.submit(reset, { password: "another long password" });
  assert.equal(chosen.location, next);
  assert(!await isIn(byReset));
  const late = await byLink.submit(VERIFY, { code: codeOf(secret) }, "/sign-in");
  assert.equal(late.location, "/sign-in", "begun with the old password");
  assert(!await isIn(byLink), "what was begun before the reset has ended");
  assert.equal((await enter(byReset, codeOf(secret))).location, "/endpoints");
  assert(await isIn(byReset));
});

Deno.test("the database starts no session of an account with a second factor without one", async () => {
  await using site = await startSite();
  await setUpApp(await member(site, ADA));
  const account = await idsOf(site);
  await assert.rejects(
    startSession(site.services, account, SYSTEM_ACTOR),
    (error) => error instanceof AppError && error.code === "ACCESS_DENIED",
  );
  await assert.rejects(
    asSuperuser(
      site,
      (sql) => sql`UPDATE sessions SET authenticated_at = now() + interval '1 day'`,
    ),
    /second factor/,
  );
  await assert.rejects(
    asSuperuser(
      site,
      (sql) =>
        sql`INSERT INTO sessions (id, user_id, tenant_id, expires_at) VALUES (
        ${newId<SessionId>()}, ${account.userId}, ${account.tenantId}, now() + interval '1 day')`,
    ),
    /second factor/,
  );
});

Deno.test("wrong codes are bounded in a browser and at an account, exactly, and cost the owner nothing", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { codes } = await setUpApp(ada);
  let judged = 0;
  for (let browsers = 0; browsers < 8; browsers++) {
    const thief = site.browser();
    await firstStep(thief, ADA);
    const outcomes = await race(site, Array(8).fill(thief), "123456");
    const wrong = outcomes.filter((one) => one === "CODE_WRONG").length;
    assert(wrong <= 5, "five a browser, however many come at once");
    assert.equal(wrong + outcomes.filter((one) => one === "RATE_LIMITED").length, 8);
    judged += wrong;
  }
  assert.equal(judged, 30, "thirty at the account in a day");
  const refused = site.browser();
  await firstStep(refused, ADA);
  assert.equal((await enter(refused, "123456")).status, 429);
  assert.match((await site.mail(ADA)).text, /too many wrong two-factor codes/);

  // Whoever has no password counts nothing; who is signed in stays so, and a recovery code is left.
  const stranger = site.browser();
  const unasked = await stranger.submit(VERIFY, { code: "123456" }, "/sign-in");
  assert.equal(unasked.location, "/sign-in");
  assert(await isIn(ada));
  const back = site.browser();
  await firstStep(back, ADA);
  assert.equal((await enter(back, codes[0]!)).location, "/endpoints");
  assert(await isIn(back));
});

Deno.test("a recovery code works once, is told by mail, and goes when new ones are made", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { codes } = await setUpApp(ada);
  const phone = site.browser();
  await firstStep(phone, ADA);
  assert.equal((await enter(phone, codes[0]!.toUpperCase().replaceAll("-", " "))).status, 303);
  assert(await isIn(phone));
  assert.match((await site.mail(ADA)).text, /9 are left/);
  const again = site.browser();
  await firstStep(again, ADA);
  assert.equal((await enter(again, codes[0]!)).status, 401, "used");

  const renewed = await ada.submit("/account/security/recovery-codes", {}, "/account/security");
  const fresh = codesOn(await ada.read(renewed.location!));
  assert.equal(fresh.length, 10);
  assert.equal((await ada.go(renewed.location!)).status, 303, "shown once");
  assert.equal((await enter(again, codes[1]!)).status, 401, "the earlier ones are gone");
  assert.equal((await enter(again, fresh[1]!)).location, "/endpoints");
  const log = await ada.read("/activity");
  assert.match(log, /Recovery code used/);
  const stored = await asSuperuser(site, (sql) =>
    sql<{ text: string }[]>`
      SELECT (SELECT string_agg(r::text, ' ') FROM recovery_codes r) ||
        (SELECT string_agg(a::text, ' ') FROM authenticators a) AS text`);
  for (const code of [...codes, ...fresh]) assert(!stored[0]!.text.includes(code));
});

Deno.test("verifying one's identity takes the second factor too, and a mailed code is not enough", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { secret } = await setUpApp(ada);
  await growOld(site);
  const asked = "/account/confirm?next=%2Faccount%2Fpassword";
  assert.equal((await ada.go("/account/password")).headers.get("location"), asked);
  assert(!(await ada.read(asked)).includes("Email me a code"));
  const confirm = (fields: Record<string, string>) =>
    ada.submit("/account/confirm", { next: "/account/password", ...fields }, asked);
  assert.equal((await confirm({ password: PASSWORD })).status, 422);
  assert.equal((await confirm({ password: PASSWORD, code: "000000" })).status, 401);
  assert.equal((await confirm({ password: "wrong", code: codeOf(secret) })).status, 401);
  const mailed = await ada.submit("/account/confirm/code", { send: "yes" }, asked);
  assert.equal(mailed.status, 403);
  const done = await confirm({ password: PASSWORD, code: codeOf(secret) });
  assert.equal(done.location, "/account/password", done.text);
  assert.equal((await ada.go("/account/password")).status, 200);
});

Deno.test("removing the last factor takes a fresh proof, and the recovery codes with it", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { secret } = await setUpApp(ada);
  const remove = "/account/security/authenticator/remove";
  await growOld(site);
  const refused = await ada.submit(remove, {}, "/account/security");
  assert.match(refused.location!, /^\/account\/confirm\?held=/);
  await ada.submit(
    "/account/confirm",
    { password: PASSWORD, code: codeOf(secret) },
    "/account/confirm",
  );
  assert.equal((await ada.submit(remove, {}, "/account/security")).location, "/account/security");
  assert.match((await site.mail(ADA)).text, /It was the last one/);
  const phone = site.browser();
  const plain = await phone.submit("/sign-in", { email: ADA, password: PASSWORD });
  assert.equal(plain.location, "/endpoints");
  const left = await asSuperuser(site, (sql) => sql`SELECT FROM recovery_codes`);
  assert.equal(left.length, 0);
});

Deno.test("a factor that was there before an address was first proved goes by the proof", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  await setUpApp(ada);
  const left = await asSuperuser(site, async (sql) => {
    await sql`UPDATE users SET email_verified_at = NULL`;
    await sql`UPDATE users SET email_verified_at = now()`;
    return await sql`SELECT user_id FROM authenticators UNION SELECT user_id FROM recovery_codes`;
  });
  assert.equal(left.length, 0);
});
