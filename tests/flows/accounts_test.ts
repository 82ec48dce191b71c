import assert from "node:assert/strict";
import { readSession, startSession } from "../../lib/auth/mod.ts";
import { sha256 } from "../../lib/crypto/mod.ts";
import { createHandler } from "../../routes/handler.ts";
import { type CookieJar, startSite } from "../harness/mod.ts";
import { asSuperuser, isIn, member, PASSWORD, sessionIds } from "./accounts_setup.ts";

const MINUTE = 60_000;

/** A clock that a test moves on. */
function testClock() {
  const clock = { at: Date.now(), now: () => clock.at };
  return clock;
}

Deno.test("signing up leads to a session once the address is proved, and to none before", async () => {
  await using site = await startSite();
  const ada = site.browser();
  const sent = await ada.submit("/sign-up", {
    email: "ada@example.com",
    password: PASSWORD,
    next: "/tokens",
  });
  assert.equal(sent.location, "/sign-up/code?next=%2Ftokens");
  assert(!await isIn(ada));
  const { code, path, text } = await site.mail("ada@example.com");
  assert.match(path, /^\/sign-in\/link\/[\w-]{43}$/, "nothing that the visitor typed is in it");
  assert(!text.includes("tokens"));
  const early = await ada.submit("/sign-in", { email: "ada@example.com", password: PASSWORD });
  assert.equal(early.status, 401);
  assert.match(early.text, /verify your email first/);
  assert.match(await ada.read("/sign-up/code"), /We emailed you a code/);
  const wrong = code === "000000" ? "000001" : "000000";
  assert.equal((await ada.submit("/sign-up/code", { code: wrong })).status, 401);
  const done = await ada.submit("/sign-up/code", { code, next: "/tokens" });
  assert.equal(done.location, "/tokens");
  assert(await isIn(ada));
  assert.match(await ada.read("/account"), /Verified/);
  assert.equal((await site.browser().submit(path)).status, 410, "the code has used the link up");
});

Deno.test("sign-up answers the same, byte for byte, and mails once, whoever has the address", async () => {
  await using site = await startSite();
  await member(site, "ada@example.com");
  const before = site.services.mailer.mailbox!.list().length;
  const answers: ({ email: string } & Record<string, unknown>)[] = [];
  for (const email of ["ada@example.com", "nobody@example.com"]) {
    for (const password of ["short", "password1234", PASSWORD]) {
      const browser = site.browser();
      const { status, location, text, headers } = await browser.submit("/sign-up", {
        email,
        password,
      });
      const page = location ? await browser.read(location) : text;
      answers.push({
        email,
        status,
        location,
        // What is random in a page, and the address that was typed.
        page: page.replaceAll(/[\w-]{36,43}/g, "id").replaceAll(email, "address"),
        headers: [...headers.keys()].filter((name) => name !== "content-length").sort(),
        cookies: [...browser.cookies.keys()].sort(),
      });
    }
    await site.services.mailer.settle();
  }
  const of = (email: string) =>
    answers.filter((one) => one.email === email).map(({ email: _, ...rest }) => rest);
  assert.deepEqual(of("ada@example.com"), of("nobody@example.com"));
  const mails = site.services.mailer.mailbox!.list();
  assert.equal(mails.length, before + 2);
  assert.deepEqual(mails.slice(0, 2).map(({ to }) => to).sort(), [
    "ada@example.com",
    "nobody@example.com",
  ]);
  // Nor does a sign-in with the password that was typed tell the two apart.
  for (const email of ["ada@example.com", "nobody@example.com"]) {
    const answer = await site.browser().submit("/sign-in", { email, password: "not that one" });
    assert.equal(answer.status, 401);
  }
  const nobody = { email: "nobody@example.com", password: PASSWORD };
  assert.equal((await site.browser().submit("/sign-in", nobody)).status, 401);
});

Deno.test("a mail signs in by its link or its code, once in all, whatever is asked for twice", async () => {
  await using site = await startSite();
  await member(site, "ada@example.com");
  const ask = async (browser: CookieJar) => {
    const asked = await browser.submit("/sign-in/mail", {
      email: "Ada@example.com",
      next: "/tokens",
    });
    assert.equal(asked.location, "/sign-in/code?next=%2Ftokens");
    return await site.mail("ada@example.com");
  };
  const byLink = site.browser();
  const first = await ask(byLink);
  const elsewhere = site.browser();
  await elsewhere.go(first.path);
  assert(!first.path.includes("?"), "no page that a visitor named travels in a mail");
  assert.match(await elsewhere.read(first.path), /a•••@example\.com[\s\S]*<code>\/endpoints</);
  assert.equal((await elsewhere.submit(first.path)).location, "/endpoints");
  assert(await isIn(elsewhere));
  const spent = await byLink.submit("/sign-in/code", { code: first.code, next: "/tokens" });
  assert.equal(spent.status, 401, "the link has used the code up");
  const own = site.browser();
  const third = await ask(own);
  assert.match(await own.read(third.path), /<code>\/tokens</);
  assert.equal(
    (await own.submit(third.path)).location,
    "/tokens",
    "the browser that asked goes on",
  );
  const byCode = site.browser();
  const second = await ask(byCode);
  const spaced = `${second.code.slice(0, 3)} ${second.code.slice(3)}`;
  const done = await byCode.submit("/sign-in/code", { code: spaced, next: "/tokens" });
  assert.equal(done.location, "/tokens");
  assert(await isIn(byCode));
  assert.equal((await site.browser().submit(second.path)).status, 410, "and the other way round");
});

Deno.test("a code has five tries, also where they come at once, and works in its own browser alone", async () => {
  await using site = await startSite();
  await member(site, "ada@example.com");
  const browser = site.browser();
  await browser.submit("/sign-in/mail", { email: "ada@example.com" });
  const { code, path } = await site.mail("ada@example.com");
  assert.equal((await site.browser().submit("/sign-in/code", { code })).status, 401, "no cookie");
  const csrf_token = await browser.token("/sign-in/code");
  const wrong = code === "000000" ? "000001" : "000000";
  const type = (typed: string) =>
    browser.tab().go("/sign-in/code", {
      method: "POST",
      body: new URLSearchParams({ csrf_token, code: typed }),
    });
  const tries = await Promise.all(Array.from({ length: 12 }, () => type(wrong)));
  for (const answer of tries) assert.equal(answer.status, 401, await answer.text());
  const right = await type(code);
  assert.equal(right.status, 401, "void after five");
  assert.match(await right.text(), /wrong, or it works no more/);
  const [row] = await asSuperuser(
    site,
    (sql) => sql<{ tries: number }[]>`SELECT tries FROM challenges WHERE used_at IS NULL`,
  );
  assert.equal(row!.tries, 5);
  assert.match(await browser.read("/sign-in/code"), /we have sent an email/);
  assert.equal((await browser.submit(path)).location, "/endpoints", "the link is as good as ever");
});

Deno.test("an address that nobody has is answered the same, by page, status and cookies", async () => {
  await using site = await startSite();
  await member(site, "ada@example.com");
  for (const path of ["/sign-in/mail", "/password/forgotten"]) {
    const answers = [];
    for (const email of ["ada@example.com", "nobody@example.com"]) {
      const browser = site.browser();
      const { status, location, text } = await browser.submit(path, { email });
      answers.push({ status, location, text, cookies: [...browser.cookies.keys()].sort() });
    }
    assert.deepEqual(answers[0], answers[1], path);
  }
  await site.services.mailer.settle();
  const to = site.services.mailer.mailbox!.list().map((mail) => mail.to);
  assert(!to.includes("nobody@example.com"));
  const code = site.browser();
  await code.submit("/sign-in/mail", { email: "nobody@example.com" });
  assert.equal((await code.submit("/sign-in/code", { code: "123456" })).status, 401);
});

Deno.test("a reset sets the password once, signs out everywhere and tells of itself", async () => {
  await using site = await startSite();
  const old = await member(site, "ada@example.com");
  const browser = site.browser();
  await browser.submit("/password/forgotten", { email: "ada@example.com" });
  const { path } = await site.mail("ada@example.com");
  assert.match(path, /^\/password\/reset\//);
  assert.match(await browser.read(path), /a•••@example\.com/);
  const weak = await browser.submit(path, { password: "password1234" });
  assert.equal(weak.status, 422);
  assert.match(weak.text, /first that are tried/);
  const done = await browser.submit(path, { password: "saltmarsh heron tide" });
  assert.equal(done.location, "/endpoints");
  assert(await isIn(browser));
  assert(!await isIn(old));
  assert.equal((await site.browser().submit(path, { password: "another heron tide" })).status, 410);
  const email = "ada@example.com";
  assert.match((await site.mail(email)).text, /password of your account was changed/);
  const fresh = site.browser();
  assert.equal((await fresh.submit("/sign-in", { email, password: PASSWORD })).status, 401);
  const right = await fresh.submit("/sign-in", { email, password: "saltmarsh heron tide" });
  assert.equal(right.location, "/endpoints");
});

Deno.test("changing the address takes the new one's link, and tells the old one", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  await member(site, "eve@example.com");
  assert.equal(
    (await ada.submit("/account/email", { email: "eve@example.com" })).location,
    "/account",
  );
  assert(!(await site.mail("eve@example.com")).path.startsWith("/account/new-email"), "taken");
  await ada.submit("/account/email", { email: "lovelace@example.com" });
  assert.match(await ada.read("/account"), /ada@example\.com/);
  const { path } = await site.mail("lovelace@example.com");
  assert.equal((await ada.submit(path)).location, "/account");
  assert.match(await ada.read("/account"), /lovelace@example\.com/);
  assert.match((await site.mail("ada@example.com")).text, /e-mail address of your account/);
  const browser = site.browser();
  const signIn = (email: string) => browser.submit("/sign-in", { email, password: PASSWORD });
  assert.equal((await signIn("ada@example.com")).status, 401);
  assert.equal((await signIn("lovelace@example.com")).location, "/endpoints");
});

Deno.test("tabs on two servers refresh at once and stay signed in; sign-out holds on both at once", async () => {
  const clock = testClock();
  await using one = await startSite({ clock });
  await using two = await startSite({ clock, control: one.control, origin: one.origin });
  const ada = await member(one, "ada@example.com");
  for (let round = 0; round < 3; round++) {
    clock.at += 10 * MINUTE + 1000;
    const tabs = [one, two, one, two, one, two].map(({ server }) => ada.tab(server));
    const answers = await Promise.all(tabs.map((tab) => tab.go("/account")));
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      await answer.body?.cancel();
    }
    const successors = new Set(tabs.map((tab) => tab.cookies.get("bulkhead_refresh")));
    assert.equal(successors.size, 1);
    assert(!successors.has(ada.cookies.get("bulkhead_refresh")));
    for (const [name, value] of tabs[0]!.cookies) ada.cookies.set(name, value);
  }
  const elsewhere = ada.tab(two.server);
  assert(await isIn(elsewhere));
  const kept = new Map(ada.cookies);
  assert.equal((await ada.submit("/sign-out", {}, "/account")).location, "/sign-in");
  assert.equal((await elsewhere.go("/account")).status, 303, "the other server, right afterwards");
  for (const [name, value] of kept) elsewhere.cookies.set(name, value);
  assert(!await isIn(elsewhere), "and no refresh token brings it back");
});

Deno.test("a refresh token that comes back later ends the session, for thief and owner", async () => {
  const clock = testClock();
  await using site = await startSite({ clock });
  const ada = await member(site, "ada@example.com");
  const thief = ada.tab();
  clock.at += 10 * MINUTE + 1000;
  assert(await isIn(ada), "the owner goes on");
  await asSuperuser(
    site,
    (sql) => sql`UPDATE session_tokens SET used_at = used_at - interval '31 seconds'`,
  );
  assert(!await isIn(thief));
  assert(!await isIn(ada));
});

Deno.test("devices are listed, and the others signed out", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const phone = site.browser("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1");
  await phone.submit("/sign-in", { email: "ada@example.com", password: PASSWORD });
  const page = await ada.read("/account/sessions");
  assert.match(page, /Firefox on Linux/);
  assert.match(page, /Safari on iPhone/);
  assert.match(page, /127\.0\.0\.0\/24/);
  const ended = await ada.submit("/account/sessions/others", {}, "/account/sessions");
  assert.equal(ended.location, "/account/sessions");
  assert(!await isIn(phone));
  assert(await isIn(ada));
});

Deno.test("the mailbox is there on loopback alone", async () => {
  await using site = await startSite();
  await member(site, "ada@example.com");
  assert.match(await site.browser().read("/mailbox"), /Verify your email/);
  await using far = await startSite({ origin: "https://mcp.example" });
  assert.equal((await far.browser().go("/mailbox")).status, 404);
  assert.equal(far.services.mailer.available, false);
  const handler = await createHandler(site.services);
  const from = async (url: string, peer: string) =>
    (await handler.answer(new Request(url), peer)).status;
  assert.equal(await from("http://127.0.0.1:8000/mailbox", "127.0.0.1"), 200);
  assert.equal(await from("http://localhost:8000/mailbox", "::1"), 200);
  assert.equal(await from("http://127.0.0.1:8000/mailbox", "192.168.0.7"), 404, "from the network");
  assert.equal(
    await from("http://rebound.example/mailbox", "127.0.0.1"),
    404,
    "under a foreign name",
  );
  handler.close();
});

Deno.test("a sign-in from a new browser or network is mailed, and nothing where nothing is new", async () => {
  await using site = await startSite();
  const { services } = site;
  const email = "ada@example.com";
  const ada = await member(site, email);
  const news = async () => {
    await services.mailer.settle();
    return services.mailer.mailbox!.list()
      .filter(({ subject }) => subject === "New sign-in to your account");
  };
  assert.equal((await news()).length, 0, "the first place of all is no news");
  const again = async (browser: CookieJar) => {
    const done = await browser.submit("/sign-in", { email, password: PASSWORD });
    assert.equal(done.location, "/endpoints");
  };
  await ada.submit("/sign-out", {}, "/account");
  await again(ada);
  assert.equal((await news()).length, 0);
  const phone = site.browser("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1");
  await again(phone);
  const [mail, ...others] = await news();
  assert.equal(others.length, 0);
  assert.equal(mail!.to, email);
  assert.match(mail!.text, /Safari on iPhone, network 127\.0\.0\.0\/24, on .* UTC/);
  await phone.submit("/sign-out", {}, "/account");
  await again(phone);
  assert.equal((await news()).length, 1);
  const account = (await readSession(services, phone.cookies.get("bulkhead_session")!))!;
  const secret = decodeURIComponent(phone.cookies.get("bulkhead_browser")!);
  const travelling = {
    kind: "dashboard",
    userId: null,
    tokenId: null,
    requestId: null,
    network: "198.51.100.0/24",
    browser: sha256(secret),
  } as const;
  await startSession(services, account, travelling);
  assert.equal((await news()).length, 2, "the same browser, in another network");
  await startSession(services, account, travelling);
  assert.equal((await news()).length, 2);
});

Deno.test("a session ends thirty days after it started, however often it is used", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const age = (days: number) =>
    asSuperuser(
      site,
      (sql) =>
        sql`UPDATE sessions SET created_at = now() - make_interval(days => ${days}),
          expires_at = now() + interval '1 hour'`,
    );
  const renewed = async () => {
    ada.cookies.delete("bulkhead_session");
    const done = await isIn(ada);
    const [row] = await asSuperuser(
      site,
      (sql) =>
        sql<{ days: number }[]>`
          SELECT extract(epoch FROM expires_at - now())::float8 / 86400 AS days FROM sessions`,
    );
    return { done, days: row?.days };
  };
  await age(10);
  const early = await renewed();
  assert(early.done);
  assert(early.days! > 13.9 && early.days! <= 14, "slides on by fourteen days");
  await age(29);
  const late = await renewed();
  assert(late.done);
  assert(late.days! <= 1, "and no further than its thirtieth day");
  await assert.rejects(
    asSuperuser(site, (sql) => sql`UPDATE sessions SET expires_at = now() + interval '2 days'`),
    /sessions_absolute_end/,
  );
  await asSuperuser(
    site,
    (sql) =>
      sql`UPDATE sessions SET created_at = now() - interval '31 days',
        expires_at = now() - interval '1 day'`,
  );
  for (const id of await sessionIds(site)) site.services.caches.drop("auth.sessions", id);
  assert(!await isIn(ada));
});
