/** What may be done once is done once, by however many at once at two processes. */
import assert from "node:assert/strict";
import { createSignInLink } from "../../lib/auth/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { CookieJar, SoftAuthenticator, type TestTenant, testTenant } from "../harness/mod.ts";
import type { Site } from "../flows/accounts_setup.ts";
import {
  addPasskey,
  codeOf,
  optionsFrom,
  passkeyOrigin,
  setUpApp,
} from "../flows/factors_setup.ts";
import { browserOf, join, statusOf } from "./people.ts";
import { openStage, type Someone, type Stage } from "./stage.ts";

let stage: Stage;
let ada: Someone;
let scope: EndpointScope;

Deno.test.beforeAll(async () => {
  stage = await openStage();
  ada = await stage.someone("Ada");
  scope = await stage.endpoint(ada, "review");
});
Deno.test.afterAll(() => stage[Symbol.asyncDispose]());

let networks = 0;

/** An address in a network of its own: what counts by network is counted by each process for itself. */
function somewhere(): string {
  networks += 1;
  return `10.${networks >> 8}.${networks & 255}.9`;
}

/** Sends a form fifty times at once, half of them at each process, each from a network of its own. */
async function fifty(
  jars: readonly CookieJar[],
  path: string,
  fields: (index: number) => Record<string, string>,
) {
  const tabs = Array.from(
    { length: 50 },
    (_, index) => jars[index % jars.length]!.tab(stage.at(index).origin),
  );
  return await Promise.all(tabs.map(async (tab, index) => {
    tab.address = somewhere();
    const answer = await tab.go(path, {
      method: "POST",
      body: new URLSearchParams(fields(index)),
    });
    await answer.body?.cancel();
    const { status, headers } = answer;
    return { tab, status, location: headers.get("location") };
  }));
}

type Answers = Awaited<ReturnType<typeof fifty>>;

const seen = (answers: Answers) =>
  answers.map(({ status, location }) => `${status} ${location}`).join(", ");

/** How many browsers are signed in: by what the site says to them afterwards. */
async function signedIn(answers: Answers): Promise<number> {
  const pages = await Promise.all(answers.map(({ tab }) => statusOf(tab, "/account")));
  return pages.filter((status) => status === 200).length;
}

/** Somebody new, with nothing but an address. */
const person = () => testTenant(stage.services, "Person");

const jar = () => new CookieJar(stage.one.origin);

/** What stands in the latest mail to somebody, once the first process has sent it. */
async function mailed(email: string, what: RegExp): Promise<string> {
  for (;;) {
    const text = (await jar().read("/mailbox")).replace(/<[^>]+>/g, " ");
    const found = text.includes(email) && what.exec(text.slice(text.indexOf(email)));
    if (found) return found[0];
  }
}

const codeFrom = (email: string) => mailed(email, /\b\d{6}\b/);

/** A browser at the first process that has asked for a code, and the code. */
async function asked({ email }: TestTenant) {
  const browser = jar();
  assert.equal((await browser.submit("/sign-in/mail", { email })).status, 303);
  const code = await codeFrom(email);
  return { browser, code, csrf_token: await browser.token("/sign-in/code") };
}

const wrong = (code: string) => code === "000000" ? "000001" : "000000";

Deno.test("of fifty that enter a code of a mail at two processes, one is signed in", async () => {
  const ada = await person();
  const { browser, code, csrf_token } = await asked(ada);
  const answers = await fifty([browser], "/sign-in/code", () => ({ code, csrf_token }));
  assert.equal(await signedIn(answers), 1, seen(answers));
  const sessions = await stage.admin`SELECT FROM sessions WHERE user_id = ${ada.userId}`;
  assert.equal(sessions.length, 1);
});

Deno.test("of fifty wrong codes at two processes, five count, and the right one is void by then", async () => {
  const ada = await person();
  const { browser, code, csrf_token } = await asked(ada);
  const answers = await fifty(
    [browser],
    "/sign-in/code",
    () => ({ code: wrong(code), csrf_token }),
  );
  assert.equal(await signedIn(answers), 0, seen(answers));
  const [row] = await stage.admin`SELECT tries FROM challenges WHERE user_id = ${ada.userId}`;
  assert.equal(row!["tries"], 5);
  const late = await fifty([browser], "/sign-in/code", () => ({ code, csrf_token }));
  assert.equal(await signedIn(late), 0, seen(late));
});

/** Browsers that have shown a link of a mail, and are asked for the second factor. */
async function pending(someone: TestTenant, count: number): Promise<CookieJar[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const browser = jar();
    browser.address = somewhere();
    const link = (await createSignInLink(stage.services, someone)).pathname;
    const { location } = await browser.submit(link);
    assert.match(location!, /^\/sign-in\/verify/);
    return browser;
  }));
}

Deno.test("of fifty that enter one code of an authenticator app, or one recovery code, one is in", async () => {
  for (const kind of ["authenticator", "recovery"]) {
    const ada = await person();
    const { secret, codes } = await setUpApp(await browserOf(stage, ada));
    const browsers = await pending(ada, 25);
    const csrf = new Map<CookieJar, string>();
    for (const browser of browsers) csrf.set(browser, await browser.token("/sign-in/verify"));
    const code = kind === "recovery" ? codes[0]! : codeOf(secret);
    const answers = await fifty(browsers, "/sign-in/verify", (index) => ({
      code,
      csrf_token: csrf.get(browsers[index % browsers.length]!)!,
    }));
    assert.equal(await signedIn(answers), 1, seen(answers));
  }
});

Deno.test("of fifty wrong codes of an app in many browsers, thirty are judged, and a recovery code is left", async () => {
  const ada = await person();
  const { secret, codes } = await setUpApp(await browserOf(stage, ada));
  const browsers = await pending(ada, 25);
  const csrf = new Map<CookieJar, string>();
  for (const browser of browsers) csrf.set(browser, await browser.token("/sign-in/verify"));
  const enter = (code: string) =>
    fifty(browsers, "/sign-in/verify", (index) => ({
      code,
      csrf_token: csrf.get(browsers[index % browsers.length]!)!,
    }));
  const answers = await enter(wrong(codeOf(secret)));
  const judged = answers.filter(({ status }) => status === 401);
  const tries = await stage.admin`SELECT FROM factor_tries WHERE user_id = ${ada.userId}`;
  assert.deepEqual([judged.length, tries.length], [30, 30], seen(answers));
  assert.equal(await signedIn(await enter(codeOf(secret))), 0);
  assert.equal(await signedIn(await enter(codes[0]!)), 1);
});

Deno.test("of fifty copies of a passkey's answer at two processes, one is signed in", async () => {
  const ada = await person();
  const site = { origin: stage.one.origin } as Site;
  // A device that does not count: nothing but the challenge stands against a copy.
  const device = new SoftAuthenticator(passkeyOrigin(site));
  const { added } = await addPasskey(site, await browserOf(stage, ada), device, { count: 0 });
  assert.equal(added.status, 303, added.text);
  const browser = jar();
  const { body } = await optionsFrom(browser, "/sign-in/passkey/options", "/sign-in");
  const credential = device.get(body, { count: 0 });
  const csrf_token = await browser.token("/sign-in");
  const answers = await fifty([browser], "/sign-in/passkey", () => ({ credential, csrf_token }));
  assert.equal(await signedIn(answers), 1, seen(answers));
});

Deno.test("of fifty that accept an invitation at two processes, one joins, once", async () => {
  const owner = await browserOf(stage, ada.tenant);
  const eve = await person();
  const fields = { email: eve.email, role: "member" };
  assert.equal((await owner.submit("/team/invitations", fields, "/team")).status, 303);
  const path = await mailed(eve.email, /\/invitations\/[A-Za-z0-9_-]{43}/);
  const browser = await browserOf(stage, eve);
  const csrf_token = await browser.token(path);
  const answers = await fifty([browser], path, () => ({ csrf_token }));
  assert.equal(answers.filter(({ status }) => status === 303).length, 1, seen(answers));
  const joined = await stage.admin`
    SELECT FROM audit_events WHERE action = 'member.joined' AND subject = ${eve.email}`;
  const members = await stage.admin`
    SELECT FROM members WHERE user_id = ${eve.userId} AND tenant_id = ${ada.tenant.tenantId}`;
  assert.deepEqual([joined.length, members.length], [1, 1]);
});

Deno.test("a form that waited for the proof of who sent it is carried out once, of fifty at two processes", async () => {
  const bob = await join(stage, ada.tenant, "member");
  const browser = await browserOf(stage, bob);
  await stage.admin`
    UPDATE sessions SET authenticated_at = now() - interval '1 hour' WHERE user_id = ${bob.userId}`;
  const made = { name: "held once", abilities: "files:write", reach: "all", expiry: "never" };
  const { location } = await browser.submit("/tokens/new", made, "/account/confirm");
  const held_form = new URL(location!, stage.one.origin).searchParams.get("held");
  assert.ok(held_form, location!);
  const send = { send: "yes", held: held_form };
  assert.equal(
    (await browser.submit("/account/confirm/code", send, "/account/confirm")).status,
    303,
  );
  const code = await codeFrom(bob.email);
  const proved = await browser.submit(
    "/account/confirm/code",
    { code, held: held_form },
    "/account/confirm",
  );
  assert.match(proved.location!, /\/account\/confirm\/continue\//, proved.text);
  const csrf_token = await browser.token("/account");
  const answers = await fifty([browser], "/tokens/new", () => ({ held_form, csrf_token }));
  const done = answers.filter(({ location }) => location === "/tokens/minted");
  assert.equal(done.length, 1, seen(answers));
  const tokens = await stage.admin`SELECT FROM tokens WHERE name = 'held once'`;
  assert.equal(tokens.length, 1);
});

Deno.test("a file that waits is imported once, of fifty that approve it at two processes", async () => {
  const asker = await stage.mint(ada);
  const other = await stage.mint(ada);
  const at = `/v1/endpoints/${scope.endpoint.slug}`;
  const rest = stage.rest(stage.one, asker.token);
  const sent = await rest.raw(
    "POST",
    `${at}/files?file_name=more.csv&mode=append&table=item`,
    { headers: { "content-type": "text/csv" }, body: "id,n,name\n1001,0,more\n1002,0,more\n" },
  );
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
  const ingest = String(sent.body["id"]);
  /** Asks until the import stands at one of these. */
  const until = async (...states: string[]): Promise<string> => {
    for (;;) {
      const { status } = await rest.ok(200, "GET", `${at}/ingests/${ingest}`) as { status: string };
      if (states.includes(status)) return status;
    }
  };
  assert.equal(await until("waiting", "done", "failed"), "waiting");
  const approver = stage.rest(stage.two, other.token);
  const { version } = await approver.ok(200, "GET", `${at}/review/${ingest}`);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      stage.rest(stage.at(index), other.token)
        .call("POST", `${at}/changes/${ingest}/approve`, { version })),
  );
  const ok = answers.filter(({ status }) => status === 200);
  for (const { status } of answers) assert.ok([200, 409].includes(status), String(status));
  assert.equal(ok.length, 1, answers.map(({ status }) => status).join(" "));
  assert.equal(await until("done", "failed"), "done");
  const rows = await stage.rows(scope, "SELECT id FROM item WHERE id > 1000 ORDER BY id");
  assert.deepEqual(rows.map(({ id }) => id), [1001, 1002]);
  const entries = await stage.rows(scope, "SELECT FROM bulkhead.journal WHERE op = 'import'");
  assert.equal(entries.length, 1);
});
