import assert from "node:assert/strict";
import { type CookieJar, type SoftAuthenticator, startSite, type Wrong } from "../harness/mod.ts";
import { asSuperuser, isIn, member, type Site } from "./accounts_setup.ts";
import { addPasskey, codesOn, firstStep, growOld, optionsFrom } from "./factors_setup.ts";

const ADA = "ada@example.com";

/** Signs in by a passkey alone. */
async function signIn(site: Site, device: SoftAuthenticator, wrong: Wrong = {}) {
  const browser = site.browser();
  const { body } = await optionsFrom(browser, "/sign-in/passkey/options", "/sign-in");
  const credential = device.get(body, wrong);
  const answer = await browser.submit("/sign-in/passkey", { credential }, "/sign-in");
  return { browser, credential, answer, body };
}

Deno.test("a passkey signs in by itself, and answers its challenge once and in its own browser", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { device, added } = await addPasskey(site, ada);
  assert.equal(added.location, "/account/security/recovery-codes", added.text);
  assert.equal(codesOn(await ada.read(added.location!)).length, 10);
  assert.match((await site.mail(ADA)).text, /Passkey “Laptop” was added/);

  const { browser, credential, answer, body } = await signIn(site, device);
  assert.equal(answer.location, "/endpoints", answer.text);
  assert(await isIn(browser));
  assert.equal(body.allowCredentials?.length ?? 0, 0, "who it is, nobody is told");
  assert.equal(body.userVerification, "required");
  assert.match(await ada.read("/account/security"), /Laptop/);

  const again = await site.browser().submit("/sign-in/passkey", { credential }, "/sign-in");
  assert.equal(again.status, 401, "answered, and in another browser");
  const own = site.browser();
  const first = await optionsFrom(own, "/sign-in/passkey/options", "/sign-in");
  const late = device.get(first.body);
  const other = site.browser();
  await optionsFrom(other, "/sign-in/passkey/options", "/sign-in");
  assert.equal(
    (await other.submit("/sign-in/passkey", { credential: late }, "/sign-in")).status,
    401,
    "another browser's challenge",
  );
  assert.equal(
    (await own.submit("/sign-in/passkey", { credential: late }, "/sign-in")).location,
    "/endpoints",
  );
});

Deno.test("an answer that is not what was asked for signs nobody in", async () => {
  await using site = await startSite();
  const { device } = await addPasskey(site, await member(site, ADA));
  const wrongs: Record<string, Wrong> = {
    "another origin": { origin: "https://evil.example" },
    "another site": { rpId: "evil.example" },
    "a person that was not verified": { verified: false },
    "another challenge": { challenge: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    "another account's handle": { userHandle: "AAAAAAAAAAAAAAAAAAAAAA" },
    "no handle": { userHandle: "" },
  };
  for (const [what, wrong] of Object.entries(wrongs)) {
    const { answer, browser } = await signIn(site, device, wrong);
    assert.equal(answer.status, 401, what);
    assert(!await isIn(browser), what);
  }
  const browser = site.browser();
  await optionsFrom(browser, "/sign-in/passkey/options", "/sign-in");
  for (const credential of ["", "{}", "[]", "null", "x".repeat(20_000)]) {
    const answer = await browser.submit("/sign-in/passkey", { credential }, "/sign-in");
    assert.equal(answer.status, 401, credential.slice(0, 20));
  }
});

Deno.test("an answer of a passkey that does not count is taken once all the same", async () => {
  await using site = await startSite();
  const { device } = await addPasskey(site, await member(site, ADA), undefined, { count: 0 });
  const browser = site.browser();
  const { body } = await optionsFrom(browser, "/sign-in/passkey/options", "/sign-in");
  const credential = device.get(body, { count: 0 });
  const copy = browser.tab();
  const first = await browser.submit("/sign-in/passkey", { credential }, "/sign-in");
  assert.equal(first.location, "/endpoints", first.text);
  const again = await copy.submit("/sign-in/passkey", { credential }, "/sign-in");
  assert.equal(again.status, 401, "with the cookie that asked for it");
});

Deno.test("a count that does not grow is a copy's, and is refused and noted", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { device } = await addPasskey(site, ada);
  assert.equal((await signIn(site, device, { count: 7 })).answer.status, 303);
  for (const count of [7, 3, 0]) {
    const { answer, browser } = await signIn(site, device, { count });
    assert.equal(answer.status, 401, String(count));
    assert.match(answer.text, /may have been copied/);
    assert(!await isIn(browser));
  }
  assert.equal((await signIn(site, device, { count: 8 })).answer.status, 303);
  assert.match(await ada.read("/activity"), /Passkey refused/);
});

Deno.test("a passkey is registered once over all accounts, for who verified their person", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { device } = await addPasskey(site, ada);
  const eve = await member(site, "eve@example.com");
  const taken = await addPasskey(site, eve, device);
  assert.equal(taken.added.status, 401, "another account's credential");
  const twice = await addPasskey(site, ada, device);
  assert.equal(twice.added.status, 401, "one's own, again");
  for (
    const wrong of [{ verified: false }, { origin: "https://evil.example" }, {
      rpId: "evil.example",
    }]
  ) {
    assert.equal((await addPasskey(site, eve, undefined, wrong)).added.status, 401);
  }
  const { credential } = await addPasskey(site, eve);
  const replayed = await eve.submit(
    "/account/security/passkeys",
    { credential, name: "Again" },
    "/account",
  );
  assert.equal(replayed.status, 401, "an answer is taken once");
  const rows = await asSuperuser(site, (sql) => sql`SELECT FROM passkeys`);
  assert.equal(rows.length, 2);
});

Deno.test("a passkey is the second factor of a password, and of its own account alone", async () => {
  await using site = await startSite();
  const ada = await addPasskey(site, await member(site, ADA));
  const eve = await addPasskey(site, await member(site, "eve@example.com"));
  const second = async (browser: CookieJar, device: SoftAuthenticator) => {
    const path = "/sign-in/verify/passkey";
    const { body } = await optionsFrom(browser, `${path}/options`, "/sign-in/verify");
    assert.equal(body.allowCredentials.length, 1);
    const credential = device.get(body);
    return await browser.submit(path, { credential }, "/sign-in/verify");
  };
  const phone = site.browser();
  await firstStep(phone, ADA);
  assert.equal((await second(phone, eve.device)).status, 401, "somebody else's");
  assert(!await isIn(phone));
  assert.equal((await second(phone, ada.device)).location, "/endpoints");
  assert(await isIn(phone));
  const nobody = await optionsFrom(site.browser(), "/sign-in/verify/passkey/options", "/sign-in");
  assert.equal(nobody.status, 401, "who has shown no first factor is told nothing");
});

Deno.test("a passkey verifies its person's identity in their own session", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const { device } = await addPasskey(site, ada);
  const eve = await member(site, "eve@example.com");
  const theirs = await addPasskey(site, eve);
  await growOld(site);
  const asked = "/account/confirm?next=%2Faccount%2Fpassword";
  const prove = async (browser: CookieJar, by: SoftAuthenticator, wrong: Wrong = {}) => {
    const path = "/account/confirm/passkey";
    const { body } = await optionsFrom(browser, `${path}/options`, asked);
    const credential = by.get(body, wrong);
    return await browser.submit(path, { credential, next: "/account/password" }, asked);
  };
  assert.equal((await prove(ada, theirs.device)).status, 401);
  assert.equal((await prove(ada, device, { verified: false })).status, 401);
  assert.equal((await ada.go("/account/password")).status, 303);
  assert.equal((await prove(ada, device)).location, "/account/password");
  assert.match(await ada.read("/account/password"), /Choose a new password/);
});

Deno.test("removing a passkey takes a fresh proof, is one's own alone, and ends what it signs in", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const eve = await member(site, "eve@example.com");
  const { device } = await addPasskey(site, ada);
  const [row] = await asSuperuser(site, (sql) => sql<{ id: string }[]>`SELECT id FROM passkeys`);
  const remove = `/account/security/passkeys/${row!.id}/remove`;
  assert.equal((await eve.submit(remove, {}, "/account")).status, 404);
  await growOld(site);
  assert.match((await ada.submit(remove, {}, "/account")).location!, /^\/account\/confirm\?held=/);
  const { body } = await optionsFrom(ada, "/account/confirm/passkey/options", "/account");
  const credential = device.get(body);
  await ada.submit("/account/confirm/passkey", { credential }, "/account");
  assert.equal((await ada.submit(remove, {}, "/account")).location, "/account/security");
  assert.match((await site.mail(ADA)).text, /Passkey “Laptop” was removed/);
  assert.equal((await signIn(site, device)).answer.status, 401);
});
