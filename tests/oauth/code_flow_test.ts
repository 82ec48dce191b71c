import assert from "node:assert/strict";
import { App, basic, call, dynamicApp, post, refused, sentTo, tokensOf } from "./app.ts";
import { type Endpoint, type House, type Person, startHouse } from "./house.ts";

let house: House;
let person: Person;
let endpoint: Endpoint;
let app: App;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  person = await house.person();
  endpoint = await house.endpoint(person);
  app = await dynamicApp(house);
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

const METHODS = ["none", "client_secret_basic", "client_secret_post"] as const;

for (const method of METHODS) {
  Deno.test(`a client gets in with a code and S256, by ${method} (OAuth 2.1, 4.1)`, async () => {
    const own = await dynamicApp(house, {}, method);
    const fields = { resource: endpoint.url, scope: "mcp" };
    const url = await own.decide(person, fields, { endpoints: [endpoint] });
    assert.equal(`${url.origin}${url.pathname}`, own.redirectUri);
    const answer = await own.redeem(url.searchParams.get("code")!);
    // RFC 6749, 5.1.
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.equal(answer.headers.get("pragma"), "no-cache");
    const { access_token, refresh_token, ...rest } = answer.body;
    assert.deepEqual(rest, { token_type: "Bearer", expires_in: 3600, scope: "mcp" });
    assert.match(String(access_token), /^bhd_oat_[0-9A-Za-z]{36}$/);
    assert.match(String(refresh_token), /^bhd_ort_[0-9A-Za-z]{36}$/);
    assert.equal((await call(endpoint, String(access_token))).status, 200);
  });
}

Deno.test("the response holds code, state as it was sent, and one iss (RFC 6749, 4.1.2; RFC 9207, 2)", async () => {
  const url = await app.decide(person, {}, { endpoints: [endpoint] });
  assert.deepEqual([...url.searchParams.keys()].sort(), ["code", "iss", "state"]);
  assert.equal(url.searchParams.get("state"), "a state, with ü & = ?");
  assert.equal(url.searchParams.get("iss"), house.origin);
  assert.equal(url.hash, "");
  const own = await dynamicApp(house, { redirect_uris: ["https://app.example/cb?keep=1"] });
  const kept = await own.decide(person, {}, { endpoints: [endpoint] });
  assert.equal(kept.searchParams.get("keep"), "1");
  const stateless = await app.decide(person, { state: "" }, { endpoints: [endpoint] });
  assert.equal(stateless.searchParams.has("state"), false);
});

/** Requests in which the client or its redirect is not proven: nothing redirects (RFC 6749, 4.1.2.1). */
const UNPROVEN: [string, Record<string, string | string[]>][] = [
  ["no client", { client_id: "" }],
  ["an unknown client", { client_id: "bhc_unknown" }],
  ["a client that is named twice", { client_id: ["bhc_a", "bhc_b"] }],
  ["a client with a NUL in its name", { client_id: "bhc_\0" }],
  ["another redirect", { redirect_uri: "https://attacker.example/callback" }],
  ["a redirect that is named twice", {
    redirect_uri: ["https://app.example/callback", "https://x"],
  }],
  ["a path below the redirect", { redirect_uri: "https://app.example/callback/more" }],
  ["a path around the redirect", { redirect_uri: "https://app.example/x/../callback" }],
  ["a query after the redirect", { redirect_uri: "https://app.example/callback?a=1" }],
  ["a fragment after the redirect", { redirect_uri: "https://app.example/callback#a" }],
  ["a user before the host", { redirect_uri: "https://app.example@attacker.example/callback" }],
  ["another port", { redirect_uri: "https://app.example:8443/callback" }],
  ["another case", { redirect_uri: "https://APP.example/callback" }],
  ["another scheme", { redirect_uri: "http://app.example/callback" }],
  ["a subdomain", { redirect_uri: "https://app.example.attacker.example/callback" }],
  ["javascript", { redirect_uri: "javascript:alert(1)" }],
];

for (const [title, fields] of UNPROVEN) {
  for (const who of ["somebody signed in", "a visitor"]) {
    Deno.test(`nothing redirects for ${title}, asked by ${who}`, async () => {
      const visitor = who === "a visitor" ? await house.person() : person;
      if (who === "a visitor") visitor.browser.signOut();
      const answer = await app.ask(visitor, fields);
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get("location"), null);
      assert.match(await answer.text(), /cannot be connected|not (well formed|valid)|does not fit/);
    });
  }
}

/** Mistakes of a proven client, told to it with state and issuer. */
const MISTAKES: [string, Record<string, string | string[]>, string][] = [
  ["no response_type", { response_type: "" }, "invalid_request"],
  ["the implicit grant", { response_type: "token" }, "unsupported_response_type"],
  ["a hybrid flow", { response_type: "code id_token" }, "unsupported_response_type"],
  ["a fragment as response mode", { response_mode: "fragment" }, "invalid_request"],
  ["no challenge (OAuth 2.1, 4.1.1)", { code_challenge: "" }, "invalid_request"],
  ["a plain challenge (RFC 7636, 4.2)", { code_challenge_method: "plain" }, "invalid_request"],
  ["no challenge method (RFC 7636, 4.3)", { code_challenge_method: "" }, "invalid_request"],
  ["an unknown challenge method", { code_challenge_method: "S512" }, "invalid_request"],
  ["a challenge of another length", { code_challenge: "short" }, "invalid_request"],
  ["a repeated challenge", { code_challenge: ["a", "b"] }, "invalid_request"],
  ["an unknown scope (RFC 6749, 3.3)", { scope: "admin" }, "invalid_scope"],
  ["a malformed scope", { scope: 'mcp "x"' }, "invalid_scope"],
  [
    "another server's resource (RFC 8707, 2)",
    { resource: "https://x.example/mcp/a" },
    "invalid_target",
  ],
  [
    "a resource with a fragment (RFC 8707, 2)",
    { resource: "http://127.0.0.1/#x" },
    "invalid_target",
  ],
  ["a resource that is no URL", { resource: "data" }, "invalid_target"],
  ["a request object (RFC 9101, 5)", { request: "a.b.c" }, "request_not_supported"],
  ["a request URI", { request_uri: "https://app.example/r" }, "request_uri_not_supported"],
];

for (const [title, fields, error] of MISTAKES) {
  Deno.test(`the client is told of ${title}`, async () => {
    const answer = await app.ask(person, fields);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get("location"), null);
    const url = await sentTo(answer);
    assert.equal(`${url.origin}${url.pathname}`, app.redirectUri);
    assert.equal(url.searchParams.get("error"), error);
    assert.equal(url.searchParams.get("state"), "a state, with ü & = ?");
    assert.deepEqual(url.searchParams.getAll("iss"), [house.origin]);
    assert.equal(url.searchParams.has("code"), false);
  });
}

Deno.test("a repeated state is an error and is not sent back (RFC 6749, 3.1)", async () => {
  const answer = await app.ask(person, { state: ["a", "b"] });
  const url = await sentTo(answer);
  assert.equal(url.searchParams.get("error"), "invalid_request");
  assert.equal(url.searchParams.has("state"), false);
});

Deno.test("a mistake is told only to who has signed in: we are no springboard (RFC 9700, 4.11.2)", async () => {
  const visitor = await house.person();
  visitor.browser.signOut();
  const answer = await app.ask(visitor, { response_type: "token" });
  assert.equal(answer.status, 303);
  assert.match(answer.headers.get("location")!, /^\/sign-in\?next=%2Foauth%2Fauthorize%3F/);
});

Deno.test("the redirect may be left out where there is one, and is then free at the token endpoint", async () => {
  const url = await app.decide(person, { redirect_uri: "" }, { endpoints: [endpoint] });
  const code = url.searchParams.get("code")!;
  refused(await app.redeem(code), "invalid_grant");
  tokensOf(await app.redeem(code, { redirect_uri: undefined }));
  const many = await dynamicApp(house, {
    redirect_uris: ["https://app.example/a", "https://app.example/b"],
  });
  assert.equal((await many.ask(person, { redirect_uri: "" })).status, 400);
});

Deno.test("a loopback redirect may come with any port, and with nothing else changed (RFC 8252, 7.3)", async () => {
  const native = await dynamicApp(house, {
    redirect_uris: [
      "http://127.0.0.1/callback",
      "http://localhost:1234/callback",
      "http://[::1]/callback",
    ],
  });
  const going = async (redirect_uri: string) => (await native.ask(person, { redirect_uri })).status;
  for (
    const uri of [
      "http://127.0.0.1:49152/callback",
      "http://localhost:65535/callback",
      "http://[::1]:8080/callback",
      "http://localhost/callback",
    ]
  ) assert.equal(await going(uri), 200, uri);
  for (
    const uri of [
      "http://127.0.0.2:49152/callback",
      "http://127.0.0.1:49152/callback/x",
      "http://127.0.0.1:49152/callback?x=1",
      "http://127.0.0.1:99999/callback",
      "http://127.0.0.1:1@attacker.example/callback",
      "http://localhost.attacker.example:1/callback",
      "https://localhost:1/callback",
    ]
  ) assert.equal(await going(uri), 400, uri);
  const web = await dynamicApp(house, { redirect_uris: ["https://localhost/callback"] });
  assert.equal(
    (await web.ask(person, { redirect_uri: "https://localhost:1/callback" })).status,
    400,
  );
});

Deno.test("apps with a scheme of their own get in (RFC 8252, 7.1)", async () => {
  const own = await dynamicApp(house, {
    redirect_uris: ["cursor://anysphere.cursor-retrieval/oauth/callback"],
  });
  const url = await own.decide(person, {}, { endpoints: [endpoint] });
  assert.equal(url.protocol, "cursor:");
  tokensOf(await own.redeem(url.searchParams.get("code")!));
});

/** Token requests that are refused without using up the code. */
const REFUSED: [string, Record<string, string | undefined>, string, number?][] = [
  ["another verifier (RFC 7636, 4.6)", { code_verifier: "x".repeat(43) }, "invalid_grant"],
  ["a verifier of another form (RFC 7636, 4.1)", { code_verifier: "short" }, "invalid_request"],
  ["no verifier", { code_verifier: undefined }, "invalid_request"],
  ["another redirect (RFC 6749, 4.1.3)", { redirect_uri: "https://x.example/" }, "invalid_grant"],
  ["no code", { code: undefined }, "invalid_request"],
  ["another grant type", { grant_type: "password" }, "unsupported_grant_type"],
  ["no grant type", { grant_type: undefined }, "invalid_request"],
  ["another server's resource", { resource: "https://x.example/" }, "invalid_target"],
  ["an endpoint nobody agreed to", { resource: "{other}" }, "invalid_target"],
  ["a wider scope", { scope: "mcp:write" }, "invalid_scope"],
  ["no client", { client_id: undefined }, "invalid_request"],
  ["an unknown client", { client_id: "bhc_unknown" }, "invalid_client", 401],
  ["a secret that there is not", { client_secret: "x" }, "invalid_client", 401],
];

for (const [title, fields, error, status] of REFUSED) {
  Deno.test(`a token request with ${title} is refused and leaves the code alone`, async () => {
    const other = await house.endpoint(person, "Other");
    const code = await app.code(person, [endpoint]);
    const sent = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, value?.replace("{other}", other.url)]),
    );
    refused(await app.redeem(code, sent), error, status);
    tokensOf(await app.redeem(code));
  });
}

Deno.test("a repeated parameter is refused (RFC 6749, 3.2), and one without a value is left out", async () => {
  const code = await app.code(person, [endpoint]);
  refused(await app.redeem(code, { code: [code, code] }), "invalid_request");
  refused(await app.redeem(code, { client_id: [app.clientId, app.clientId] }), "invalid_request");
  refused(await app.redeem(code, { code_verifier: "" }), "invalid_request");
  tokensOf(await app.redeem(code, { resource: "", scope: "" }));
});

Deno.test("a code is of its client alone (RFC 6749, 4.1.3)", async () => {
  const thief = await dynamicApp(house);
  const code = await app.code(person, [endpoint]);
  refused(await thief.redeem(code), "invalid_grant");
  tokensOf(await app.redeem(code));
});

Deno.test("a code lives five minutes (RFC 6749, 4.1.2)", async () => {
  const code = await app.code(person, [endpoint]);
  const { admin } = house;
  await admin`
    UPDATE oauth_authorizations SET code_expires_at = code_expires_at - interval '4 minutes 50 seconds'
    WHERE code_used_at IS NULL`;
  tokensOf(await app.redeem(code));
  const late = await app.code(person, [endpoint]);
  await admin`
    UPDATE oauth_authorizations SET code_expires_at = code_expires_at - interval '5 minutes'
    WHERE code_used_at IS NULL`;
  refused(await app.redeem(late), "invalid_grant");
});

Deno.test("a second use of a code revokes all that was issued from it (RFC 6749, 4.1.2)", async () => {
  const untouched = await app.connect(person, [endpoint]);
  const code = await app.code(person, [endpoint]);
  const first = tokensOf(await app.redeem(code));
  const next = tokensOf(await app.refresh(first.refresh));
  refused(await app.redeem(code), "invalid_grant");
  for (const token of [first.access, next.access]) {
    assert.equal((await call(endpoint, token)).status, 401);
  }
  refused(await app.refresh(next.refresh), "invalid_grant");
  assert.equal((await call(endpoint, untouched.access)).status, 200);
});

Deno.test("a client authenticates in the one way that it registered (RFC 6749, 2.3)", async () => {
  const inHeader = await dynamicApp(house, {}, "client_secret_basic");
  const inBody = await dynamicApp(house, {}, "client_secret_post");
  const wrong: [App, string][] = [
    [new App(house, inHeader.clientId, inHeader.redirectUri), "none"],
    [
      new App(
        house,
        inHeader.clientId,
        inHeader.redirectUri,
        inHeader.secret,
        "client_secret_post",
      ),
      "post",
    ],
    [
      new App(house, inHeader.clientId, inHeader.redirectUri, "wrong", "client_secret_basic"),
      "wrong",
    ],
    [
      new App(house, inBody.clientId, inBody.redirectUri, inBody.secret, "client_secret_basic"),
      "basic",
    ],
    [
      new App(house, inBody.clientId, inBody.redirectUri, inHeader.secret, "client_secret_post"),
      "other's",
    ],
    [new App(house, app.clientId, app.redirectUri, "any", "client_secret_basic"), "public"],
  ];
  for (const [own, title] of wrong) {
    const real = own.clientId === inHeader.clientId
      ? inHeader
      : own.clientId === inBody.clientId
      ? inBody
      : app;
    const code = await real.code(person, [endpoint]);
    const answer = await own.redeem(code);
    refused(answer, "invalid_client", 401);
    // RFC 6749, 5.2: a challenge to who tried HTTP authentication.
    const challenged = own.method === "client_secret_basic" ? 'Basic realm="bulkhead"' : null;
    assert.equal(answer.headers.get("www-authenticate"), challenged, title);
    tokensOf(await real.redeem(code));
  }
});

Deno.test("a client that authenticates in two ways at once is refused (RFC 6749, 2.3)", async () => {
  const own = await dynamicApp(house, {}, "client_secret_basic");
  const code = await own.code(person, [endpoint]);
  refused(await own.redeem(code, { client_secret: own.secret! }), "invalid_request");
  refused(await own.redeem(code, { client_id: app.clientId }), "invalid_client", 401);
  tokensOf(await own.redeem(code, { client_id: own.clientId }));
});

Deno.test("credentials that cannot be read are refused without a trace (RFC 6749, 2.3.1)", async () => {
  const fields = { grant_type: "authorization_code", code: "x", code_verifier: "x".repeat(43) };
  const headers = ["Basic", "Basic !!", "Basic " + btoa("nocolon"), "Bearer x", basic("", "x")];
  for (
    const authorization of [
      ...headers,
      "Basic " + btoa("%ZZ:%ZZ"),
      "Basic /w==",
      "Basic " + btoa(":"),
    ]
  ) {
    refused(
      await post(house.origin, "/oauth/token", fields, { authorization }),
      "invalid_client",
      401,
    );
  }
});

Deno.test("the token endpoint takes forms alone, of a bounded size, and hostile ones are no 500", async () => {
  const send = async (body: BodyInit, type: string) => {
    const answer = await fetch(`${house.origin}/oauth/token`, {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  const form = "application/x-www-form-urlencoded";
  refused(await send("{}", "application/json"), "invalid_request");
  refused(await send("grant_type=" + "x".repeat(20_000), form), "invalid_request");
  refused(await send("%ff%fe&&&===", form), "invalid_request");
  refused(
    await send("client_id=%00&grant_type=refresh_token&refresh_token=x", form),
    "invalid_request",
  );
  refused(await send("client_id=" + "x".repeat(9000), form), "invalid_client", 401);
  assert.deepEqual(house.logLines.filter((line) => line.includes('"error"')), []);
});
