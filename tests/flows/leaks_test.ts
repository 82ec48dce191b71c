import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { principalOf, readSession } from "../../lib/auth/mod.ts";
import { listTokens, mintToken, newToken } from "../../lib/tokens/mod.ts";
import { GITHUB_LEAKS_PATH } from "../../routes/webhooks/github_secret_scanning.ts";
import { CookieJar, requestOf, startSite, testTenant, testToken } from "../harness/mod.ts";
import { call, dynamicApp, refused } from "../oauth/app.ts";
import { startHouse } from "../oauth/house.ts";
import { member } from "./accounts_setup.ts";

const KEY_ID = "90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a";
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const match = (token: string, url = "https://github.example/octo/cat/blob/1/.env") => ({
  token,
  type: "bulkhead_token",
  url,
  source: "commit",
});

/** The site, and GitHub beside it. */
async function start() {
  await using stack = new AsyncDisposableStack();
  const key = publicKey.export({ type: "spki", format: "pem" }) as string;
  const github = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ public_keys: [{ key_identifier: KEY_ID, key, is_current: true }] }),
  );
  stack.defer(() => github.shutdown());
  const githubKeysUrl = `http://127.0.0.1:${github.addr.port}/`;
  const site = stack.use(await startSite({ githubKeysUrl }));
  const owner = await testTenant(site.services, "Owner");
  const kept = stack.move();
  return {
    ...site,
    owner,
    /** Whether a token is let in. */
    async works(token: string): Promise<boolean> {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${site.server}/v1/tokens`, { headers });
      await answer.body?.cancel();
      assert(answer.ok || answer.status === 401);
      return answer.ok;
    },
    /** Reports as GitHub does; `headers` take the place of its own. */
    async report(body: unknown, headers: Record<string, string> = {}) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const answer = await fetch(site.server + GITHUB_LEAKS_PATH, {
        method: "POST",
        body: text,
        headers: {
          "content-type": "application/json",
          "github-public-key-identifier": KEY_ID,
          "github-public-key-signature": sign("SHA256", new TextEncoder().encode(text), privateKey)
            .toString("base64"),
          ...headers,
        },
      });
      return { status: answer.status, headers: answer.headers, body: await answer.json() };
    },
    /** The audit entries of a tenant's revoked tokens. */
    revocations: (tenantId = owner.tenantId) =>
      site.services.control.tenant(tenantId, async (tx) => [
        ...await tx<{ kind: string; subject: string; detail: Record<string, unknown> }[]>`
          SELECT actor_kind AS kind, subject, detail FROM audit_events
          WHERE action = 'token.revoked' ORDER BY at, id`,
      ]),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const labels = (body: { label: string }[]) => body.map(({ label }) => label);

Deno.test("what GitHub reports is revoked before it is answered, in every tenant", async () => {
  await using site = await start();
  const other = await testTenant(site.services, "Other");
  const mine = await testToken(site.services, site.owner);
  const spared = await testToken(site.services, site.owner);
  const theirs = await testToken(site.services, other);
  for (const token of [mine, spared, theirs]) assert(await site.works(token));

  const strange = newToken("pat");
  const leakedAt = `https://github.example/search?q=${mine}\u0000`;
  const { status, body, headers } = await site.report([
    match(mine, leakedAt),
    match(strange),
    match(theirs),
    match(mine),
  ]);
  assert.equal(status, 200);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.deepEqual(body[0], {
    token_raw: mine,
    token_type: "bulkhead_token",
    label: "true_positive",
  });
  assert.deepEqual(labels(body), [
    "true_positive",
    "false_positive",
    "true_positive",
    "true_positive",
  ]);
  assert.equal(await site.works(mine), false);
  assert.equal(await site.works(theirs), false);
  assert.equal(await site.works(spared), true);

  const [entry, ...more] = await site.revocations();
  assert.deepEqual(more, []);
  assert.equal(entry!.kind, "system");
  assert.equal(entry!.subject, "test");
  assert.equal(entry!.detail["by"], "github");
  assert.equal(entry!.detail["url"], `https://github.example/search?q=${mine.slice(0, 12)}…`);
  assert.equal((await site.revocations(other.tenantId)).length, 1);
  const left = await listTokens(site.services, site.owner.scope);
  assert.equal(left.tokens.length, 1);

  const logged = site.logLines.join("\n");
  for (const token of [mine, theirs, strange]) assert(!logged.includes(token));
});

Deno.test("a report that is repeated, also at once, changes nothing more", async () => {
  await using site = await start();
  const token = await testToken(site.services, site.owner);
  const answers = await Promise.all([1, 2, 3].map(() => site.report([match(token)])));
  answers.push(await site.report([match(token)]));
  for (const { status, body } of answers) {
    assert.equal(status, 200);
    assert.deepEqual(labels(body), ["true_positive"]);
  }
  assert.equal((await site.revocations()).length, 1);
  assert.deepEqual((await site.report([])).body, []);
});

Deno.test("nothing is revoked that GitHub did not sign", async () => {
  await using site = await start();
  const token = await testToken(site.services, site.owner);
  const body = JSON.stringify([match(token)]);
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const forged = sign("SHA256", new TextEncoder().encode(body), other).toString("base64");
  const ofOther = sign("SHA256", new TextEncoder().encode("[]"), privateKey).toString("base64");
  for (
    const headers of [
      { "github-public-key-signature": forged },
      { "github-public-key-signature": ofOther },
      { "github-public-key-signature": "nonsense" },
      { "github-public-key-signature": "" },
      { "github-public-key-identifier": "" },
      { "github-public-key-identifier": "0".repeat(64) },
    ]
  ) {
    const answer = await site.report(body, headers);
    assert.equal(answer.status, 401, JSON.stringify(headers));
    assert.equal(answer.body.code, "AUTHENTICATION_REQUIRED");
  }
  assert(await site.works(token));
  assert.deepEqual(await site.revocations(), []);
});

Deno.test("a report is refused that is too large, no report, or not posted", async () => {
  await using site = await start();
  assert.equal((await site.report(`[${" ".repeat(1024 * 1024)}]`)).status, 413);
  assert.equal((await site.report("[]", { "content-type": "text/plain" })).status, 415);
  for (const body of ["{", "{}", "null", '[{"token":1}]', "[[[]]]", '["bhd_pat_"]']) {
    assert.equal((await site.report(body)).status, 400, body);
  }
  const answer = await fetch(site.server + GITHUB_LEAKS_PATH);
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get("allow"), "POST");
});

Deno.test("who forges reports is slowed down", async () => {
  await using site = await start();
  const statuses = new Set<number>();
  for (let round = 0; round < 61; round++) {
    const { status } = await site.report("[]", { "github-public-key-signature": "nonsense" });
    statuses.add(status);
  }
  assert.deepEqual([...statuses], [401, 429]);
});

Deno.test("anybody revokes a token at /leaked, and is told the same of one that is none", async () => {
  await using site = await start();
  const token = await testToken(site.services, site.owner);
  const visitor = site.browser();
  const [first, again, gone] = [
    await visitor.submit("/leaked", { token: ` ${token} ` }),
    await visitor.submit("/leaked", { token }),
    await visitor.submit("/leaked", { token: newToken("pat") }),
  ];
  assert.equal(first.status, 303);
  for (const answer of [again, gone]) {
    assert.deepEqual([answer.status, answer.location], [first.status, first.location]);
  }
  assert.equal(await site.works(token), false);
  const told = await visitor.read(first.location!);
  assert(told.includes("refused from now on") && !told.includes(token));
  const [entry, ...more] = await site.revocations();
  assert.deepEqual(more, []);
  assert.deepEqual([entry!.kind, entry!.detail["by"]], ["system", "page"]);
  assert(!site.logLines.join("\n").includes(token));
});

Deno.test("/leaked says what has not the form of a token, and repeats nothing of it", async () => {
  await using site = await start();
  const visitor = site.browser();
  for (const token of ["", "hunter2hunter2", `bhd_pat_${"A".repeat(36)}`]) {
    const { status, text } = await visitor.submit("/leaked", { token });
    assert.equal(status, 422);
    assert(text.includes("form of a token"));
    assert(token === "" || !text.includes(token));
  }
});

Deno.test("/leaked takes no form from elsewhere, and twenty of a network", async () => {
  await using site = await start();
  const token = await testToken(site.services, site.owner);
  const visitor = site.browser();
  await visitor.read("/leaked");
  const foreign = await visitor.submit("/leaked", { token, csrf_token: "x".repeat(43) });
  assert.equal(foreign.status, 403);
  assert(await site.works(token));
  const statuses: number[] = [];
  for (let round = 0; round < 21; round++) {
    statuses.push((await visitor.submit("/leaked", { token: "none" })).status);
  }
  assert.equal(statuses.filter((status) => status === 422).length, 20);
  assert.equal(statuses.at(-1), 429);
  const stopped = await visitor.submit("/leaked", { token });
  assert.match(stopped.headers.get("retry-after") ?? "", /^\d+$/);
  assert(await site.works(token));
});

Deno.test("an OAuth token that leaks ends the connection that it belongs to", async (t) => {
  await using house = await startHouse();
  const person = await house.person();
  const endpoint = await house.endpoint(person);
  // Another process, which has just seen the token and trusts it.
  const replica = await house.replica();
  const elsewhere = { ...endpoint, url: `${replica.origin}/mcp/${endpoint.slug}` };
  const app = await dynamicApp(house);
  const visitor = new CookieJar(house.origin);
  for (const which of ["access", "refresh"] as const) {
    await t.step(which, async () => {
      const first = await app.connect(person, [endpoint]);
      const second = await app.connect(person, [endpoint]);
      for (const at of [endpoint, elsewhere]) {
        assert.equal((await call(at, second.access)).status, 200);
      }
      assert.equal((await visitor.submit("/leaked", { token: first[which] })).status, 303);
      for (const { access, refresh } of [first, second]) {
        assert.equal((await call(elsewhere, access)).status, 401);
        assert.equal((await call(endpoint, access)).status, 401);
        refused(await app.refresh(refresh), "invalid_grant");
      }
      assert(![first.access, first.refresh].some((token) => house.logLines.join().includes(token)));
    });
  }
  const { tenantId } = person.tenant;
  const entries = await house.services.control.tenant(
    tenantId,
    (tx) =>
      tx<{ action: string; reason: string | null }[]>`
      SELECT action, detail->>'reason' AS reason FROM audit_events
      WHERE actor_kind = 'system' AND action IN ('token.revoked', 'grant.revoked')`,
  );
  assert.equal(entries.filter(({ action }) => action === "token.revoked").length, 2);
  assert.equal(entries.filter(({ reason }) => reason === "leaked").length, 2);
});

Deno.test("a report as large as may be is answered match by match", async () => {
  await using site = await start();
  const token = await testToken(site.services, site.owner);
  const strangers = Array.from({ length: 5000 }, () => match(newToken("pat")));
  const { status, body } = await site.report([...strangers, match(token)]);
  assert.equal(status, 200);
  assert.equal(body.length, 5001);
  assert.deepEqual(
    labels(body).flatMap((label, at) => label === "true_positive" ? [at] : []),
    [5000],
  );
  assert.equal(await site.works(token), false);
});

Deno.test("owners, admins and the maker are told of a leak once, and of nothing that ended before", async () => {
  await using site = await startSite();
  const { services } = site;
  const ada = await member(site, "ada@example.com");
  for (const [email, role] of [["eve@example.com", "admin"], ["mo@example.com", "member"]]) {
    await ada.submit("/team/invitations", { email: email!, role: role! }, "/team");
    const { path } = await site.mail(email!);
    const browser = await member(site, email!);
    await browser.submit(path);
  }
  const session = (await readSession(services, ada.cookies.get("bulkhead_session")!))!;
  const { token } = await mintToken(services, requestOf(principalOf(session)), {
    name: "CI\u202e\nOpen https://evil.example",
    scope: "mcp",
    abilities: ["rows:read"],
    endpoints: "all",
    expiresAt: null,
  });
  const told = async () => {
    await services.mailer.settle();
    return services.mailer.mailbox!.list()
      .filter(({ subject }) => subject === "A leaked token was revoked");
  };
  const visitor = site.browser();
  await visitor.submit("/leaked", { token });
  const mails = await told();
  assert.deepEqual(mails.map(({ to }) => to).sort(), ["ada@example.com", "eve@example.com"]);
  for (const { text } of mails) {
    assert(!text.includes(token), "the token itself is in no mail");
    assert(text.includes(token.slice(0, 12)));
    assert.match(text, /^The token “CI Open https:\/\/evil\.example” \(/);
    assert.match(text, /\/tokens\n/);
  }
  await visitor.submit("/leaked", { token });
  await visitor.submit("/leaked", { token: newToken("pat") });
  assert.equal((await told()).length, 2);
});
