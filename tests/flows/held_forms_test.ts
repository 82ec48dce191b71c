import assert from "node:assert/strict";
import { type CookieJar, startSite } from "../harness/mod.ts";
import { asSuperuser, member, PASSWORD } from "./accounts_setup.ts";
import { growOld } from "./factors_setup.ts";

const ADA = "ada@example.com";
const TOKEN = { name: "Held & kept", abilities: "files:write", reach: "all", expires: "" };

/** Proves who somebody is, as the page that a refusal leads to asks; answers where it goes on. */
async function prove(browser: CookieJar, page: string): Promise<string> {
  const fields = Object.fromEntries(new URL(page, "http://site").searchParams);
  const done = await browser.submit("/account/confirm", { password: PASSWORD, ...fields }, page);
  assert.equal(done.status, 303, done.text);
  return done.location!;
}

/** The form on the page that goes on: where it leads, and what it names. */
async function goOnForm(browser: CookieJar, path: string) {
  const text = await browser.read(path);
  const form = text.split("<form").find((part) => part.includes('name="held_form"')) ?? "";
  const action = / action="([^"]+)"/.exec(form)?.[1] ?? "";
  const held_form = /name="held_form" value="([^"]+)"/.exec(text)?.[1] ?? "";
  return { action, held_form, text };
}

Deno.test("what was sent before one proved who one is goes on with its values, once", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  await growOld(site);
  const refused = await ada.submit("/tokens/new", TOKEN);
  assert.match(refused.location!, /^\/account\/confirm\?held=[0-9a-f-]{36}&next=%2Ftokens%2Fnew$/);
  assert.match(await ada.read(refused.location!), /What you filled in is kept/);
  const on = await prove(ada, refused.location!);
  assert.match(on, /^\/account\/confirm\/continue\/[0-9a-f-]{36}\?next=%2Ftokens%2Fnew$/);
  const { action, held_form, text } = await goOnForm(ada, on);
  assert.equal(action, "/tokens/new");
  assert(!text.includes("Held &amp; kept"), "values are not shown on the way");
  const done = await ada.submit(action, { held_form }, on);
  assert.equal(done.location, "/tokens/minted", done.text);
  assert.match(await ada.read("/tokens/minted"), /bhd_pat_/);
  assert.match(await ada.read("/tokens"), /Held &amp; kept/);

  assert.equal((await ada.submit(action, { held_form }, "/tokens/new")).status, 410, "once");
  assert.equal((await ada.go(on)).status, 303, "nothing waits there any more");
});

Deno.test("a form that waits opens in no other session, team or path, and not without the proof", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const eve = await member(site, "eve@example.com");
  await growOld(site);
  const { location } = await ada.submit("/tokens/new", TOKEN);
  const held_form = new URL(location!, "http://site").searchParams.get("held")!;
  const on = `/account/confirm/continue/${held_form}`;

  // Without the proof it is refused again, and waits under another name.
  assert.match((await ada.go(on)).headers.get("location")!, /^\/account\/confirm\?next=/);
  const early = await ada.submit("/tokens/new", { held_form }, "/account");
  assert.match(early.location!, /^\/account\/confirm\?held=/);
  const now = new URL(early.location!, "http://site").searchParams.get("held")!;

  await prove(eve, "/account/confirm");
  assert.equal(
    (await eve.go(`/account/confirm/continue/${now}`)).headers.get("location"),
    "/account",
  );
  assert.equal((await eve.submit("/tokens/new", { held_form: now }, "/account")).status, 410);
  const other = site.browser();
  await other.submit("/sign-in", { email: ADA, password: PASSWORD });
  assert.equal((await other.submit("/tokens/new", { held_form: now }, "/account")).status, 410);

  await prove(ada, "/account/confirm");
  const elsewhere = await ada.submit("/team/name", { held_form: now }, "/account");
  assert.equal(elsewhere.status, 410, "another path");
  await asSuperuser(site, (sql) =>
    sql`UPDATE held_forms SET tenant_id = (
      SELECT tenant_id FROM members m JOIN users u ON u.id = m.user_id
      WHERE u.email = 'eve@example.com')`);
  assert.equal((await ada.submit("/tokens/new", { held_form: now }, "/account")).status, 410);
  assert(!(await ada.read("/tokens")).includes("Held"));
});

Deno.test("a form that is refused without its token, or by script, is not kept", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  await growOld(site);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = new URLSearchParams(TOKEN);
  const bare = await ada.go("/account/password", { method: "POST", body, headers });
  assert.equal(bare.status, 403);
  const script = await ada.go("/account/password", {
    method: "POST",
    body: new URLSearchParams({ ...TOKEN, csrf_token: await ada.token("/account") }),
    headers: { ...headers, accept: "application/json" },
  });
  assert.equal((await script.json()).code, "CONFIRMATION_REQUIRED");
  const kept = await asSuperuser(site, (sql) => sql`SELECT FROM held_forms`);
  assert.equal(kept.length, 0);
});

Deno.test("a password in a form that waits is sealed, and the form goes with the session", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  await growOld(site);
  const password = "an entirely new password";
  const refused = await ada.submit("/account/password", { password }, "/account");
  assert.match(refused.location!, /held=/);
  const dump = () =>
    asSuperuser(site, (sql) =>
      sql<{ text: string }[]>`
        SELECT encode(sealed, 'escape') || path AS text FROM held_forms`);
  const [row] = await dump();
  assert(!row!.text.includes("entirely") && !refused.location!.includes("entirely"));
  const on = await prove(ada, refused.location!);
  const { action, held_form } = await goOnForm(ada, on);
  assert.equal((await ada.submit(action, { held_form }, on)).location, "/account");
  const back = site.browser();
  assert.equal((await back.submit("/sign-in", { email: ADA, password })).location, "/endpoints");

  await growOld(site);
  await ada.submit("/account/password", { password: PASSWORD }, "/account");
  assert.equal((await dump()).length, 1);
  await ada.submit("/sign-out", {}, "/account");
  assert.equal((await dump()).length, 0);
});

Deno.test("a session keeps five forms at most, the newest", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  await growOld(site);
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) {
    const { location } = await ada.submit(
      "/account/password",
      { password: `number ${i}` },
      "/account",
    );
    ids.push(new URL(location!, "http://site").searchParams.get("held")!);
  }
  const kept = await asSuperuser(site, (sql) => sql<{ id: string }[]>`SELECT id FROM held_forms`);
  assert.deepEqual(kept.map(({ id }) => id).sort(), ids.slice(2).sort());
});

Deno.test("inviting an admin asks again, and is carried out with the address that was typed", async () => {
  await using site = await startSite();
  const ada = await member(site, ADA);
  const eve = await member(site, "eve@example.com");
  await ada.submit("/team/invitations", { email: "eve@example.com", role: "admin" }, "/team");
  await eve.submit((await site.mail("eve@example.com")).path);
  await growOld(site);
  const plain = await eve.submit(
    "/team/invitations",
    { email: "bo@example.com", role: "member" },
    "/team",
  );
  assert.equal(plain.location, "/team");
  const admin = { email: "cy@example.com", role: "admin" };
  const refused = await eve.submit("/team/invitations", admin, "/team");
  assert.match(refused.location!, /held=/);
  const on = await prove(eve, refused.location!);
  const { action, held_form } = await goOnForm(eve, on);
  assert.equal((await eve.submit(action, { held_form }, on)).location, "/team");
  assert.match(await eve.read("/team"), /cy@example\.com/);
});
