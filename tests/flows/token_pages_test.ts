import assert from "node:assert/strict";
import { principalOf as actingAs, readSession } from "../../lib/auth/mod.ts";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { ABILITIES, ROW_WRITES } from "../../lib/principal.ts";
import { authenticate, mintToken, type TokenView } from "../../lib/tokens/mod.ts";
import { type CookieJar, presentedFrom, requestOf, startSite } from "../harness/mod.ts";
import { asSuperuser, member, type Site } from "./accounts_setup.ts";

type Fields = readonly (readonly [name: string, value: string])[];

/** Sends the form that mints, as it stands on its page. */
async function mint(browser: CookieJar, fields: Fields) {
  const body = new URLSearchParams([
    ["csrf_token", await browser.token("/tokens/new")],
    ...fields,
  ] as [string, string][]);
  const referer = new URL("/tokens/new", browser.origin).href;
  const answer = await browser.go("/tokens/new", { method: "POST", body, headers: { referer } });
  return {
    status: answer.status,
    location: answer.headers.get("location"),
    text: await answer.text(),
  };
}

/** The token that was made just now. */
const minted = async (browser: CookieJar) =>
  /bhd_pat_\w{36}/.exec(await browser.read("/tokens/minted"))![0];

const principalOf = (site: Site, token: string, address = "192.0.2.7") =>
  authenticate(site.services, presentedFrom(`Bearer ${token}`, address));

const BASIC: Fields = [["name", "agent"], ["abilities", "rows:read"], ["reach", "all"]];

/** What a screen reader is told of a field. */
function describedBy(html: string, name: string): string {
  const field = new RegExp(`<(?:input|textarea|fieldset)[^>]*field-${name}[^>]*>`).exec(html)![0];
  const ids = /aria-describedby="([^"]+)"/.exec(field)![1]!.split(" ");
  return ids.map((id) => new RegExp(`id="${id}"[^>]*>(.*?)</span>`, "s").exec(html)![1]).join(" ");
}

Deno.test("the form mints what was chosen, and the list shows it", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const made = await mint(ada, [
    ["name", "writer"],
    ["permissions", "custom"],
    ["abilities", "rows:read"],
    ["abilities", "rows:insert"],
    ["abilities", "files:read"],
    ["reach", "all"],
    ["networks", "192.0.2.9/24\r\n 2001:db8::/32, 203.0.113.9\r\n"],
    ["calls_per_minute", " 1200 "],
    ["review", "yes"],
    ["expires", "2099-01-31"],
  ]);
  assert.equal(made.location, "/tokens/minted", made.text);
  const principal = await principalOf(site, await minted(ada));
  assert.equal(principal.scope, "mcp:write");
  assert.deepEqual(principal.abilities, new Set(["files:read", "rows:insert", "rows:read"]));
  assert.equal(principal.review, true);
  assert.equal(principal.budgets?.[0]?.calls, 1200);
  await site.services.tokenUse.flush();
  const list = (await ada.read("/tokens")).replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
  for (
    const part of [
      "Read rows Add rows See imports Approval required",
      "Every endpoint",
      "Until 31 Jan 2099",
      "From 192.0.2.0/24 From 2001:db8::/32 From 203.0.113.9/32 1,200 calls a minute",
      "from 192.0.2.0/24",
    ]
  ) assert(list.includes(part), `${part}: ${list}`);
  assert(!list.includes("Unused"));
  await asSuperuser(
    site,
    (sql) => sql`UPDATE tokens SET last_used_at = now() - interval '91 days'`,
  );
  assert.match(await ada.read("/tokens"), /Unused for 90 days/);
});

Deno.test("the form says which part is wrong, keeps what was typed, and makes nothing", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const cases: [field: string, fields: Fields, fault: RegExp][] = [
    ["permissions", [["permissions", "read"], ["abilities", "rows:delete"]], /“Custom”/],
    ["permissions", [["permissions", "read"], ["review", "yes"]], /“Custom”/],
    ["permissions", [["permissions", "everything"]], /what it may do/],
    ["expiry", [["expiry", "whenever"]], /when it stops working/],
    ["expires", [["expiry", "date"]], /Choose a day/],
    ["networks", [["networks", "nowhere.example"]], /“nowhere\.example” is no address/],
    ["networks", [["networks", "192.0.2.0/33"]], /is no address/],
    ["networks", [["networks", "<script>"]], /&lt;script>/],
    ["networks", [["networks", "192.0.2.1 ".repeat(51)]], /50 networks/],
    ["calls_per_minute", [["calls_per_minute", "0"]], /whole number/],
    ["calls_per_minute", [["calls_per_minute", "1e3"]], /whole number/],
    ["calls_per_minute", [["calls_per_minute", "100001"]], /100,000/],
  ];
  for (const [field, fields, fault] of cases) {
    const answer = await mint(ada, [...BASIC, ...fields]);
    assert.equal(answer.status, 422, field);
    assert.match(describedBy(answer.text, field), fault, `${field}: ${fields[0]}`);
    assert.match(answer.text, /No token was created/);
    assert.match(answer.text, /value="agent"/);
    if (field === "networks") assert(!answer.text.includes("<script>"), "typed text is text");
  }
  assert.match(await ada.read("/tokens"), /No tokens yet/);
});

Deno.test("each choice of permissions works as it stands, and expires in 90 days unless that is chosen", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const page = await ada.read("/tokens/new");
  assert(
    !/<input[^>]*name="(permissions|abilities|reach|review|team)"[^>]* checked/.test(page),
    page,
  );
  assert.match(page, /<input[^>]*name="expiry"[^>]*value="suggested"[^>]* checked/);
  const none = await mint(ada, [["name", "none"], ["reach", "all"]]);
  assert.match(describedBy(none.text, "permissions"), /Choose what it may do/);
  const expected = {
    read: ["mcp", false, ["rows:read"]],
    write: ["mcp:write", true, ["rows:delete", "rows:insert", "rows:read", "rows:update"]],
    manage: ["mcp", false, ABILITIES.filter((one) => !ROW_WRITES.includes(one)).toSorted()],
  } as const;
  for (const [permissions, [scope, review, abilities]] of Object.entries(expected)) {
    const made = await mint(ada, [["name", permissions], ["permissions", permissions], [
      "reach",
      "all",
    ]]);
    assert.equal(made.location, "/tokens/minted", made.text);
    const principal = await principalOf(site, await minted(ada));
    assert.equal(principal.scope, scope);
    assert.equal(principal.review, review);
    assert.deepEqual([...principal.abilities].toSorted(), abilities);
  }
  const [days] = await asSuperuser(site, (sql) =>
    sql<{ least: number; most: number }[]>`
      SELECT min(expires_at - created_at) >= interval '90 days' AS least,
        max(expires_at - created_at) < interval '91 days' AS most FROM tokens`);
  assert.deepEqual({ ...days }, { least: true, most: true });
  await mint(ada, [...BASIC, ["expiry", "never"], ["expires", "2099-01-31"]]);
  await minted(ada);
  assert.match(await ada.read("/tokens"), /Never expires/);
});

Deno.test("a token's page shows what made it, what it made, and leads to what each did", async () => {
  await using site = await startSite();
  const { services } = site;
  const ada = await member(site, "ada@example.com");
  await mint(ada, [["name", "the parent"], ["permissions", "manage"], ["reach", "all"], [
    "expiry",
    "never",
  ]]);
  const parent = await principalOf(site, await minted(ada));
  const made = await mintToken(services, requestOf(parent), {
    name: "<the child>",
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: "all",
  });
  const child = await principalOf(site, made.token);
  for (const { tokenId } of [parent, child]) {
    const page = await ada.read(`/tokens/${tokenId}`);
    for (const text of ["the parent", "&lt;the child>"]) assert(page.includes(text), text);
    for (const one of [parent, child]) assert(page.includes(`/activity?token=${one.tokenId}`));
  }
  const eve = await member(site, "eve@example.com");
  assert.equal((await eve.go(`/tokens/${parent.tokenId}`)).status, 404);
  await ada.submit(`/tokens/${parent.tokenId}/revoke`, {}, `/tokens/${parent.tokenId}`);
  await assert.rejects(principalOf(site, made.token), { code: "AUTHENTICATION_REQUIRED" });
  assert.equal((await ada.go(`/tokens/${child.tokenId}`)).status, 404);
});

Deno.test("rotating asks for how long the old token goes on, and lets it", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  await mint(ada, BASIC);
  const old = await minted(ada);
  const { tokenId } = await principalOf(site, old);
  const page = await ada.read(`/tokens/${tokenId}/rotate`);
  for (const label of ["Not at all", "1 hour", "24 hours", "7 days"]) assert(page.includes(label));
  for (const overlap of ["", "5", "-1", "1e9"]) {
    const refused = await ada.submit(`/tokens/${tokenId}/rotate`, { overlap });
    assert.equal(refused.status, 422, overlap);
    assert.match(refused.text, /Choose for how long/);
  }
  const done = await ada.submit(`/tokens/${tokenId}/rotate`, { overlap: "86400" });
  assert.equal(done.location, "/tokens/minted", done.text);
  const fresh = await minted(ada);
  assert.notEqual(fresh, old);
  await principalOf(site, old);
  const list = await ada.read("/tokens");
  assert.match(list, /Replaced by a new one/);
  assert(!list.includes(`/tokens/${tokenId}/rotate`), "it is not rotated twice");
  assert.equal((await ada.submit(`/tokens/${tokenId}/rotate`, { overlap: "0" })).status, 409);
  // Without an overlap it stops at once.
  const next = (await principalOf(site, fresh)).tokenId;
  await ada.submit(`/tokens/${next}/rotate`, { overlap: "0" });
  await minted(ada);
  await assert.rejects(principalOf(site, fresh), { code: "AUTHENTICATION_REQUIRED" });
});

Deno.test("a token that changes things is minted and rotated by who has proved lately who they are", async () => {
  await using site = await startSite();
  const ada = await member(site, "ada@example.com");
  const session = await readSession(site.services, ada.cookies.get("bulkhead_session")!);
  const { endpoint } = await createEndpoint(site.services, requestOf(actingAs(session!)), "Shop");
  const ids: Record<string, TokenView["id"]> = {};
  for (const ability of ["rows:read", "rows:update"]) {
    await mint(ada, [
      ["name", ability],
      ["abilities", ability],
      // One that reaches everything asks whatever it may do.
      ["reach", "some"],
      ["endpoints", endpoint.slug],
    ]);
    ids[ability] = (await principalOf(site, await minted(ada))).tokenId!;
  }
  await asSuperuser(
    site,
    (sql) => sql`UPDATE sessions SET authenticated_at = now() - interval '1 hour'`,
  );
  site.services.caches.drop("auth.sessions", session!.id);
  const path = `/tokens/${ids["rows:update"]}/rotate`;
  const asked = await ada.submit(path, { overlap: "0" });
  const confirming = new URL(asked.location!, site.origin);
  assert.equal(confirming.pathname, "/account/confirm");
  assert.equal(confirming.searchParams.get("next"), path);
  const writing = await mint(ada, [
    ["name", "writer"],
    ["abilities", "rows:update"],
    ["reach", "some"],
    ["endpoints", endpoint.slug],
  ]);
  assert.match(writing.location!, /^\/account\/confirm/);
  const reading = await ada.submit(`/tokens/${ids["rows:read"]}/rotate`, { overlap: "0" });
  assert.equal(reading.location, "/tokens/minted");
});
