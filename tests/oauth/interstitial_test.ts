/** Errors of apps that anybody could have registered lead nowhere by themselves (RFC 9700, 4.11.2). */
import assert from "node:assert/strict";
import { App, dynamicApp, type Fields, linkOf } from "./app.ts";
import { csrfOf, hiddenField } from "./browser.ts";
import { type Endpoint, type House, type Person, startHouse } from "./house.ts";

let house: House;
let person: Person;
let endpoint: Endpoint;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  person = await house.person();
  endpoint = await house.endpoint(person);
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

/** Opens the page, which must send nobody anywhere: not by a status, header, script or meta element. */
async function shown(answer: Response, status: number): Promise<string> {
  const html = await answer.text();
  assert.equal(answer.status, status, html);
  assert.equal(answer.headers.get("location"), null);
  assert.equal(answer.headers.get("refresh"), null);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.match(answer.headers.get("content-security-policy")!, /form-action 'self'(;|$)/);
  assert.doesNotMatch(html, /http-equiv|<form[^>]*action="(?!\/)/);
  return html;
}

const BROKEN: [string, Fields, RegExp][] = [
  ["a scope that there is not", { scope: "admin" }, /permissions that do not exist here/],
  ["another server's resource", { resource: "https://x.example/mcp/a" }, /no MCP endpoint/],
  ["a malformed request", { code_challenge: "" }, /a mistake of the app, not yours/],
  ["the implicit grant", { response_type: "token" }, /a mistake of the app, not yours/],
  ["another response mode", { response_mode: "form_post" }, /a mistake of the app, not yours/],
];

for (const [title, fields, words] of BROKEN) {
  Deno.test(`an error for ${title} names app and destination, and waits for a press`, async () => {
    const app = await dynamicApp(house, { client_name: "Night Watch" });
    const html = await shown(await app.ask(person, fields), 400);
    for (
      const text of ["Night Watch", "anybody can register under any name", "app.example"]
    ) assert.ok(html.includes(text), text);
    assert.match(html, words);
    assert.match(
      html,
      /<a href="https:\/\/app\.example\/callback\?[^"]+">Continue to app\.example</,
    );
    assert.match(html, /class="button primary" href="\/"/);
    const link = linkOf(html)!;
    assert.equal(`${link.origin}${link.pathname}`, app.redirectUri);
    assert.equal(link.searchParams.get("iss"), house.origin);
    assert.ok(html.includes(`<code>${link.searchParams.get("error")}</code>`));
  });
}

Deno.test("a refusal, too, ends on the page: it is the person who goes on", async () => {
  const app = await dynamicApp(house, { client_name: "Night Watch" });
  const page = await (await app.ask(person, { resource: endpoint.url })).text();
  const answer = await person.browser.post("/oauth/authorize", {
    csrf_token: csrfOf(page),
    request: hiddenField(page, "request"),
    decision: "refuse",
  });
  const html = await shown(answer, 200);
  assert.match(html, /You refused “Night Watch”/);
  assert.equal(linkOf(html)!.searchParams.get("error"), "access_denied");
  assert.equal(linkOf(html)!.searchParams.get("state"), "a state, with ü & = ?");
});

Deno.test("a program on this computer is named as one, with its port or scheme", async () => {
  for (
    const [redirect, words] of [
      ["http://localhost:3000/cb", "Go back to a program on this computer (localhost:3000)"],
      ["cursor://vendor/cb", "Go back to the program on this computer that opens cursor: links"],
      ["vscode://vendor/cb", "Go back to the program on this computer that opens vscode: links"],
    ] as const
  ) {
    const app = await dynamicApp(house, { redirect_uris: [redirect] });
    const html = await shown(await app.ask(person, { scope: "admin" }), 400);
    assert.ok(html.includes(words), words);
    assert.ok(linkOf(html)!.href.startsWith(redirect));
  }
});

Deno.test("an app that a member registered by hand is told at once", async () => {
  const redirects = "https://own.example/cb";
  await person.browser.submit("/apps/clients/new", { name: "Own", redirects, kind: "public" });
  const made = await person.browser.read("/apps/clients/registered");
  const own = new App(house, /bhc_[0-9a-z]{24}/.exec(made)![0], redirects);
  const answer = await own.ask(person, { scope: "admin" });
  assert.equal(answer.status, 303);
  assert.match(
    answer.headers.get("location")!,
    /^https:\/\/own\.example\/cb\?error=invalid_scope&/,
  );
});

Deno.test("no error is told over an address that is not the app's, whatever it looks like", async () => {
  const app = await dynamicApp(house);
  for (
    const redirect_uri of [
      "https://app.example/callback/../x",
      "https://app.example/callback?x=1",
      "https://app.example/callback#x",
      "https://app.example:443/callback",
      "https://app.example./callback",
      "https://APP.example/callback",
      "https://app.example@attacker.example/callback",
      "https://app.example\\@attacker.example/callback",
      "https://app.example%0d%0a/callback",
      "https://app.example/callback%0d%0ax:y",
      "//attacker.example/callback",
      "https:/app.example/callback",
      "https://аpp.example/callback",
      "javascript://app.example/callback",
      "http://app.example/callback",
    ]
  ) {
    const html = await shown(await app.ask(person, { redirect_uri, scope: "admin" }), 400);
    assert.equal(linkOf(html), null, redirect_uri);
    assert.match(html, /cannot be connected/);
  }
});

Deno.test("neither a name nor a state writes into the page", async () => {
  const app = await dynamicApp(house, { client_name: '"><script>alert(1)</script>' });
  const state = '"><img src=x onerror=alert(1)>';
  const html = await shown(await app.ask(person, { scope: "admin", state }), 400);
  assert.doesNotMatch(html, /<script>|<img src=x/);
  assert.equal(linkOf(html)!.searchParams.get("state"), state);
});

Deno.test("a scheme that is not apps' own is registered by the operator's word alone, and only as long", async () => {
  const redirect_uris = ["ms-harbour://signed-in/cb"];
  await assert.rejects(dynamicApp(house, { redirect_uris }), /invalid_redirect_uri/);
  const schemes = house.services.redirectSchemes as Set<string>;
  schemes.add("ms-harbour");
  const app = await dynamicApp(house, { redirect_uris });
  const html = await (await app.ask(person)).text();
  assert.match(html, /Access goes to a program on this computer \(ms-harbour:\)/);
  schemes.delete("ms-harbour");
  assert.equal((await app.ask(person)).status, 400);
});
