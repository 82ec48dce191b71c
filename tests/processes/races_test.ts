import assert from "node:assert/strict";
import { createSignInLink } from "../../lib/auth/mod.ts";
import type { EndpointScope } from "../../lib/principal.ts";
import { Browser, csrfOf } from "../oauth/browser.ts";
import { App, dynamicApp, type MachineAnswer, refused, tokensOf } from "../oauth/app.ts";
import type { Endpoint } from "../oauth/house.ts";
import { openStage, type Someone, type Stage } from "./stage.ts";

let stage: Stage;
let ada: Someone;
let scope: EndpointScope;
let endpoint: Endpoint;
let app: App;

Deno.test.beforeAll(async () => {
  stage = await openStage();
  ada = await stage.someone("Ada");
  scope = await stage.endpoint(ada, "review");
  const { id, slug, name } = scope.endpoint;
  endpoint = { id, slug, name, url: `${stage.one.origin}/mcp/${slug}` };
  app = await dynamicApp(stage.house);
});
Deno.test.afterAll(() => stage[Symbol.asyncDispose]());

/** Does something fifty times at once, half of them at each server. */
const fifty = <T>(work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 50 }, (_, index) => work(index)));

/** The one of the answers that has the status; there is no other. */
function only<T extends { status: number }>(answers: readonly T[], status: number): T {
  const found = answers.filter((answer) => answer.status === status);
  const seen = answers.map((answer) => answer.status).sort().join(" ");
  assert.equal(found.length, 1, seen);
  return found[0]!;
}

Deno.test("of fifty that redeem a code at two processes, one succeeds", async () => {
  const code = await app.code(ada, [endpoint]);
  const answers = await fifty((index) => app.redeem(code, {}, stage.replica(stage.at(index))));
  only(answers, 200);
  for (const answer of answers) if (answer.status !== 200) refused(answer, "invalid_grant");
});

Deno.test("fifty that refresh at two processes get one successor, and a replay ends it", async () => {
  const { refresh } = await app.connect(ada, [endpoint]);
  const answers = await fifty((index) => app.refresh(refresh, {}, stage.replica(stage.at(index))));
  const successors = new Set(answers.map((answer) => tokensOf(answer).refresh));
  assert.equal(successors.size, 1);
  const [next] = successors;
  await stage.admin`
    UPDATE oauth_refresh_tokens SET used_at = used_at - interval '31 seconds'
    WHERE used_at IS NOT NULL`;
  const replays: MachineAnswer[] = await fifty((index) =>
    app.refresh(refresh, {}, stage.replica(stage.at(index)))
  );
  for (const answer of replays) refused(answer, "invalid_grant");
  refused(await app.refresh(next!, {}, stage.replica(stage.two)), "invalid_grant");
});

Deno.test("of fifty that rotate a token at two processes, one gets its successor", async () => {
  const actor = await stage.mint(ada);
  const { id, token } = await stage.mint(ada);
  const answers = await fifty((index) =>
    stage.rest(stage.at(index), actor.token).call("POST", `/v1/tokens/${id}/rotate`)
  );
  const { body } = only(answers, 201);
  for (const { status } of answers) assert.ok([201, 404, 409].includes(status), String(status));
  for (const process of [stage.one, stage.two]) {
    assert.equal((await stage.rest(process, token).call("GET", "/v1/tokens")).status, 401);
    const own = stage.rest(process, String(body["token"]));
    assert.equal((await own.call("GET", "/v1/tokens")).status, 200);
  }
});

Deno.test("of fifty that approve a change at two processes, one does it, once", async () => {
  const asker = await stage.mint(ada);
  const { structured } = await stage.call(stage.one, scope, asker.token, "update_row", {
    table: "item",
    key: 7,
    values: { n: 1 },
  });
  const [change] = await stage.waiting(scope);
  assert.ok(change, JSON.stringify(structured));
  const eve = await stage.mint(ada);
  const at = `/v1/endpoints/${scope.endpoint.slug}`;
  const { version } = await stage.rest(stage.one, eve.token).ok(
    200,
    "GET",
    `${at}/review/${change}`,
  );
  const answers = await fifty((index) =>
    stage.rest(stage.at(index), eve.token).call("POST", `${at}/changes/${change}/approve`, {
      version,
    })
  );
  only(answers, 200);
  for (const { status } of answers) assert.ok([200, 409].includes(status), String(status));
  const entries = await stage.rows(scope, "SELECT FROM bulkhead.journal WHERE op = 'update'");
  assert.equal(entries.length, 1);
});

Deno.test("of fifty that undo a change at two processes, one does, once", async () => {
  const { token } = await stage.mint(ada);
  const other = await stage.endpoint(ada, "direct");
  await stage.call(stage.one, other, token, "update_row", {
    table: "item",
    key: 7,
    values: { n: 1 },
  });
  const slug = other.endpoint.slug;
  const list = await stage.rest(stage.one, token).ok(200, "GET", `/v1/endpoints/${slug}/changes`);
  const [{ id }] = list["items"] as [{ id: string }];
  const path = `/v1/endpoints/${slug}/changes/${id}/undo`;
  const answers = await fifty((index) => stage.rest(stage.at(index), token).call("POST", path, {}));
  const done = answers.filter(({ status, body }) => status === 200 && body["restored"] === 1);
  assert.equal(done.length, 1, JSON.stringify(answers.map(({ status, body }) => [status, body])));
  const rows = await stage.rows(other, "SELECT n FROM item WHERE id = 7");
  assert.deepEqual(rows.map(({ n }) => n), [0]);
  const entries = await stage.rows(other, "SELECT FROM bulkhead.journal WHERE op = 'update'");
  assert.equal(entries.length, 2);
});

Deno.test("of fifty that use a sign-in link at two processes, one is signed in", async () => {
  const link = (await createSignInLink(stage.services, ada.tenant)).pathname;
  const [one, two] = [stage.one, stage.two].map(({ origin }) => new Browser(origin));
  const csrf_token = csrfOf(await one!.read(link));
  const answers = await fifty(async (index) => {
    const answer = await (index % 2 ? two! : one!).post(link, { csrf_token }, {
      origin: stage.one.origin,
    });
    await answer.body?.cancel();
    return answer;
  });
  const signedIn = answers.filter(({ headers }) =>
    headers.getSetCookie().some((cookie) => /session=[^;]+/.test(cookie))
  );
  assert.equal(signedIn.length, 1, answers.map(({ status }) => status).join(" "));
});
