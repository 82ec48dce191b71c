import assert from "node:assert/strict";
import { type Clock, systemClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { signedUp, testServices } from "../../tests/harness/mod.ts";
import { loadAssets } from "./assets.ts";
import { Form } from "./components/form.tsx";
import { memberPage, type PageRoute, permit, publicPage } from "./page.ts";
import { createPages, createSite } from "./site.tsx";
import { SYSTEM_ACTOR } from "../audit/mod.ts";

const ORIGIN = "http://127.0.0.1:8000";

const ROUTES: PageRoute[] = permit([
  publicPage("/form", {
    get: (page) => page.render({ title: "Form" }, <Form action="/form">x</Form>),
    post: (page, form) => page.redirect(`/done?x=${form.get("x")}`, "signed_in"),
  }),
  publicPage("/upload", {
    async upload(page, { fields, file }) {
      const text = file ? await new Response(file.stream).text() : "none";
      return page.render({ title: "Upload" }, <p>{`${fields.get("name")} ${text.length}`}</p>);
    },
  }),
  memberPage("/mine", {
    get: (page) => page.render({ title: "Mine" }, <p>{page.scope.principal.label}</p>),
  }),
  memberPage("/secret", {
    async get(page) {
      const kept = await page.takeOnce();
      return page.render({ title: "Secret" }, <p>{kept ?? "nothing"}</p>);
    },
    async post(page) {
      await page.showOnce("bhd_pat_shown_once");
      return page.redirect("/secret");
    },
  }),
  memberPage("/sensitive", {
    get: (page) => page.render({ title: "Sensitive" }, <Form action="/sensitive">x</Form>),
    post: (page) => page.redirect("/done"),
  }),
  memberPage("/undeclared", {
    get: (page) => page.render({ title: "Undeclared" }, <p>shown</p>),
  }),
  publicPage("/fault/:secret", {
    get: () => {
      throw new Error("the driver said: password=hunter2");
    },
  }),
  publicPage("/busy", {
    get: () => {
      throw new AppError("RATE_LIMITED", "Wait 9 seconds.", { retryAfter: 9 });
    },
  }),
], {
  "/mine": { read: "account:self" },
  "/secret": { read: "account:self", write: "account:self" },
  "/sensitive": { read: "account:self", write: "endpoints:delete" },
});

/** A browser over the pages: keeps cookies, and tells where its writes come from. */
async function open(baseUrl = ORIGIN, clock: Clock = systemClock) {
  const test = await testServices({ baseUrl, clock });
  const assets = await loadAssets(new URL("../../", import.meta.url), test.services.log);
  const pages = createPages(createSite(test.services, assets), ROUTES);
  const jar = new Map<string, string>();
  async function go(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("cookie", [...jar].map((pair) => pair.join("=")).join("; "));
    if (init.method && !headers.has("origin")) headers.set("origin", new URL(baseUrl).origin);
    const answer = await pages(new Request(new URL(path, baseUrl), { ...init, headers }), {
      network: "192.0.2.0/24",
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (/max-age=0/i.test(cookie)) jar.delete(name!);
      else jar.set(name!, value!);
    }
    return answer;
  }
  const token = async () =>
    /value="([A-Za-z0-9_-]{43})"/.exec(await (await go("/form")).text())![1]!;
  const post = (path: string, fields: Record<string, string>, headers: HeadersInit = {}) =>
    go(path, { method: "POST", body: new URLSearchParams(fields), headers });
  return { test, go, post, token, jar, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() };
}

Deno.test("createPages() takes a form with its token, and answers 303 with a notice", async () => {
  await using browser = await open();
  const csrf_token = await browser.token();
  const answer = await browser.post("/form", { csrf_token, x: "1" });
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get("location"), "/done?x=1");
  const next = await (await browser.go("/form")).text();
  assert.match(next, /role="status"><div>You are signed in/);
  assert(!(await (await browser.go("/form")).text()).includes("You are signed in"));
});

Deno.test("createPages() refuses a write without the right token or source", async () => {
  await using browser = await open();
  const csrf_token = await browser.token();
  const refused: [Record<string, string>, Record<string, string>][] = [
    [{ x: "1" }, {}],
    [{ csrf_token: "" }, {}],
    [{ csrf_token: csrf_token.slice(0, -1) + "!" }, {}],
    [{ csrf_token }, { origin: "http://evil.example" }],
    [{ csrf_token }, { origin: "null" }],
    [{ csrf_token }, { "sec-fetch-site": "cross-site" }],
    [{ csrf_token }, { "x-csrf-token": "wrong" }],
  ];
  for (const [fields, headers] of refused) {
    const answer = await browser.post("/form", fields, headers);
    assert.equal(answer.status, 403, JSON.stringify([fields, headers]));
    assert.match(await answer.text(), /form has expired/);
  }
  const foreign = await browser.token();
  browser.jar.clear();
  assert.equal((await browser.post("/form", { csrf_token: foreign })).status, 403);
});

Deno.test("createPages() takes localhost and 127.0.0.1 for one site, and nothing else", async () => {
  await using browser = await open();
  const csrf_token = await browser.token();
  const from = async (origin: string) =>
    (await browser.post("/form", { csrf_token }, { origin })).status;
  assert.equal(await from("http://localhost:8000"), 303);
  assert.equal(await from("http://[::1]:8000"), 303);
  assert.equal(await from("http://localhost:8001"), 403);
  assert.equal(await from("https://localhost:8000"), 403);
});

Deno.test("createPages() takes an upload whose token comes in the form or in the header", async () => {
  await using browser = await open();
  const token = await browser.token();
  const form = (fields: [string, string][]) => {
    const data = new FormData();
    for (const [name, value] of fields) data.set(name, value);
    data.set("file", new File(["x".repeat(200_000)], "a.csv"));
    return data;
  };
  const send = (body: FormData, headers: HeadersInit = {}) =>
    browser.go("/upload", { method: "POST", body, headers });
  const byForm = await send(form([["csrf_token", token], ["name", "Shop"]]));
  assert.match(await byForm.text(), /Shop 200000/);
  const byHeader = await send(form([["name", "Shop"]]), { "x-csrf-token": token });
  assert.equal(byHeader.status, 200);
  assert.equal((await send(form([["name", "Shop"]]))).status, 403);
  assert.equal((await send(form([["csrf_token", "x"]]))).status, 403);
  assert.equal((await send(form([["csrf_token", token]]), { "x-csrf-token": "x" })).status, 403);
  assert.equal((await browser.post("/upload", { csrf_token: token })).status, 415);
});

Deno.test("createPages() sends visitors of a member's page to sign in, and back", async () => {
  await using browser = await open();
  const answer = await browser.go("/mine?x=1");
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get("location"), "/sign-in?next=%2Fmine%3Fx%3D1");
  const script = await browser.go("/mine", { headers: { accept: "application/json" } });
  assert.equal(script.status, 401);
  assert.equal((await script.json()).code, "AUTHENTICATION_REQUIRED");
  const { access: secret } = await signedUp(
    browser.test.services,
    { email: "ada@example.com", password: "correct horse battery" },
    SYSTEM_ACTOR,
  );
  browser.jar.set("bulkhead_session", secret);
  assert.match(await (await browser.go("/mine")).text(), /<p>ada@example.com<\/p>/);
  browser.jar.set("bulkhead_session", "A".repeat(43));
  assert.equal((await browser.go("/mine")).status, 303);
  assert(!browser.jar.has("bulkhead_session"), "a dead session's cookie is removed");
});

Deno.test("showOnce() shows a secret once, to the session that it was made in", async () => {
  await using browser = await open();
  const enter = async (email: string) => {
    const credentials = { email, password: "correct horse battery" };
    const { access: secret } = await signedUp(browser.test.services, credentials, SYSTEM_ACTOR);
    browser.jar.set("bulkhead_session", secret);
    return await browser.token();
  };
  const first = await browser.post("/secret", { csrf_token: await enter("ada@example.com") });
  assert.equal(first.status, 303);
  const kept = browser.jar.get("bulkhead_once")!;
  assert(
    !atob(kept.replaceAll("-", "+").replaceAll("_", "/").replaceAll("%3D", "=")).includes("bhd"),
  );
  assert.match(await (await browser.go("/secret")).text(), /bhd_pat_shown_once/);
  assert.match(await (await browser.go("/secret")).text(), /nothing/);
  await enter("eve@example.com");
  browser.jar.set("bulkhead_once", kept);
  assert.match(await (await browser.go("/secret")).text(), /nothing/);
});

Deno.test("createPages() answers faults in the shell, with an id and nothing private", async () => {
  await using browser = await open();
  const fault = await browser.go("/fault/link-secret");
  const page = await fault.text();
  assert.equal(fault.status, 500);
  assert(page.includes(fault.headers.get("x-request-id")!));
  assert(!page.includes("hunter2") && page.includes("Something went wrong on our side"));
  const line = browser.test.logLines.find((line) => line.includes("page.failed"))!;
  assert(line.includes(fault.headers.get("x-request-id")!) && !line.includes("link-secret"));
  const missing = await browser.go("/nowhere");
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), /There is nothing here/);
  const busy = await browser.go("/busy");
  assert.equal(busy.status, 429);
  assert.equal(busy.headers.get("retry-after"), "9");
});

Deno.test("createPages() refuses methods that a page has not, and says which it has", async () => {
  await using browser = await open();
  const answer = await browser.go("/mine", { method: "DELETE" });
  assert.equal(answer.status, 303, "who may come is asked first");
  const open405 = await browser.go("/form", { method: "PUT" });
  assert.equal(open405.status, 405);
  assert.equal(open405.headers.get("allow"), "GET, HEAD, POST");
});

Deno.test("createPages() sets the security headers on every answer", async () => {
  await using browser = await open();
  for (const path of ["/form", "/mine", "/nowhere", "/fault/x", "/assets/none"]) {
    const { headers } = await browser.go(path);
    assert.match(headers.get("content-security-policy")!, /default-src 'none'/, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
  }
});

Deno.test("createPages() marks cookies for https where the site is https", async () => {
  await using browser = await open("https://bulkhead.example");
  const { headers } = await browser.go("/form");
  assert.match(headers.get("set-cookie")!, /^__Host-bulkhead_visitor=.*; Secure/);
  assert.match(headers.get("strict-transport-security")!, /max-age=31536000/);
});

Deno.test("createPages() denies what is not declared, and asks again before what is sensitive", async () => {
  const clock = { at: Date.now(), now: () => clock.at };
  await using browser = await open(ORIGIN, clock);
  const credentials = { email: "ada@example.com", password: "correct horse battery" };
  const { access, refresh } = await signedUp(browser.test.services, credentials, SYSTEM_ACTOR);
  browser.jar.set("bulkhead_session", access);
  browser.jar.set("bulkhead_refresh", refresh);
  assert.equal((await browser.go("/undeclared")).status, 403);
  const csrf_token = await browser.token();
  const send = () =>
    browser.post("/sensitive", { csrf_token }, { referer: `${ORIGIN}/sensitive?tab=2` });
  assert.equal((await send()).headers.get("location"), "/done");
  // The proof is timed by the database, whose clock may be a while ahead of this one.
  clock.at += 15 * 60_000;
  const asked = await send();
  assert.equal(asked.status, 303);
  assert.match(
    asked.headers.get("location") ?? "",
    /^\/account\/confirm\?held=[0-9a-f-]{36}&next=%2Fsensitive%3Ftab%3D2$/,
  );
  assert.notEqual(browser.jar.get("bulkhead_session"), access, "the session went on by itself");
  const script = await browser.post("/sensitive", { csrf_token }, { accept: "application/json" });
  assert.equal((await script.json()).code, "CONFIRMATION_REQUIRED");
});
