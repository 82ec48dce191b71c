import assert from "node:assert/strict";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import type { TenantId, UserId } from "../../lib/ids.ts";
import { mintToken } from "../../lib/tokens/mod.ts";
import { principalOf } from "../../lib/auth/mod.ts";
import { requestOf, startSite } from "../harness/mod.ts";
import { asSuperuser, member, type Site } from "./accounts_setup.ts";
import { setUpApp } from "./factors_setup.ts";

const ADA = "ada@example.com";
const EVE = "eve@example.com";

async function team(site: Site) {
  const ada = await member(site, ADA);
  const eve = await member(site, EVE);
  await ada.submit("/team/invitations", { email: EVE, role: "admin" }, "/team");
  await eve.submit((await site.mail(EVE)).path);
  return { ada, eve };
}

const require = { required: "yes" };

Deno.test("a team requires a second factor when its owner says so, at the next request", async () => {
  await using site = await startSite();
  const { ada, eve } = await team(site);
  const refused = await ada.submit("/team/two-factor", require, "/team");
  assert.equal(refused.status, 403, "an owner without one would lock themselves out");
  await setUpApp(ada);
  assert.equal(
    (await eve.submit("/team/two-factor", require, "/team")).status,
    403,
    "owners alone",
  );
  assert.match(await ada.read("/team"), /1 of the members have none yet: eve@example\.com/);
  assert.equal((await ada.submit("/team/two-factor", require, "/team")).location, "/team");

  // Nothing of the team, by any method; what concerns themselves goes on.
  for (const path of ["/endpoints", "/tokens", "/team", "/apps", "/activity", "/endpoints/new"]) {
    const answer = await eve.go(path);
    assert.equal(answer.headers.get("location"), "/account/security", path);
  }
  const posted = await eve.submit("/team/name", { name: "Mine" }, "/account");
  assert.equal(posted.location, "/account/security");
  const script = await eve.go("/endpoints", { headers: { accept: "application/json" } });
  assert.equal((await script.json()).code, "TWO_FACTOR_REQUIRED");
  const app = await eve.go("/oauth/authorize?client_id=x&response_type=code");
  assert.equal(app.headers.get("location"), "/account/security");
  assert.match(await eve.read("/account/security"), /ada@example\.com requires two-factor/);
  assert.equal((await ada.go("/endpoints")).status, 200);

  const own = /name="team" value="([^"]+)"/.exec(await eve.read("/account"))?.[1] ?? "";
  assert.equal((await eve.submit("/account/team", { team: own }, "/account")).status, 303);
  assert.match(await eve.read("/endpoints"), /<h1>/);
  const back = /name="team" value="([^"]+)"/.exec(await eve.read("/account"))?.[1] ?? "";
  await eve.submit("/account/team", { team: back }, "/account");
  assert.equal((await eve.go("/endpoints")).status, 303);
  await setUpApp(eve);
  assert.match(await eve.read("/team"), /<h1>(<[^>]+>)?ada@example\.com/);
  await eve.submit("/account/security/authenticator/remove", {}, "/account");
  assert.equal((await eve.go("/endpoints")).status, 303, "and closes again with the last one");
  assert.equal((await ada.submit("/team/two-factor", { required: "no" }, "/team")).status, 303);
  assert.match(await eve.read("/endpoints"), /<h1>/);
  assert.match(await ada.read("/activity"), /Two-factor requirement changed/);
});

Deno.test("who lacks the required factor makes no token, whichever way; those that exist go on", async () => {
  await using site = await startSite();
  const { ada, eve } = await team(site);
  await setUpApp(ada);
  const [row] = await asSuperuser(site, (sql) =>
    sql<{ user_id: UserId; tenant_id: TenantId }[]>`
      SELECT m.user_id, m.tenant_id FROM members m JOIN users u ON u.id = m.user_id
      WHERE u.email = ${EVE} AND m.role = 'admin'`);
  const session = { userId: row!.user_id, tenantId: row!.tenant_id, email: EVE, role: "admin" };
  const scope = requestOf(principalOf(session as never));
  await createEndpoint(site.services, scope, "Crew");
  const wanted = {
    name: "Reads",
    abilities: ["api:endpoints:read"],
    scope: "mcp",
    endpoints: "all",
    expiresAt: null,
    networks: [],
    callsPerMinute: null,
    review: false,
  } as const;
  const { token } = await mintToken(site.services, scope, wanted);
  await ada.submit("/team/two-factor", require, "/team");
  await assert.rejects(mintToken(site.services, scope, wanted), { code: "TWO_FACTOR_REQUIRED" });
  const listed = await fetch(new URL("/v1/endpoints", site.server), {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(listed.status, 200, await listed.text());
  await setUpApp(eve);
  await mintToken(site.services, scope, wanted);
});
