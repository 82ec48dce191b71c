/** What is done at one process is felt at the other by the next request after the answer. */
import assert from "node:assert/strict";
import type { EndpointScope } from "../../lib/principal.ts";
import { CookieJar, type TestTenant } from "../harness/mod.ts";
import { setUpApp } from "../flows/factors_setup.ts";
import { csrfOf, hiddenField } from "../oauth/browser.ts";
import {
  answersTo,
  appIsOver,
  asEndpoint,
  Borrowed,
  browserOf,
  childOf,
  equip,
  type Holdings,
  isOver,
  join,
  statusOf,
  tokenIsOver,
} from "./people.ts";
import { openStage, type Someone, type Stage } from "./stage.ts";

let stage: Stage;
let ada: Someone;
let scope: EndpointScope;
/** The owner's browser, at the first process. */
let owner: CookieJar;

Deno.test.beforeAll(async () => {
  stage = await openStage();
  ada = await stage.someone("Ada");
  scope = await stage.endpoint(ada, "direct");
  owner = await browserOf(stage, ada.tenant);
});
Deno.test.afterAll(() => stage[Symbol.asyncDispose]());

/** A form at the first process that must be done. */
async function done(jar: CookieJar, path: string, fields: Record<string, string> = {}) {
  const answer = await jar.submit(path, fields, "/account");
  assert.equal(answer.status, 303, answer.text);
  return answer.location!;
}

async function equipped(role: "admin" | "member"): Promise<Holdings & { person: TestTenant }> {
  const person = await join(stage, ada.tenant, role);
  return { ...await equip(stage, person, scope), person };
}

Deno.test("a removed member is out at the other process: session, tokens, what those made, apps", async () => {
  const bob = await equipped("admin");
  await done(owner, `/team/members/${bob.userId}/remove`);
  await isOver(stage, scope, bob);
});

Deno.test("a token of the team goes on or ends at the other process, as the removal decides", async () => {
  const bob = await join(stage, ada.tenant, "admin");
  const someone = { tenant: bob, browser: ada.browser };
  const [kept, revoked] = [
    await stage.mint(someone, { team: true }),
    await stage.mint(someone, { team: true }),
  ];
  const child = await childOf(stage, stage.one, revoked.token);
  for (const { token } of [kept, revoked, child]) {
    assert.deepEqual(await answersTo(stage, scope, token), [200, 200, 200]);
  }
  const path = `/team/members/${bob.userId}/remove`;
  const page = await owner.read(path);
  const fields = [...page.matchAll(/name="token_([0-9a-f-]{36})"/g)].map(([, id]) => id!);
  await done(
    owner,
    path,
    Object.fromEntries(fields.map((id) => [`token_${id}`, id === kept.id ? "keep" : "revoke"])),
  );
  assert.deepEqual(await answersTo(stage, scope, kept.token), [200, 200, 200]);
  for (const { token } of [revoked, child]) await tokenIsOver(stage, scope, token);
});

Deno.test("who leaves is out at the other process", async () => {
  const bob = await equipped("member");
  await done(bob.jar, "/team/leave");
  await isOver(stage, scope, bob);
});

Deno.test("a demoted member does less at the other process, and so does all of theirs", async () => {
  const bob = await equipped("admin");
  assert.equal(await statusOf(bob.there, "/endpoints/new"), 200);
  await done(owner, `/team/members/${bob.userId}/role`, { role: "viewer" });
  assert.equal(await statusOf(bob.there, "/endpoints/new"), 403);
  for (const { token } of [bob.token, bob.child, bob.grandchild]) {
    assert.deepEqual(await answersTo(stage, scope, token), [200, 403, 200]);
    const made = await stage.rest(stage.two, token).call("POST", "/v1/endpoints", { name: "x" });
    assert.equal(made.status, 403);
  }
  assert.deepEqual(await answersTo(stage, scope, bob.access.access), [200, 403, 401]);
  // What is refreshed is no more.
  const refreshed = await bob.app.refresh(bob.access.refresh, {}, stage.replica(stage.two));
  const access = String(refreshed.body["access_token"]);
  assert.deepEqual(await answersTo(stage, scope, access), [200, 403, 401]);
});

Deno.test("who has transferred the ownership is no owner at the other process", async () => {
  const bob = await equipped("member");
  const eve = await browserOf(stage, await join(stage, ada.tenant, "owner"));
  const there = eve.tab(stage.two.origin);
  assert.equal(await statusOf(there, "/team/transfer"), 200);
  assert.equal(await statusOf(bob.there, "/team/transfer"), 403);
  await done(eve, "/team/transfer", { member: bob.userId });
  assert.equal(await statusOf(there, "/team/transfer"), 403);
  assert.equal(await statusOf(bob.there, "/team/transfer"), 200);
});

Deno.test("a second factor that the team requires is asked for at the other process", async () => {
  const team = await stage.someone("Strict");
  const bob = await browserOf(stage, await join(stage, team.tenant, "member"));
  const there = bob.tab(stage.two.origin);
  assert.equal(await statusOf(there, "/team"), 200);
  const strict = await browserOf(stage, team.tenant);
  // Who requires it has one.
  await setUpApp(strict);
  await done(strict, "/team/two-factor", { required: "yes" });
  assert.equal((await there.go("/team")).headers.get("location"), "/account/security");
});

Deno.test("a revoked parent stops what it made at the other process, and nothing else", async () => {
  const bob = await equipped("member");
  const sibling = await childOf(stage, stage.one, bob.token.token);
  assert.deepEqual(await answersTo(stage, scope, sibling.token), [200, 200, 200]);
  await stage.rest(stage.one, bob.token.token).ok(204, "DELETE", `/v1/tokens/${bob.child.id}`);
  for (const { token } of [bob.child, bob.grandchild]) await tokenIsOver(stage, scope, token);
  for (const { token } of [bob.token, sibling]) {
    assert.deepEqual(await answersTo(stage, scope, token), [200, 200, 200]);
  }
  await done(bob.jar, `/tokens/${bob.token.id}/revoke`);
  for (const { token } of [bob.token, sibling]) await tokenIsOver(stage, scope, token);
  assert.deepEqual(await answersTo(stage, scope, bob.access.access), [200, 200, 401]);
});

Deno.test("a leak that anybody reports stops the token and what it made at the other process", async () => {
  const bob = await equipped("member");
  const visitor = new CookieJar(stage.one.origin);
  const report = async (token: string) => {
    const answer = await visitor.submit("/leaked", { token });
    assert.equal(answer.status, 303, answer.text);
  };
  await report(bob.child.token);
  for (const { token } of [bob.child, bob.grandchild]) await tokenIsOver(stage, scope, token);
  assert.deepEqual(await answersTo(stage, scope, bob.token.token), [200, 200, 200]);
  await report(bob.access.access);
  await appIsOver(stage, scope, bob);
});

Deno.test("an app that is disconnected is out at the other process, and others are not", async () => {
  const bob = await equipped("member");
  const page = await bob.jar.read("/apps");
  const id = /\/apps\/([0-9a-f-]{36})\/disconnect/.exec(page)![1]!;
  await done(bob.jar, `/apps/${id}/disconnect`);
  await appIsOver(stage, scope, bob);
  assert.deepEqual(await answersTo(stage, scope, bob.token.token), [200, 200, 200]);
  assert.equal(await statusOf(bob.there, "/team"), 200);
});

Deno.test("tables and writing that are taken from an app are gone at the other process", async () => {
  const bob = await equipped("member");
  const person = { tenant: bob.person, browser: new Borrowed(bob.jar) };
  const endpoint = asEndpoint(stage, scope);
  const agree = async (more: Record<string, string>, write: boolean) => {
    const html = await (await bob.app.ask(person)).text();
    const answer = await person.browser.post("/oauth/authorize", {
      csrf_token: csrfOf(html),
      request: hiddenField(html, "request"),
      decision: "allow",
      endpoints: [endpoint.id],
      ...(write ? { write: "yes" } : {}),
      ...more,
    });
    assert.equal(answer.status, 303, await answer.text());
  };
  const field = `tables.${endpoint.slug}`;
  await agree({ [field]: "chosen", [`${field}.read`]: "item" }, true);
  assert.equal((await answersTo(stage, scope, bob.access.access))[1] === 200, false);
  const { body } = await bob.app.refresh(bob.access.refresh, {}, stage.replica(stage.two));
  const narrow = String(body["access_token"]);
  const written = await stage.call(stage.two, scope, narrow, "update_row", {
    table: "item",
    key: 1,
    values: { n: 2 },
  });
  assert.equal(written.isError, true, written.text);
});

Deno.test("a session that is ended is over at the other process", async () => {
  const bob = await equipped("member");
  const phone = await browserOf(stage, bob.person);
  const there = phone.tab(stage.two.origin);
  assert.equal(await statusOf(there, "/account"), 200);
  const page = await bob.jar.read("/account/sessions");
  const ids = [...page.matchAll(/\/account\/sessions\/([0-9a-f-]{36})\/end/g)].map(([, id]) => id!);
  for (const id of ids) await done(bob.jar, `/account/sessions/${id}/end`);
  assert.equal(await statusOf(there, "/account"), 303);
  assert.equal(await statusOf(bob.there, "/account"), 200);
  const tablet = (await browserOf(stage, bob.person)).tab(stage.two.origin);
  assert.equal(await statusOf(tablet, "/account"), 200);
  await done(bob.jar, "/account/sessions/others");
  assert.equal(await statusOf(tablet, "/account"), 303);
  await done(bob.jar, "/sign-out");
  assert.equal(await statusOf(bob.there, "/account"), 303);
  // A token is no session.
  assert.deepEqual(await answersTo(stage, scope, bob.token.token), [200, 200, 200]);
});

Deno.test("an endpoint that is deleted is gone at the other process, and writing that is off is off", async () => {
  const place = await stage.endpoint(ada, "direct");
  const { token } = await stage.mint(ada);
  assert.deepEqual(await answersTo(stage, place, token), [200, 200, 200]);
  await done(owner, `/endpoints/${place.endpoint.slug}/writes/off`);
  const call = await stage.call(stage.two, place, token, "update_row", {
    table: "item",
    key: 1,
    values: { n: 3 },
  });
  assert.equal(call.isError, true, call.text);
  await done(owner, `/endpoints/${place.endpoint.slug}/delete`);
  const [read, write] = await answersTo(stage, place, token);
  assert.ok(read! >= 400 && write! >= 400, `${read} ${write}`);
});
