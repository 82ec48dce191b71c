import assert from "node:assert/strict";
import { App, call, dynamicApp, refused, tokensOf } from "./app.ts";
import { type Endpoint, type House, type Person, type Replica, startHouse } from "./house.ts";

let house: House;
let other: Replica;
let person: Person;
let endpoint: Endpoint;
let app: App;

Deno.test.beforeAll(async () => {
  house = await startHouse();
  other = await house.replica();
  person = await house.person();
  endpoint = await house.endpoint(person);
  app = await dynamicApp(house);
});
Deno.test.afterAll(() => house[Symbol.asyncDispose]());

const FIFTY = Array.from({ length: 50 }, (_, index) => index);
/** Half of them at one server, half at the other. */
const at = (index: number) => index % 2 ? house : other;

Deno.test("of fifty that redeem a code at once at two servers, one succeeds", async () => {
  for (let round = 0; round < 3; round++) {
    const code = await app.code(person, [endpoint]);
    const answers = await Promise.all(FIFTY.map((index) => app.redeem(code, {}, at(index))));
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    for (const answer of answers) if (answer.status !== 200) refused(answer, "invalid_grant");
    // The others were second uses.
    const { access, refresh } = tokensOf(won[0]!);
    assert.equal((await call(endpoint, access)).status, 401);
    assert.equal((await call(endpoint, access, other)).status, 401);
    refused(await app.refresh(refresh), "invalid_grant");
  }
});

Deno.test("fifty that refresh at once at two servers get one and the same successor", async () => {
  for (let round = 0; round < 3; round++) {
    const { refresh } = await app.connect(person, [endpoint]);
    const answers = await Promise.all(FIFTY.map((index) => app.refresh(refresh, {}, at(index))));
    const tokens = answers.map(tokensOf);
    assert.equal(new Set(tokens.map((one) => one.refresh)).size, 1);
    const [{ count }] = await house.admin`
      SELECT count(*)::int AS count FROM oauth_refresh_tokens r
      JOIN oauth_refresh_tokens first ON first.authorization_id = r.authorization_id
      WHERE first.hash = sha256(convert_to(${refresh}, 'UTF8'))` as unknown as [{ count: number }];
    assert.equal(count, 2);
    assert.equal((await call(endpoint, tokens[7]!.access, at(1))).status, 200);
    tokensOf(await app.refresh(tokens[3]!.refresh, {}, other));
  }
});

Deno.test("of fifty that replay after the grace none succeeds, and the grant is revoked once", async () => {
  const own = await dynamicApp(house);
  const { refresh } = await own.connect(person, [endpoint]);
  const next = tokensOf(await own.refresh(refresh));
  await house.admin`
    UPDATE oauth_refresh_tokens SET used_at = used_at - interval '31 seconds'
    WHERE used_at IS NOT NULL`;
  const answers = await Promise.all(FIFTY.map((index) => own.refresh(refresh, {}, at(index))));
  for (const answer of answers) refused(answer, "invalid_grant");
  assert.equal((await call(endpoint, next.access, other)).status, 401);
  const events = await house.admin`
    SELECT detail FROM audit_events
    WHERE action = 'grant.revoked' AND detail ->> 'reason' = 'refresh_token_replayed'`;
  assert.equal(events.length, 1);
});

Deno.test("a token revoked at one server is refused by the other as soon as that has answered", async () => {
  for (let round = 0; round < 5; round++) {
    const { access, refresh } = await app.connect(person, [endpoint]);
    const next = tokensOf(await app.refresh(refresh, {}, other));
    for (const token of [access, next.access]) {
      for (const replica of [house, other]) {
        assert.equal((await call(endpoint, token, replica)).status, 200);
      }
    }
    await app.revoke(access, {}, house);
    assert.equal((await call(endpoint, access, other)).status, 401);
    assert.equal((await call(endpoint, next.access, other)).status, 200);
    await app.revoke(next.refresh, {}, house);
    assert.equal((await call(endpoint, next.access, other)).status, 401);
  }
});

Deno.test("what is issued while a grant is being revoked does not outlive it", async () => {
  for (let round = 0; round < 10; round++) {
    const own = await dynamicApp(house);
    const { refresh } = await own.connect(person, [endpoint]);
    const [refreshed, revoked] = await Promise.all([
      Promise.all(FIFTY.slice(0, 6).map((index) => own.refresh(refresh, {}, at(index)))),
      own.revoke(refresh, {}, other),
    ]);
    assert.equal(revoked.status, 200);
    for (const answer of refreshed) {
      if (answer.status !== 200) {
        refused(answer, "invalid_grant");
        continue;
      }
      const tokens = tokensOf(answer);
      assert.equal((await call(endpoint, tokens.access, house)).status, 401);
      refused(await own.refresh(tokens.refresh), "invalid_grant");
    }
  }
});

Deno.test("two agreements at once make one connection", async () => {
  const own = await dynamicApp(house);
  const codes = await Promise.all(FIFTY.slice(0, 8).map(() => own.code(person, [endpoint])));
  for (const code of codes) tokensOf(await own.redeem(code));
  const [row] = await house.admin`
    SELECT count(*)::int AS grants FROM oauth_grants WHERE app_id = ${own.clientId}`;
  assert.deepEqual(row, { grants: 1 });
});
