/** The same requests to ours and to a certified server: what they answer, and where they may differ. */
import assert from "node:assert/strict";
import {
  App,
  basic,
  challengeOf,
  dynamicApp,
  encode,
  type Fields,
  linkOf,
  post,
  register,
} from "./app.ts";
import { type Endpoint, type House, type Person, startHouse } from "./house.ts";
import { type Method, type Oracle, startOracle } from "./oracle.ts";
import {
  type Asking,
  AUTHORIZATIONS,
  type Case,
  EXCHANGES,
  type Outcome,
  REDIRECT,
  REFRESHES,
  REGISTRATIONS,
  REVOCATIONS,
} from "./oracle_corpus.ts";

const VERIFIER = "a-verifier-of-forty-three-characters-or-more.~_";

/** A server as the corpus asks it. */
interface Side {
  /** A value of the corpus, as this server knows it: its endpoints, its clients. */
  value(text: string): string;
  authorize(fields: Fields): Promise<Response>;
  readonly tokenPath: string;
  readonly revokePath: string;
  readonly registerUrl: string;
  readonly origin: string;
  credentials(method: Method | "other"): { clientId: string; secret: string | null };
}

let house: House;
let person: Person;
let endpoint: Endpoint;
let apps: Readonly<Record<Method | "other", App>>;
let oracle: Oracle;
let ours: Side;
let theirs: Side;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  person = await house.person();
  endpoint = await house.endpoint(person);
  const second = await house.endpoint(person, "Second");
  apps = {
    none: await dynamicApp(house),
    other: await dynamicApp(house),
    client_secret_basic: await dynamicApp(house, {}, "client_secret_basic"),
    client_secret_post: await dynamicApp(house, {}, "client_secret_post"),
  };
  oracle = await startOracle(REDIRECT, [endpoint.url, second.url]);
  const value = (clientOf: (name: string) => string) => (text: string) =>
    text.replace("{first}", endpoint.url).replace("{second}", second.url)
      .replace(/\{client:(\w+)\}/, (_, name) => clientOf(name));
  ours = {
    origin: house.origin,
    tokenPath: "/oauth/token",
    revokePath: "/oauth/revoke",
    registerUrl: "/oauth/register",
    value: value((name) => apps[name as Method].clientId),
    credentials: (method) => apps[method],
    async authorize(fields) {
      const page = await person.browser.go(`/oauth/authorize?${encode(fields)}`);
      const html = await page.text();
      if (page.status !== 200) {
        // An error: the person presses the link, if there is one.
        const link = linkOf(html);
        return new Response(null, link ? { status: 303, headers: { location: link.href } } : page);
      }
      // Everybody agrees to reading at once, as at the oracle.
      const app = new App(house, String(fields["client_id"]), REDIRECT);
      const resource = fields["resource"];
      const endpoints = resource === endpoint.url ? [endpoint] : [endpoint, second];
      const url = await app.decide(person, fields, { endpoints });
      return new Response(null, { status: 303, headers: { location: url.href } });
    },
  };
  theirs = {
    origin: oracle.origin,
    tokenPath: "/token",
    revokePath: "/token/revocation",
    registerUrl: "/reg",
    value: value((name) => name),
    credentials: (method) => ({
      clientId: method,
      secret: method === "none" || method === "other" ? null : oracle.secret,
    }),
    authorize: (fields) => oracle.authorize(encode(fields).toString()),
  };
});
Deno.test.afterAll(async () => {
  await oracle[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

function compare({ title, differs }: Case, mine: Outcome, other: Outcome): void {
  if (!differs) return assert.equal(mine, other, title);
  assert.ok(differs.because.length > 20);
  assert.deepEqual([mine, other], [differs.ours, differs.theirs], title);
}

const translate = (side: Side, fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? side.value(value) : value.map((one) => side.value(one)),
    ]),
  );

const request = (fields: Fields = {}): Fields => ({
  response_type: "code",
  client_id: "{client:none}",
  redirect_uri: REDIRECT,
  scope: "mcp",
  state: "state",
  code_challenge: challengeOf(VERIFIER),
  code_challenge_method: "S256",
  resource: "{first}",
  ...fields,
});

async function authorized(side: Side, fields: Fields): Promise<URL | number> {
  const answer = await side.authorize(translate(side, request(fields)));
  await answer.body?.cancel();
  const location = answer.headers.get("location");
  return location?.startsWith(REDIRECT) ? new URL(location) : answer.status;
}

async function authorization(side: Side, fields: Fields): Promise<Outcome> {
  const url = await authorized(side, fields);
  if (typeof url === "number") return "a page";
  // Errors of the implicit grant come in the fragment there (RFC 6749, 4.2.2.1).
  const searchParams = new URLSearchParams(url.search || url.hash.slice(1));
  assert.equal(searchParams.get("iss"), side.origin);
  return searchParams.get("error") ?? (searchParams.has("code") ? "a code" : url.search);
}

for (const one of AUTHORIZATIONS) {
  Deno.test(`the oracle and ours authorize alike: ${one.title}`, async () => {
    compare(one, await authorization(ours, one.fields), await authorization(theirs, one.fields));
  });
}

async function send(side: Side, path: string, usual: Fields, asking: Asking): Promise<Outcome> {
  const { as = "none" } = asking;
  const fields: Record<string, string | readonly string[] | undefined> = { ...usual };
  const headers: Record<string, string> = {};
  const confidential = side.credentials("client_secret_basic");
  if (as === "wrong secret") headers["authorization"] = basic(confidential.clientId, "wrong");
  else if (as === "wrong method") {
    fields["client_id"] = confidential.clientId;
    fields["client_secret"] = confidential.secret!;
  } else if (as !== "nobody") {
    const { clientId, secret } = side.credentials(as);
    if (as === "client_secret_basic") headers["authorization"] = basic(clientId, secret!);
    else fields["client_id"] = clientId;
    if (as === "client_secret_post") fields["client_secret"] = secret!;
  }
  Object.assign(fields, asking.fields);
  const present = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Fields;
  const answer = await fetch(side.origin + path, {
    method: "POST",
    body: encode(translate(side, present)),
    headers,
  });
  const text = await answer.text();
  if (side === ours) assert.equal(answer.headers.get("cache-control"), "no-store", text);
  return answer.status === 200 ? "200" : `${answer.status} ${JSON.parse(text).error}`;
}

/** The client that the request is about: whose code or token it carries. */
const ownerOf = ({ as = "none" }: Asking): Method =>
  as === "client_secret_basic" || as === "client_secret_post"
    ? as
    : as === "wrong secret" || as === "wrong method"
    ? "client_secret_basic"
    : "none";

async function codeOf(side: Side, owner: Method, fields: Fields = {}): Promise<string> {
  const url = await authorized(side, { client_id: `{client:${owner}}`, ...fields });
  assert.ok(url instanceof URL, `${side.origin} ${url}`);
  return url.searchParams.get("code")!;
}

const usualExchange = (code: string): Fields => ({
  grant_type: "authorization_code",
  code,
  redirect_uri: REDIRECT,
  code_verifier: VERIFIER,
});

for (const one of EXCHANGES) {
  Deno.test(`the oracle and ours exchange codes alike: ${one.title}`, async () => {
    const outcomes: Outcome[] = [];
    for (const side of [ours, theirs]) {
      const code = await codeOf(side, ownerOf(one));
      outcomes.push(await send(side, side.tokenPath, usualExchange(code), one));
    }
    compare(one, outcomes[0]!, outcomes[1]!);
  });
}

async function tokensAt(side: Side, owner: Method): Promise<{ access: string; refresh: string }> {
  const code = await codeOf(side, owner);
  const { clientId, secret } = side.credentials(owner);
  const headers: Record<string, string> = owner === "client_secret_basic"
    ? { authorization: basic(clientId, secret!) }
    : {};
  const { status, body } = await post(side.origin, side.tokenPath, {
    ...usualExchange(code),
    ...(owner === "client_secret_basic" ? {} : { client_id: clientId }),
    ...(owner === "client_secret_post" ? { client_secret: secret! } : {}),
  }, headers);
  assert.equal(status, 200, JSON.stringify(body));
  return { access: String(body["access_token"]), refresh: String(body["refresh_token"]) };
}

for (const one of REFRESHES) {
  Deno.test(`the oracle and ours refresh alike: ${one.title}`, async () => {
    const outcomes: Outcome[] = [];
    for (const side of [ours, theirs]) {
      const { refresh } = await tokensAt(side, ownerOf(one));
      const usual = { grant_type: "refresh_token", refresh_token: refresh };
      outcomes.push(await send(side, side.tokenPath, usual, one));
    }
    compare(one, outcomes[0]!, outcomes[1]!);
  });
}

for (const one of REVOCATIONS) {
  Deno.test(`the oracle and ours revoke alike: ${one.title}`, async () => {
    const outcomes: Outcome[] = [];
    for (const side of [ours, theirs]) {
      const { refresh } = await tokensAt(side, ownerOf(one));
      outcomes.push(await send(side, side.revokePath, { token: refresh }, one));
    }
    compare(one, outcomes[0]!, outcomes[1]!);
  });
}

Deno.test("the oracle and ours end everything when a code comes twice, or a refresh token does", async () => {
  for (const side of [ours, theirs]) {
    const code = await codeOf(side, "none");
    const usual = usualExchange(code);
    const { clientId } = side.credentials("none");
    const first = await post(side.origin, side.tokenPath, { ...usual, client_id: clientId });
    assert.equal(first.status, 200);
    const again = { title: "again" };
    assert.equal(await send(side, side.tokenPath, usual, again), "400 invalid_grant");
    const refresh_token = String(first.body["refresh_token"]);
    const refreshing = { grant_type: "refresh_token", refresh_token };
    assert.equal(await send(side, side.tokenPath, refreshing, again), "400 invalid_grant");
  }
});

const metadata = (fields: Record<string, unknown>) => ({
  redirect_uris: [REDIRECT],
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  ...fields,
});

for (const one of REGISTRATIONS) {
  Deno.test(`the oracle and ours register alike: ${one.title}`, async () => {
    const outcomes: Outcome[] = [];
    for (const side of [ours, theirs]) {
      const answer = side === ours
        ? await register(side.origin, metadata(one.metadata))
        : await registerAt(side, metadata(one.metadata));
      outcomes.push(answer.status === 201 ? "201" : `${answer.status} ${answer.body["error"]}`);
    }
    compare(one, outcomes[0]!, outcomes[1]!);
  });
}

async function registerAt(side: Side, document: unknown) {
  const answer = await fetch(side.origin + side.registerUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(document),
  });
  return { status: answer.status, body: await answer.json() as Record<string, unknown> };
}
