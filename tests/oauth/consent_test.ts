import assert from "node:assert/strict";
import { App, call, dynamicApp, type Fields, sentTo, tokensOf } from "./app.ts";
import { csrfOf, hiddenField } from "./browser.ts";
import { type Endpoint, type House, type Person, startHouse } from "./house.ts";

let house: House;
let person: Person;
let endpoint: Endpoint;
let second: Endpoint;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  person = await house.person("Harbour Ltd");
  endpoint = await house.endpoint(person, "Cargo");
  second = await house.endpoint(person, "Crew");
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

async function pageOf(app: App, fields: Fields = {}, who = person): Promise<string> {
  const answer = await app.ask(who, fields);
  const html = await answer.text();
  assert.equal(answer.status, 200, html);
  return html;
}

/** The check boxes of a page that are ticked, without what only holds the app back. */
const ticked = (html: string) =>
  [...html.matchAll(/<input[^>]*type="checkbox"[^>]*>/g)].map(([tag]) => tag)
    .filter((tag) => /\bchecked\b/.test(tag) && !tag.includes('name="review"'));

Deno.test("the page says who asks, where access goes, who allows, and what it means", async () => {
  const app = await dynamicApp(house, { client_name: "Night Watch" });
  const html = await pageOf(app, { resource: endpoint.url });
  for (
    const text of [
      "Authorize “Night Watch”?",
      "anybody can register under any name",
      "app.example",
      person.tenant.email,
      "Harbour Ltd",
      "Cargo",
      "Crew",
      "List, search, filter",
      "The app did not ask for this.",
    ]
  ) assert.ok(html.includes(text), text);
});

Deno.test("only the endpoint that the request names is ticked, and nothing where it names none", async () => {
  const app = await dynamicApp(house);
  const named = ticked(await pageOf(app, { resource: second.url, scope: "mcp mcp:write" }));
  assert.equal(named.length, 1);
  assert.ok(named[0]!.includes(second.id));
  for (const resource of ["", house.origin, `${house.origin}/`, `${house.origin}/mcp`]) {
    assert.deepEqual(ticked(await pageOf(app, { resource })), [], resource);
  }
});

Deno.test("writing is a box of its own, unticked, under a warning, whatever was asked for (RFC 6749, 3.3)", async () => {
  const app = await dynamicApp(house);
  for (const scope of ["", "mcp", "mcp mcp:write"]) {
    for (const resource of [endpoint.url, ""]) {
      const html = await pageOf(app, { resource, scope });
      assert.match(html, /class="notice warn"[^>]*><strong>Writing changes your data/);
      const box = /<input[^>]*name="write"[^>]*>/.exec(html)![0];
      assert.match(box, /type="checkbox"/);
      assert.doesNotMatch(box, /checked/);
      assert.equal(html.includes("The app did not ask for this."), !scope.includes("write"));
    }
  }
});

Deno.test("where no endpoint takes changes writing is not offered, and cannot be given", async () => {
  const reader = await house.person("Reader");
  const place = await house.endpoint(reader, "Library", "off");
  const app = await dynamicApp(house);
  for (const resource of [place.url, ""]) {
    const html = await pageOf(app, { resource, scope: "mcp mcp:write" }, reader);
    assert.match(html, /takes no changes from apps/);
    assert.doesNotMatch(html, /name="write"/);
    const answer = await reader.browser.post("/oauth/authorize", {
      csrf_token: csrfOf(html),
      request: hiddenField(html, "request"),
      decision: "allow",
      endpoints: [place.id],
      write: "yes",
    });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get("location"), null);
  }
  const asked = { resource: place.url, scope: "mcp mcp:write" };
  assert.equal((await app.connect(reader, [place], asked)).scope, "mcp");
  // Beside one that does, it is.
  await house.endpoint(reader, "Workshop");
  assert.match(await pageOf(app, {}, reader), /name="write"/);
  assert.doesNotMatch(await pageOf(app, { resource: place.url }, reader), /name="write"/);
});

Deno.test("what the person grants is answered, also where it is more than was asked for (RFC 6749, 3.3)", async () => {
  const app = await dynamicApp(house);
  const tokens = await app.connect(person, [endpoint], { scope: "mcp" }, true);
  assert.equal(tokens.scope, "mcp mcp:write");
  assert.equal(tokensOf(await app.refresh(tokens.refresh)).scope, "mcp mcp:write");
});

Deno.test("that each change waits for approval is ticked, wherever writing can be allowed", async () => {
  const app = await dynamicApp(house);
  const asked = { resource: endpoint.url, scope: "mcp mcp:write" };
  const box = (html: string) => /<input[^>]*name="review"[^>]*>/.exec(html)![0];
  const fresh = await pageOf(app, asked);
  assert.match(fresh, /Each change waits until somebody here approves it/);
  assert.match(box(fresh), /type="checkbox".*checked/);
  // Also where it writes at once today: what is safer is never what has to be remembered.
  await app.connect(person, [endpoint], asked, true, false);
  const again = await pageOf(app, asked);
  assert.match(again, /and write to Cargo\. Allowing/);
  assert.match(again, /Today it changes rows at once\. Left ticked, this ends that/);
  assert.match(box(again), /checked/);
  await app.connect(person, [endpoint], asked, true);
  const reviewed = await pageOf(app, asked);
  assert.match(reviewed, /and write to Cargo after approval\. Allowing/);
  assert.doesNotMatch(reviewed, /Today it changes rows at once/);
});

Deno.test("what was asked is not granted by default", async () => {
  const app = await dynamicApp(house);
  const tokens = await app.connect(person, [endpoint], { scope: "mcp mcp:write" });
  assert.equal(tokens.scope, "mcp");
});

Deno.test("refusing answers access_denied with state and iss, and grants nothing (RFC 6749, 4.1.2.1)", async () => {
  const app = await dynamicApp(house);
  const url = await app.decide(person, { resource: endpoint.url }, { refuse: true });
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    error: "access_denied",
    error_description: "The person did not agree.",
    state: "a state, with ü & = ?",
    iss: house.origin,
  });
  const [row] = await house.admin`
    SELECT (SELECT count(*)::int FROM oauth_grants WHERE app_id = ${app.clientId}) AS grants,
      (SELECT count(*)::int FROM audit_events WHERE action = 'grant.refused'
        AND detail ->> 'client_id' = ${app.clientId}) AS refusals`;
  assert.deepEqual(row, { grants: 0, refusals: 1 });
});

Deno.test("no endpoint, or not the one that was named, is asked again", async () => {
  const app = await dynamicApp(house);
  const page = await pageOf(app, { resource: endpoint.url });
  for (const endpoints of [[], [second.id]]) {
    const answer = await person.browser.post("/oauth/authorize", {
      csrf_token: csrfOf(page),
      request: hiddenField(page, "request"),
      decision: "allow",
      endpoints,
    });
    assert.equal(answer.status, 422);
    const html = await answer.text();
    assert.match(html, /class="error"/);
    assert.equal(ticked(html).length, endpoints.length);
  }
});

Deno.test("only one's own endpoints can be given, and another's is not told from none", async () => {
  const app = await dynamicApp(house);
  const stranger = await house.person("Stranger");
  const foreign = await house.endpoint(stranger);
  const page = await pageOf(app);
  for (const id of [foreign.id, crypto.randomUUID(), "x", "'"]) {
    const answer = await person.browser.post("/oauth/authorize", {
      csrf_token: csrfOf(page),
      request: hiddenField(page, "request"),
      decision: "allow",
      endpoints: [endpoint.id, id],
    });
    assert.equal(answer.status, 403, id);
  }
  const texts: string[] = [];
  for (const slug of [foreign.slug, "nothing-here-12345678"]) {
    const answer = await app.ask(person, { resource: `${house.origin}/mcp/${slug}` });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get("location"), null);
    texts.push((await answer.text()).replaceAll(slug, "").replace(/<code>[^<]*<\/code>/g, ""));
  }
  // One of them differs by the CSRF token alone, which is the session's.
  assert.equal(texts[0], texts[1]);
});

Deno.test("a form from elsewhere, without the session's token or of another session, does nothing", async () => {
  const app = await dynamicApp(house);
  const page = await pageOf(app, { resource: endpoint.url });
  const other = await house.person("Other");
  const foreign = csrfOf(await pageOf(app, {}, other));
  const fields = {
    request: hiddenField(page, "request"),
    decision: "allow",
    endpoints: [endpoint.id],
  };
  const csrf_token = csrfOf(page);
  const attempts: [Record<string, string | string[]>, Record<string, string>][] = [
    [fields, {}],
    [{ ...fields, csrf_token: "" }, {}],
    [{ ...fields, csrf_token: foreign }, {}],
    [{ ...fields, csrf_token }, { origin: "https://app.example" }],
    [{ ...fields, csrf_token }, { origin: "null" }],
    [{ ...fields, csrf_token }, { "sec-fetch-site": "cross-site" }],
  ];
  for (const [sent, headers] of attempts) {
    const answer = await person.browser.post("/oauth/authorize", sent, headers);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get("location"), null);
  }
});

Deno.test("a form whose request was changed is read as that request: nothing in it is believed", async () => {
  const app = await dynamicApp(house);
  const page = await pageOf(app, { resource: endpoint.url });
  const query = hiddenField(page, "request");
  const send = (request: string) =>
    person.browser.post("/oauth/authorize", {
      csrf_token: csrfOf(page),
      request,
      decision: "allow",
      endpoints: [endpoint.id],
    });
  const swapped = new URLSearchParams(query);
  swapped.set("redirect_uri", "https://attacker.example/callback");
  for (const request of [swapped.toString(), "", "client_id=x"]) {
    const answer = await send(request);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get("location"), null);
  }
  const plain = new URLSearchParams(query);
  plain.set("code_challenge_method", "plain");
  const told = await send(plain.toString());
  assert.equal(told.headers.get("location"), null);
  assert.match((await sentTo(told)).search, /error=invalid_request/);
});

Deno.test("who is signed out signs in and comes back to the same question", async () => {
  const app = await dynamicApp(house);
  const visitor = await house.person("Visitor");
  const place = await house.endpoint(visitor, "Place");
  visitor.browser.signOut();
  const asked = await app.ask(visitor, { resource: place.url });
  assert.equal(asked.status, 303);
  const signIn = new URL(asked.headers.get("location")!, house.origin);
  assert.equal(signIn.pathname, "/sign-in");
  const next = new URL(signIn.searchParams.get("next")!, house.origin);
  assert.equal(next.pathname, "/oauth/authorize");
  assert.deepEqual(
    Object.fromEntries(next.searchParams),
    { ...app.request(), resource: place.url },
  );
  const html = await (await visitor.browser.go(signIn.pathname + signIn.search)).text();
  assert.ok(hiddenField(html, "next").startsWith("/oauth/authorize?"));
});

Deno.test("the page is framed by nobody, and its form may lead to the redirect alone", async () => {
  const cases: [string, string][] = [
    ["https://app.example:8443/callback?x=1", "https://app.example:8443"],
    ["http://127.0.0.1:4711/callback", "http://127.0.0.1:4711"],
    ["http://[::1]:4711/callback", "http:"],
    ["cursor://anysphere.cursor-retrieval/oauth/callback", "cursor:"],
  ];
  for (const [uri, target] of cases) {
    const app = await dynamicApp(house, { redirect_uris: [uri] });
    const { headers } = await app.ask(person);
    const policy = headers.get("content-security-policy")!.split("; ");
    assert.ok(policy.includes(`form-action 'self' ${target}`), policy.join("; "));
    assert.ok(policy.includes("frame-ancestors 'none'"));
    assert.ok(policy.includes("script-src 'self'"));
    assert.equal(headers.get("x-frame-options"), "DENY");
    assert.equal(headers.get("referrer-policy"), "same-origin");
    assert.equal(headers.get("cache-control"), "no-store");
  }
  const other = await person.browser.go("/tokens");
  assert.match(other.headers.get("content-security-policy")!, /form-action 'self'(;|$)/);
});

Deno.test("a redirect that nobody can check is warned of: loopback and apps' own schemes", async () => {
  for (
    const [uri, shown] of [
      ["http://localhost:3000/callback", "localhost:3000"],
      ["vscode://vendor.extension/callback", "vscode:"],
    ] as const
  ) {
    const app = await dynamicApp(house, { redirect_uris: [uri], client_name: "Local" });
    const html = await pageOf(app);
    assert.ok(html.includes(`Access goes to a program on this computer (${shown})`), uri);
    assert.match(html, /class="notice warn"/);
  }
  const web = await dynamicApp(house);
  assert.doesNotMatch(await pageOf(web), /a program on this computer/);
});

Deno.test("an app's name can neither write into the page nor turn its text around", async () => {
  const hostile = [
    ["<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"],
    ['"><img src=x onerror=alert(1)>', '">&lt;img src=x onerror=alert(1)>'],
    ["Bank\u202etxt.exe", "Banktxt.exe"],
    ["Bulk\u200bhead\n\nverified", "Bulkhead verified"],
  ];
  for (const [client_name, shown] of hostile) {
    const app = await dynamicApp(house, { client_name });
    const html = await pageOf(app, { resource: endpoint.url });
    assert.doesNotMatch(html, /<script>|<img src=x|\u202e|\u200b/);
    const title = /<h1>(.*?)<\/h1>/s.exec(html)![1]!;
    assert.equal(
      title.replace(/<\/?bdi>/g, "").replaceAll("&gt;", ">").replaceAll("&quot;", '"'),
      `Authorize “${shown}”?`,
    );
  }
  const long = await dynamicApp(house, { client_name: "x".repeat(1900) });
  assert.match(await pageOf(long), /“x{80}…”/);
});

Deno.test("re-authorizing upgrades the same connection, and asks about what it may do today", async () => {
  const app = await dynamicApp(house);
  const reading = await app.connect(person, [endpoint], { scope: "mcp" });
  const page = await pageOf(app, { resource: endpoint.url, scope: "mcp mcp:write" });
  assert.match(page, /This app is connected already/);
  const writing = await app.connect(person, [endpoint], { scope: "mcp mcp:write" }, true);
  assert.equal(writing.scope, "mcp mcp:write");
  const more = await app.connect(person, [second], { scope: "mcp" });
  for (const { access } of [reading, writing]) {
    assert.equal((await call(endpoint, access)).status, 200);
  }
  assert.equal((await call(second, more.access)).status, 200);
  const rows = await house.admin`
    SELECT jsonb_object_agg(ge.endpoint_id, ge.scope) AS reach
    FROM oauth_grants g JOIN oauth_grant_endpoints ge ON ge.grant_id = g.id
    WHERE g.app_id = ${app.clientId} GROUP BY g.id`;
  assert.deepEqual([...rows], [{ reach: { [endpoint.id]: "mcp:write", [second.id]: "mcp" } }]);
  const actions = await house.admin<{ action: string }[]>`
    SELECT action FROM audit_events WHERE detail ->> 'client_id' = ${app.clientId} ORDER BY id`;
  assert.deepEqual(actions.map(({ action }) => action), [
    "grant.created",
    "grant.upgraded",
    "grant.upgraded",
  ]);
});

Deno.test("leaving writing unticked takes it away at once, as the page says, whatever was asked", async () => {
  const app = await dynamicApp(house);
  const writing = await app.connect(person, [endpoint], { scope: "mcp:write" }, true);
  const page = await pageOf(app, { resource: endpoint.url, scope: "mcp" });
  assert.match(page, /It may today. Left unticked, this takes it away/);
  assert.equal((await call(endpoint, writing.access)).status, 200);
  await app.connect(person, [endpoint], { scope: "mcp" });
  assert.equal((await call(endpoint, writing.access)).status, 401);
  assert.equal(tokensOf(await app.refresh(writing.refresh)).scope, "mcp");
});

Deno.test("a viewer lets apps read and none write", async () => {
  const viewer = await house.person("Viewer");
  const place = await house.endpoint(viewer, "Place");
  await house.setRole(viewer, "viewer");
  const app = await dynamicApp(house);
  const html = await pageOf(app, { resource: place.url, scope: "mcp mcp:write" }, viewer);
  assert.match(html, /Your role \(viewer\) only reads/);
  assert.doesNotMatch(html, /name="write"/);
  assert.equal((await app.connect(viewer, [place], { scope: "mcp mcp:write" })).scope, "mcp");
});

Deno.test("who has no endpoint is told so, and can only refuse", async () => {
  const poor = await house.person("Poor");
  const app = await dynamicApp(house);
  const html = await pageOf(app, {}, poor);
  assert.match(html, /No endpoint to let it into/);
  assert.doesNotMatch(html, /value="allow"/);
  const url = await app.decide(poor, {}, { refuse: true });
  assert.equal(url.searchParams.get("error"), "access_denied");
});

Deno.test("agreements of one account are limited, with Retry-After", async () => {
  const busy = await house.person("Busy");
  const place = await house.endpoint(busy, "Place");
  const app = await dynamicApp(house);
  const page = await pageOf(app, {}, busy);
  const fields = {
    csrf_token: csrfOf(page),
    request: hiddenField(page, "request"),
    decision: "allow",
    endpoints: [place.id],
  };
  for (let count = 0; count < 60; count++) {
    const answer = await busy.browser.post("/oauth/authorize", fields);
    assert.equal(answer.status, 303);
  }
  const answer = await busy.browser.post("/oauth/authorize", fields);
  assert.equal(answer.status, 429);
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
});
