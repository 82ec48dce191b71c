import assert from "node:assert/strict";
import { startSite } from "../harness/mod.ts";
import { asSuperuser, member, PASSWORD, sessionIds } from "./accounts_setup.ts";

const MINUTE = 60_000;

/** A clock that a test moves on. */
function testClock() {
  const clock = { at: Date.now(), now: () => clock.at };
  return clock;
}

Deno.test("sensitive pages ask again after ten minutes, by password or by mail", async () => {
  const clock = testClock();
  await using site = await startSite({ clock });
  const ada = await member(site, "ada@example.com");
  assert.equal((await ada.go("/account/password")).status, 200);
  clock.at += 11 * MINUTE;
  const asked = await ada.go("/account/password");
  assert.equal(asked.headers.get("location"), "/account/confirm?next=%2Faccount%2Fpassword");
  const confirm = "/account/confirm?next=%2Faccount%2Fpassword";
  const wrong = await ada.submit("/account/confirm", { password: "wrong" }, confirm);
  assert.equal(wrong.status, 401);
  // The proof's time is the database's: the clock of this test runs ahead of it.
  clock.at = Date.now();
  await asSuperuser(
    site,
    (sql) => sql`UPDATE sessions SET authenticated_at = now() - interval '1 hour'`,
  );
  site.services.caches.drop("auth.sessions", (await sessionIds(site))[0]!);
  assert.equal((await ada.go("/account/password")).status, 303);
  const next = "/account/password";
  const right = await ada.submit("/account/confirm", { password: PASSWORD, next }, confirm);
  assert.equal(right.location, next);
  assert.equal((await ada.go(next)).status, 200);
  await asSuperuser(
    site,
    (sql) => sql`UPDATE sessions SET authenticated_at = now() - interval '1 hour'`,
  );
  site.services.caches.drop("auth.sessions", (await sessionIds(site))[0]!);
  await ada.submit("/account/confirm/code", { send: "yes", next }, confirm);
  const { code } = await site.mail("ada@example.com");
  const byMail = await ada.submit("/account/confirm/code", { code, next }, confirm);
  assert.equal(byMail.location, next);
  assert.equal((await ada.go(next)).status, 200);
});

Deno.test("minting a token that writes, or reaches every endpoint, asks again after ten minutes", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const mint = (abilities: string) =>
    ada.submit("/tokens/new", { name: abilities, abilities, reach: "all", expires: "" });
  assert.equal((await mint("files:write")).location, "/tokens/minted");
  await asSuperuser(
    site,
    (sql) => sql`UPDATE sessions SET authenticated_at = now() - interval '1 hour'`,
  );
  site.services.caches.drop("auth.sessions", (await sessionIds(site))[0]!);
  for (const ability of ["files:write", "api:endpoints:write", "rows:read"]) {
    const asked = await mint(ability);
    assert.match(asked.location ?? "", /^\/account\/confirm\?held=/, ability);
  }
  const own = { name: "x", abilities: "rows:read", reach: "some", expires: "" };
  assert.equal((await ada.submit("/tokens/new", own)).status, 422, "judged, not asked again");
});

Deno.test("guessing is slowed down, and told when to come back", async () => {
  await using site = await startSite();
  await member(site, "ada@example.com");
  const browser = site.browser();
  const cases: [string, Record<string, string>, number][] = [
    ["/sign-in", { email: "ada@example.com", password: "wrong" }, 10],
    ["/sign-in/mail", { email: "ada@example.com" }, 5],
    ["/sign-in/mail", { email: "nobody@example.com" }, 5],
    ["/password/forgotten", { email: "third@example.com" }, 5],
    ["/sign-in/code", { code: "123456" }, 60],
  ];
  for (const [path, fields, most] of cases) {
    let count = 0;
    for (;; count++) {
      const answer = await browser.submit(path, fields);
      if (answer.status !== 429) continue;
      assert(Number(answer.headers.get("retry-after")) > 0, path);
      assert.match(answer.text, /Too many/);
      break;
    }
    assert(count <= most, `${path}: ${count} tries`);
  }
});
