import assert from "node:assert/strict";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { createEndpoint, enterEndpoint } from "../../lib/endpoints/mod.ts";
import { newId } from "../../lib/ids.ts";
import { serveRelay } from "../../lib/journal/mod.ts";
import { revokeLeaked } from "../../lib/leaks/mod.ts";
import { authenticate, mintToken } from "../../lib/tokens/mod.ts";
import { callTool, loadManifest, setRules, setWrites } from "../../lib/tools/mod.ts";
import { type CookieJar, presentedFrom, requestOf, startSite } from "../harness/mod.ts";
import { loadTables } from "../tools/fixture.ts";
import { asSuperuser, member, type Site } from "./accounts_setup.ts";

const DDL = `
  CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2), pay text, country text);
  INSERT INTO item VALUES (1, 'Rope', 1.50, 'canary1', 'NO'), (2, 'Anchor', 20, 'canary2', 'NO'),
    (3, 'Buoy', 3, 'canary3', 'SE');
`;

/** The site with Ada, her endpoint that agents may write to, and an agent with a token. */
async function shop(site: Site) {
  const { services } = site;
  const ada = await member(site, "ada@example.com");
  const session = await readSession(services, ada.cookies.get("bulkhead_session")!);
  const scope = requestOf(principalOf(session!));
  const made = await createEndpoint(services, scope, "shop");
  await loadTables(services, made, DDL);
  await setWrites(services, made, "direct");
  const { slug } = made.endpoint;
  const { token, view } = await mintToken(services, scope, {
    name: "Stock <agent>",
    scope: "mcp:write",
    abilities: ["rows:read", "rows:insert", "rows:update", "rows:delete"],
    endpoints: [made.endpoint.id],
  });
  const call = async (tool: string, args: unknown) => {
    const principal = await authenticate(services, presentedFrom(`Bearer ${token}`));
    const entered = await enterEndpoint(services, requestOf(principal), slug);
    const manifest = await loadManifest(services, entered);
    const answer = await callTool(services, entered, manifest, tool, args);
    assert.equal(answer.isError, false, answer.text);
    return JSON.parse(answer.structured!);
  };
  const rows = async () =>
    (await call("list_rows", { table: "item", order_by: [{ column: "id" }] })).rows;
  return { ada, made, scope, path: `/endpoints/${slug}`, token, tokenId: view.id, call, rows };
}

/** Another person in Ada's team. */
async function joined(site: Site, ada: CookieJar, role: string): Promise<CookieJar> {
  const email = `${role}@example.com`;
  const other = await member(site, email);
  await ada.submit("/team/name", { name: "Crew" }, "/team");
  await ada.submit("/team/invitations", { email, role }, "/team");
  const { path } = await site.mail(email);
  assert.equal((await other.submit(path)).status, 303);
  return other;
}

const text = (html: string) => html.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");

Deno.test("a change is listed, shown row by row, previewed and taken back from the dashboard", async () => {
  await using site = await startSite();
  const { ada, path, call, rows } = await shop(site);
  assert.match(await ada.read(`${path}/changes`), /No changes yet/);
  const before = await rows();
  const { change } = await call("update_rows", {
    table: "item",
    filter: { column: "id", op: "lte", value: 2 },
    values: { price: "9.90" },
    expected_count: 2,
  });
  await call("update_row", { table: "item", key: 2, values: { name: "Heavy <anchor>" } });
  const list = await ada.read(`${path}/changes`);
  assert.match(text(list), /2 rows changed in item Stock &lt;agent> Token update_rows/);
  assert.match(await ada.read(`${path}/changes?table=nothing`), /No change fits/);
  assert.match(await ada.read(`${path}/changes?tool=update_row`), /1 row changed in item/);

  const here = `${path}/changes/${change}`;
  const shown = text(await ada.read(here));
  assert.match(shown, /item id = 1 .* price 1\.50 9\.90 .*item id = 2 .* price 20\.00 9\.90/);
  const preview = text(await ada.read(`${here}/undo`));
  assert.match(preview, /Take back 1 row/);
  assert.match(preview, /The row has been changed since/);
  assert.equal((await rows())[0].price, "9.90", "a look changes nothing");

  const refused = await ada.go(`${here}/undo`, { method: "POST", body: new URLSearchParams() });
  assert.equal(refused.status, 403, "without the form's token");
  const done = await ada.submit(`${here}/undo`);
  assert.equal(done.status, 303);
  assert.match(done.location!, new RegExp(`^${path}/changes/[0-9a-f-]{36}$`));
  const undo = await ada.read(done.location!);
  assert.match(undo, /Part of it is taken back/);
  assert.equal((await rows())[0].price, "1.50");
  assert.match(text(await ada.read(here)), /1 of 2 taken back/);
  assert.equal((await ada.submit(`${here}/undo`)).location, here);

  const entry = /undo\?entry=(\d+)/.exec(undo)![1]!;
  const redone = await ada.submit(
    `${done.location}/undo`,
    { entry },
    `${done.location}/undo?entry=${entry}`,
  );
  assert.match(redone.location!, /\/changes\//);
  assert.equal((await rows())[0].price, "9.90");
  assert.notDeepEqual(await rows(), before);
});

Deno.test("what a token did since a time is taken back at once, after a look", async () => {
  await using site = await startSite();
  const { ada, path, call, rows, tokenId } = await shop(site);
  const before = await rows();
  await call("delete_row", { table: "item", key: 1 });
  await call("insert_rows", { table: "item", rows: [{ id: 7, name: "Line" }] });
  await call("update_row", { table: "item", key: 3, values: { country: "FI" } });
  const query = new URLSearchParams({ by: `token:${tokenId}`, since: "2020-01-01T00:00" });
  const preview = await ada.read(`${path}/undo?${query}`);
  assert.match(text(preview), /What Stock &lt;agent> has changed since 2020-01-01 00:00 UTC/);
  assert.match(preview, /Take back 3 rows/);
  const fields = Object.fromEntries(query);
  const done = await ada.submit(`${path}/undo`, fields, `${path}/undo?${query}`);
  assert.match(done.location!, /\/changes\//);
  assert.deepEqual(await rows(), before);
  const faults = text(await ada.read(`${path}/undo?by=&since=`));
  assert.match(faults, /Choose who changed it.*Choose a day and a time/);
  assert.equal((await ada.submit(`${path}/undo`, {}, `${path}/changes`)).status, 400);
});

Deno.test("members and viewers read changes and undo none; nobody sees what field rules hide", async () => {
  await using site = await startSite();
  const { ada, path, call, made, scope } = await shop(site);
  const { change } = await call("update_rows", {
    table: "item",
    filter: { column: "id", op: "gt", value: 0 },
    values: { pay: "canary9" },
    expected_count: 3,
  });
  const entered = await enterEndpoint(site.services, scope, made.endpoint.slug);
  await setRules(site.services, entered, "item", {
    hidden: ["pay"],
    readOnly: [],
    insert: true,
    update: true,
    delete: true,
    rowFilter: { column: "country", op: "eq", value: "NO" },
  });
  const here = `${path}/changes/${change}`;
  const pages = [`${path}/changes`, here, `${here}/undo`];
  for (const page of pages) assert(!(await ada.read(page)).includes("canary"), page);
  assert.match(text(await ada.read(here)), /1 of these rows is not shown/);
  assert.match(await ada.read(here), /Only columns that the field rules hide have changed/);
  for (const role of ["member", "viewer"]) {
    const other = await joined(site, ada, role);
    const shown = await other.read(here);
    assert(!shown.includes("canary") && !shown.includes("/undo"), role);
    assert.equal((await other.go(`${here}/undo`)).status, 403);
    assert.equal((await other.go(`${path}/undo`)).status, 403);
    const token = await other.token("/account");
    const post = (at: string) =>
      other.go(at, { method: "POST", body: new URLSearchParams({ csrf_token: token }) });
    assert.equal((await post(`${here}/undo`)).status, 403);
    assert.equal((await post(`${path}/undo`)).status, 403);
  }
  assert.match((await ada.submit(`${here}/undo`)).location!, /\/changes\//);
  for (const at of [`${path}/changes/${newId()}`, `${path}/changes/x`, `${here}/undo?entry=x`]) {
    assert.equal((await ada.go(at)).status, 404, at);
  }
});

Deno.test("the page of a leaked token tells what it did, takes it back and mints another", async () => {
  await using site = await startSite();
  const { services } = site;
  const relay = serveRelay(services);
  try {
    const { ada, path, call, token, tokenId } = await shop(site);
    await call("delete_row", { table: "item", key: 1 });
    await relay.stop();
    const here = `/tokens/${tokenId}/leaked`;
    assert.match(await ada.read("/tokens"), new RegExp(here));
    const page = await ada.read(here);
    assert.match(page, /It still works/);
    assert.match(text(page), /Delete rows/);
    assert.match(text(page), /delete_row 1/);
    const undo = /href="([^"]+\/undo\?[^"]+)"/.exec(page)![1]!.replaceAll("&amp;", "&");
    assert.match(await ada.read(undo), /Take back 1 row/);

    const url = `https://git.example/${token}`;
    await revokeLeaked(services, [{ token, url }], {
      by: "github",
      requestId: newId(),
      network: null,
    });
    const revoked = text(await ada.read(here));
    assert.match(revoked, /secret scanning found it/);
    assert.match(revoked, /It works no more/);
    assert(!revoked.includes(token));
    assert.match(await ada.read("/activity"), new RegExp(here));

    const minted = await ada.submit(here);
    assert.equal(minted.location, "/tokens/minted", minted.text);
    const shown = await ada.read("/tokens/minted");
    const fresh = /bhd_pat_\w{36}/.exec(shown)![0];
    assert.notEqual(fresh, token);
    assert(shown.includes(`Bearer ${fresh}`), "with what to paste");
    const principal = await authenticate(services, presentedFrom(`Bearer ${fresh}`));
    assert.deepEqual(
      principal.abilities,
      new Set(["rows:read", "rows:insert", "rows:update", "rows:delete"]),
    );
    assert.equal(principal.scope, "mcp:write");
    await assert.rejects(() => authenticate(services, presentedFrom(`Bearer ${token}`)), {
      code: "AUTHENTICATION_REQUIRED",
    });
    assert.match(await ada.read(`${path}/changes`), /1 row deleted from item/);
    assert.equal((await ada.go(`/tokens/${newId()}/leaked`)).status, 404);
  } finally {
    await relay.stop();
  }
});

Deno.test("a token that still works is replaced in one press, and stops at once", async () => {
  await using site = await startSite();
  const { services } = site;
  const { ada, token, tokenId } = await shop(site);
  const here = `/tokens/${tokenId}/leaked`;
  const done = await ada.submit(here);
  assert.equal(done.location, "/tokens/minted", done.text);
  await assert.rejects(() => authenticate(services, presentedFrom(`Bearer ${token}`)), {
    code: "AUTHENTICATION_REQUIRED",
  });
  assert.match(text(await ada.read(here)), /and replaced by Stock &lt;agent>/);
  const viewer = await joined(site, ada, "viewer");
  assert.equal((await viewer.go(here)).status, 403);
  await asSuperuser(
    site,
    (sql) => sql`UPDATE sessions SET authenticated_at = now() - interval '1 hour'`.then(() => {}),
  );
  const rows = await asSuperuser(site, (sql) => sql<{ id: string }[]>`SELECT id FROM sessions`);
  for (const { id } of rows) services.caches.drop("auth.sessions", id);
  const asked = await ada.submit(here);
  assert.match(asked.location!, /^\/account\/confirm/);
});
