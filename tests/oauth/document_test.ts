import assert from "node:assert/strict";
import type { OutboundPolicy } from "../../lib/http/mod.ts";
import { App, call, tokensOf } from "./app.ts";
import { type Endpoint, type House, type Person, startHouse } from "./house.ts";

type Serve = (request: Request) => Response | Promise<Response>;

/** The site that client metadata documents lie on: `client.example` on a port of the loopback. */
let site: { origin: string; hits: string[]; answer: Serve; close(): Promise<void> };
let house: House;
let person: Person;
let endpoint: Endpoint;
/** What names resolve to; only the loopback stands for the public internet here. */
let addresses: string[] = ["127.0.0.1"];

const POLICY: OutboundPolicy = {
  allows: (address) => address === "127.0.0.1",
  resolve: () => Promise.resolve(addresses),
  allowsPlain: true,
};

Deno.test.beforeAll(async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    site.hits.push(new URL(request.url).pathname);
    return site.answer(request);
  });
  site = {
    origin: `http://client.example:${server.addr.port}`,
    hits: [],
    answer: () => new Response(null, { status: 404 }),
    close: () => server.shutdown(),
  };
  house = await startHouse(POLICY);
  person = await house.person();
  endpoint = await house.endpoint(person);
});
Deno.test.afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await site.close();
});

const CALLBACK = "https://client.example/callback";

const metadata = (clientId: string, more: Record<string, unknown> = {}) => ({
  client_id: clientId,
  client_name: "Documented",
  redirect_uris: [CALLBACK, "http://localhost:3000/cb"],
  token_endpoint_auth_method: "none",
  ...more,
});

let count = 0;

/** An app with a document at an address of its own. */
function documented(
  more: Record<string, unknown> = {},
  headers: Record<string, string> = { "cache-control": "max-age=600" },
): App {
  const clientId = `${site.origin}/clients/${++count}.json`;
  site.answer = (request) => {
    const { pathname } = new URL(request.url);
    return Response.json(metadata(`${site.origin}${pathname}`, more), { headers });
  };
  calm();
  return new App(house, clientId, CALLBACK);
}

/** Forgets what was counted, so that these many documents are not taken for a flood. */
const calm = () =>
  house.services.limiter.clear(
    { name: "oauth.document", attempts: 30, windowMs: 60_000 },
    person.tenant.userId,
  );

async function refusedAs(app: App, text: RegExp): Promise<void> {
  const answer = await app.ask(person);
  const html = await answer.text();
  assert.equal(answer.status, 400, html);
  assert.equal(answer.headers.get("location"), null);
  assert.match(html, text);
}

Deno.test("an app with a document gets in without registering (CIMD, 3)", async () => {
  const app = documented();
  const page = await (await app.ask(person, { resource: endpoint.url })).text();
  assert.match(page, /Authorize “Documented”\?/);
  assert.ok(page.includes(new URL(site.origin).host));
  const { access, refresh } = await app.connect(person, [endpoint], { resource: endpoint.url });
  assert.equal((await call(endpoint, access)).status, 200);
  tokensOf(await app.refresh(refresh));
  const list = await person.browser.read("/apps");
  assert.match(list, /Documented/);
});

Deno.test("a document is fetched once while its headers hold, and again after (CIMD, 4.4; RFC 9111)", async () => {
  const kept = documented();
  for (let round = 0; round < 3; round++) assert.equal((await kept.ask(person)).status, 200);
  assert.equal(site.hits.filter((path) => kept.clientId.endsWith(path)).length, 1);
  const fresh = documented({}, { "cache-control": "no-store" });
  for (let round = 0; round < 3; round++) assert.equal((await fresh.ask(person)).status, 200);
  assert.equal(site.hits.filter((path) => fresh.clientId.endsWith(path)).length, 3);
});

Deno.test("a failure is not kept (CIMD, 4.4)", async () => {
  const app = documented();
  const good = site.answer;
  site.answer = () => new Response(null, { status: 500 });
  await refusedAs(app, /no client metadata document/);
  site.answer = good;
  assert.equal((await app.ask(person)).status, 200);
});

const WRONG: [string, Record<string, unknown>, RegExp][] = [
  [
    "another client_id",
    { client_id: "https://client.example/other.json" },
    /names another client_id/,
  ],
  ["no client_id", { client_id: undefined }, /names another client_id/],
  ["no name", { client_name: undefined }, /no client_name/],
  ["no redirects", { redirect_uris: undefined }, /at least one redirect/],
  ["a redirect that may not be", { redirect_uris: ["javascript:alert(1)"] }, /Redirect URIs are/],
  ["a secret", { client_secret: "x" }, /holds a secret/],
  [
    "a method of shared secrets",
    { token_endpoint_auth_method: "client_secret_basic" },
    /no method/,
  ],
  ["signed assertions alone", { token_endpoint_auth_method: "private_key_jwt" }, /no method/],
  ["another grant", { grant_types: ["password"] }, /authorization_code/],
];

for (const [title, more, text] of WRONG) {
  Deno.test(`a document with ${title} is refused (CIMD, 4.1)`, async () => {
    await refusedAs(documented(more), text);
  });
}

Deno.test("a document that allows several methods may be used by none of them (CIMD, 8.2)", async () => {
  // The shape that a large hosted client publishes.
  const app = documented({
    grant_types: [
      "authorization_code",
      "refresh_token",
      "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ],
    response_types: ["code", "id_token"],
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_methods_supported: ["none", "private_key_jwt"],
    token_endpoint_auth_signing_alg: "RS256",
    jwks_uri: "https://client.example/jwks.json",
    logo_uri: "https://client.example/logo.png",
  });
  const { access } = await app.connect(person, [endpoint]);
  assert.equal((await call(endpoint, access)).status, 200);
});

const ANSWERS: [string, () => Response, RegExp][] = [
  [
    "a redirect",
    () => new Response(null, { status: 302, headers: { location: "/inside" } }),
    /no client metadata/,
  ],
  ["another status", () => Response.json({}, { status: 201 }), /no client metadata/],
  [
    "another type",
    () => new Response("{}", { headers: { "content-type": "text/html" } }),
    /no client metadata/,
  ],
  [
    "no JSON",
    () => new Response("{", { headers: { "content-type": "application/json" } }),
    /not valid JSON/,
  ],
  ["no object", () => Response.json([]), /names another client_id/],
  ["null", () => Response.json(null), /names another client_id/],
  ["more than 5 kB", () => Response.json({ x: "x".repeat(5200) }), /more than 5120 bytes/],
];

for (const [title, answer, text] of ANSWERS) {
  Deno.test(`a document's address that answers with ${title} is refused`, async () => {
    const app = documented();
    site.answer = answer;
    const before = site.hits.length;
    await refusedAs(app, text);
    assert.equal(site.hits.length, before + 1);
  });
}

Deno.test("an address inside is never asked, by name, number or rebinding (CIMD, 6.5)", async () => {
  const before = site.hits.length;
  for (const inside of [["10.0.0.1"], ["127.0.0.1", "169.254.169.254"], ["::1"], []]) {
    const app = documented();
    addresses = inside;
    try {
      await refusedAs(app, /not on the public internet/);
    } finally {
      addresses = ["127.0.0.1"];
    }
  }
  const { port } = new URL(site.origin);
  for (const host of ["127.0.0.2", "[::1]", "169.254.169.254", "[::ffff:7f00:1]"]) {
    await refusedAs(new App(house, `http://${host}:${port}/a.json`, CALLBACK), /public internet/);
  }
  assert.equal(site.hits.length, before);
});

Deno.test("only the canonical spelling of an address is a client (CIMD, 3)", async () => {
  const { host } = new URL(site.origin);
  const before = site.hits.length;
  for (
    const clientId of [
      `http://${host}/`,
      `http://${host}`,
      `http://${host}/a.json#x`,
      `http://${host}/a.json#`,
      `http://u:p@${host}/a.json`,
      `http://${host}/x/../a.json`,
      `http://${host}/./a.json`,
      `HTTP://${host}/a.json`,
      `ftp://${host}/a.json`,
    ]
  ) await refusedAs(new App(house, clientId, CALLBACK), /No app of this name is known/);
  assert.equal(site.hits.length, before);
});

Deno.test("the public server fetches over https from the public internet alone", async () => {
  await using strict = await startHouse();
  const visitor = await strict.person();
  for (const clientId of [`${site.origin}/clients/1.json`, "http://client.example/a.json"]) {
    const html = await (await new App(strict, clientId, CALLBACK).ask(visitor)).text();
    assert.match(html, /No app of this name is known/);
  }
  const { port } = new URL(site.origin);
  for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
    const app = new App(strict, `https://${host}:${port}/a.json`, CALLBACK);
    assert.match(await (await app.ask(visitor)).text(), /not on the public internet/);
  }
});

Deno.test("documents are fetched for people who are signed in, and for each a bounded number", async () => {
  const app = documented();
  const visitor = await house.person("Visitor");
  visitor.browser.signOut();
  const before = site.hits.length;
  const answer = await app.ask(visitor);
  assert.equal(answer.status, 303);
  assert.match(answer.headers.get("location")!, /^\/sign-in\?next=/);
  assert.equal(site.hits.length, before);
  const eager = await house.person("Eager");
  const statuses: number[] = [];
  for (let round = 0; round < 31; round++) {
    const own = new App(house, `${site.origin}/many/${round}.json`, CALLBACK);
    const got = await own.ask(eager);
    statuses.push(got.status);
    if (got.status === 429) assert.ok(Number(got.headers.get("retry-after")) > 0);
    await got.body?.cancel();
  }
  assert.deepEqual(statuses, [...Array(30).fill(200), 429]);
});

Deno.test("the redirect must be in the document, which may change (MCP, CIMD requirements)", async () => {
  const app = documented({}, { "cache-control": "no-cache" });
  const elsewhere = new App(house, app.clientId, "https://attacker.example/callback");
  await refusedAs(elsewhere, /not one that the app has registered/);
  const code = await app.code(person, [endpoint]);
  site.answer = () =>
    Response.json(metadata(app.clientId, { redirect_uris: ["https://client.example/new"] }));
  await refusedAs(app, /not one that the app has registered/);
  tokensOf(await app.redeem(code));
});

Deno.test("a loopback redirect of a document is warned of (MCP, localhost redirect risks)", async () => {
  const app = documented();
  const local = new App(house, app.clientId, "http://localhost:54321/cb");
  const html = await (await local.ask(person)).text();
  assert.match(html, /Access goes to a program on this computer \(localhost:54321\)/);
});

Deno.test("a client that never came to an agreement is none at the token endpoint", async () => {
  const app = documented();
  const { status, body } = await app.redeem("bhd_oac_" + "0".repeat(36));
  assert.deepEqual([status, body["error"]], [401, "invalid_client"]);
});
