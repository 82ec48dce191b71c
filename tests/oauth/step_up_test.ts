/** A write that is refused for want of scope, and what the client then hears (MCP, step-up authorization flow). */
import assert from "node:assert/strict";
import { type App, dynamicApp, refused, type Tokens, tokensOf } from "./app.ts";
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

/** Calls a tool that writes; answers the status, the challenge, and the text of the answer. */
async function write(token: string, at = endpoint) {
  const answer = await fetch(at.url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "insert_rows", arguments: { table: "none", rows: [{ a: 1 }] } },
    }),
  });
  const challenge = answer.headers.get("www-authenticate");
  return { status: answer.status, challenge, text: await answer.text() };
}

async function connected(to = endpoint): Promise<Tokens> {
  return await app.connect(person, [to], { scope: "mcp" });
}

Deno.test("a refused write names the scopes that would do (RFC 6750, 3.1; RFC 9728, 5.1)", async () => {
  const { access } = await connected();
  const { status, challenge } = await write(access);
  assert.equal(status, 403);
  const slug = new URL(endpoint.url).pathname;
  assert.equal(
    challenge,
    `Bearer error="insufficient_scope", ` +
      `resource_metadata="${house.origin}/.well-known/oauth-protected-resource${slug}", ` +
      `scope="mcp mcp:write"`,
  );
});

Deno.test("a refresh right after a refused write says to ask the person, once, and uses nothing up", async () => {
  const { access, refresh } = await connected();
  assert.equal((await write(access)).status, 403);
  refused(await app.refresh(refresh), "interaction_required");
  const next = tokensOf(await app.refresh(refresh));
  assert.equal(next.scope, "mcp");
  tokensOf(await app.refresh(next.refresh));
  // Agreed to meanwhile, the app writes as far as a table takes it.
  const writing = await app.connect(person, [endpoint], { scope: "mcp mcp:write" }, true, false);
  const done = await write(writing.access);
  assert.equal(done.status, 200);
  assert.match(done.text, /"isError":true/);
  tokensOf(await app.refresh(writing.refresh));
});

Deno.test("of many refreshes at once one says so, and the others are answered alike", async () => {
  const { access, refresh } = await connected();
  assert.equal((await write(access)).status, 403);
  const answers = await Promise.all(Array.from({ length: 10 }, () => app.refresh(refresh)));
  const asked = answers.filter(({ status }) => status !== 200);
  assert.equal(asked.length, 1);
  refused(asked[0]!, "interaction_required");
  const successors = new Set(
    answers.filter(({ status }) => status === 200).map((answer) => tokensOf(answer).refresh),
  );
  assert.equal(successors.size, 1);
});

Deno.test("a refresh much later, of another authorization or for a named scope is answered as ever", async () => {
  const late = await connected();
  assert.equal((await write(late.access)).status, 403);
  await house
    .admin`UPDATE oauth_authorizations SET step_up_until = step_up_until - interval '31 s'`;
  tokensOf(await app.refresh(late.refresh));
  const [one, other] = [await connected(), await connected()];
  assert.equal((await write(one.access)).status, 403);
  tokensOf(await app.refresh(other.refresh));
  tokensOf(await app.refresh(one.refresh, { scope: "mcp" }));
});

Deno.test("a refresh token that was replayed is punished all the same (RFC 9700, 4.14.2)", async () => {
  const { refresh } = await connected();
  const next = tokensOf(await app.refresh(refresh));
  await house.admin`
    UPDATE oauth_refresh_tokens SET used_at = used_at - interval '31 seconds'
    WHERE used_at IS NOT NULL`;
  assert.equal((await write(next.access)).status, 403);
  refused(await app.refresh(refresh), "invalid_grant");
  refused(await app.refresh(next.refresh), "invalid_grant");
});

Deno.test("where nothing can be given nobody is asked: no writes there, or a person who only reads", async () => {
  const library = await house.endpoint(person, "Library", "off");
  const reading = await connected(library);
  const { status, challenge, text } = await write(reading.access, library);
  assert.deepEqual([status, challenge], [200, null]);
  assert.match(text, /has not turned writes on/);
  tokensOf(await app.refresh(reading.refresh));

  const viewer = await house.person("Viewer");
  const place = await house.endpoint(viewer, "Place");
  const { access, refresh } = await app.connect(viewer, [place], { scope: "mcp" });
  await house.setRole(viewer, "viewer");
  assert.equal((await write(access, place)).status, 403);
  tokensOf(await app.refresh(refresh));
});
