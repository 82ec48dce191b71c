import assert from "node:assert/strict";
import { type CookieJar, startSite } from "../harness/mod.ts";
import { asSuperuser, isIn, member, PASSWORD, type Site } from "./accounts_setup.ts";

async function invited(site: Site, owner: CookieJar, email: string, role: string): Promise<string> {
  const sent = await owner.submit("/team/invitations", { email, role }, "/team");
  assert.equal(sent.location, "/team", sent.text);
  return (await site.mail(email)).path;
}

Deno.test("an invitation joins its own address to the team, once, in its role", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const path = await invited(site, ada, "eve@example.com", "viewer");
  assert.match(path, /^\/invitations\//);
  const mallory = await member(site, "mallory@example.com");
  assert.match(await mallory.read(path), /for another address/);
  const csrf_token = await mallory.token("/account");
  const stolen = await mallory.go(path, {
    method: "POST",
    body: new URLSearchParams({ csrf_token }),
  });
  assert.equal(stolen.status, 403);
  assert.match(await site.browser().read(path), /Sign in/);
  const eve = await member(site, "eve@example.com");
  assert.equal((await eve.submit(path)).location, "/team");
  const team = await eve.read("/team");
  assert.match(team, /ada@example\.com/);
  assert(!team.includes("Invite<"), "viewers invite nobody");
  assert.equal((await eve.go("/endpoints/new")).status, 403);
  assert.equal((await eve.go("/tokens/new")).status, 403);
  const forced = await eve.submit(
    "/team/invitations",
    { email: "x@example.com", role: "owner" },
    "/team",
  );
  assert.equal(forced.status, 403);
  assert.equal((await eve.submit(path)).status, 410);
  assert.match(await eve.read("/account"), /Switch to eve@example\.com/);
});

Deno.test("roles are given by who has them; what changes is felt at once", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const eve = await member(site, "eve@example.com");
  await eve.submit(await invited(site, ada, "eve@example.com", "admin"));
  const ids = await asSuperuser(site, async (sql) =>
    Object.fromEntries(
      (await sql<{ email: string; id: string }[]>`SELECT email, id FROM users`)
        .map(({ email, id }) => [email, id]),
    ));
  const role = (browser: CookieJar, email: string, to: string) =>
    browser.submit(`/team/members/${ids[email]}/role`, { role: to }, "/team");
  assert.equal(
    (await role(eve, "eve@example.com", "owner")).status,
    403,
    "no one lifts themselves",
  );
  assert.equal((await role(eve, "ada@example.com", "viewer")).status, 403, "or fells an owner");
  assert.equal((await role(ada, "ada@example.com", "admin")).status, 409, "the last owner stays");
  assert.equal((await ada.submit("/team/leave", {}, "/team")).status, 409);
  assert.equal((await role(ada, "eve@example.com", "viewer")).location, "/team");
  assert.equal((await eve.go("/endpoints/new")).status, 403, "at once");
  assert.equal((await role(ada, "eve@example.com", "owner")).location, "/team");
  assert.equal((await ada.submit("/team/leave", {}, "/team")).location, "/sign-in");
  assert(!await isIn(ada));
  const back = await ada.submit("/sign-in", { email: "ada@example.com", password: PASSWORD });
  assert.equal(back.location, "/endpoints", "who is in no team gets one of their own again");
  assert(!(await ada.read("/team")).includes("eve@example.com"));
});

Deno.test("a team has the name that its admins give it, in every member's session at once", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const eve = await member(site, "eve@example.com");
  await eve.submit(await invited(site, ada, "eve@example.com", "member"));
  assert.match(await eve.read("/team"), /<h1>ada@example\.com/);
  assert.equal((await eve.submit("/team/name", { name: "Mine" }, "/team")).status, 403);
  const named = await ada.submit("/team/name", { name: " Analytical\u202e Engines " }, "/team");
  assert.equal(named.location, "/team");
  assert.match(await eve.read("/team"), /<h1>Analytical Engines</);
});

Deno.test("of two owners who leave at once, one stays, in each of many rounds", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const eve = await member(site, "eve@example.com");
  await eve.submit(await invited(site, ada, "eve@example.com", "owner"));
  for (let round = 0; round < 15; round++) {
    const answers = await Promise.all(
      [ada, eve].map((browser) => browser.submit("/team/leave", {}, "/team")),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409], `round ${round}`);
    const [stayed, left, email] = answers[0]!.status === 409
      ? [ada, eve, "eve@example.com"]
      : [eve, ada, "ada@example.com"];
    const both = { name: "mail.address_network", attempts: 0, windowMs: 0 };
    site.services.limiter.clear(both, `${email} 127.0.0.0/24`);
    site.services.limiter.clear({ name: "mail.network", attempts: 0, windowMs: 0 }, "127.0.0.0/24");
    site.services.limiter.clear(
      { name: "proof.network", attempts: 0, windowMs: 0 },
      "127.0.0.0/24",
    );
    const path = await invited(site, stayed, email, "owner");
    await left.submit("/sign-in", { email, password: PASSWORD });
    assert.equal((await left.submit(path)).location, "/team");
  }
});

Deno.test("a member who is removed is out at once, with the session and what they let in", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const eve = await member(site, "eve@example.com");
  await eve.submit(await invited(site, ada, "eve@example.com", "member"));
  const [row] = await asSuperuser(
    site,
    (sql) => sql<{ id: string }[]>`SELECT id FROM users WHERE email = 'eve@example.com'`,
  );
  const removed = await ada.submit(`/team/members/${row!.id}/remove`, {}, "/team");
  assert.equal(removed.location, "/team");
  assert(!await isIn(eve));
  assert(!(await ada.read("/team")).includes("eve@example.com"));
});
