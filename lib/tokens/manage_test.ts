import assert from "node:assert/strict";
import { createEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import { newId, type TokenId } from "../ids.ts";
import { ABILITIES, type Principal, type RequestScope, ROW_WRITES } from "../principal.ts";
import type { Services } from "../services.ts";
import {
  presentedFrom,
  requestOf,
  testServices,
  type TestTenant,
  testTenant,
} from "../../tests/harness/mod.ts";
import {
  authenticate,
  listTokens,
  type MintedToken,
  mintToken,
  revokeToken,
  rotateToken,
  type TokenRequest,
} from "./mod.ts";

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof AppError && error.code === code;

const request = (changes: Partial<TokenRequest> = {}): TokenRequest => ({
  name: "agent",
  scope: "mcp",
  abilities: ["rows:read"],
  endpoints: "all",
  ...changes,
});

/** What a request with this token carries. */
async function actingBy(services: Services, { token }: MintedToken): Promise<RequestScope> {
  return requestOf(await authenticate(services, presentedFrom(`Bearer ${token}`)));
}

async function auditOf(services: Services, { tenantId }: TestTenant) {
  const rows = await services.control.tenant(
    tenantId,
    (tx) =>
      tx<{ action: string; subject: string; detail: Record<string, unknown> }[]>`
        SELECT action, subject, detail FROM audit_events
        WHERE action LIKE 'token.%' ORDER BY id`,
  );
  return [...rows];
}

Deno.test("mintToken() refuses what makes no token", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const faults: Partial<TokenRequest>[] = [
    { abilities: [] },
    { endpoints: [] },
    { name: "  " },
    { expiresAt: new Date(Date.now() - 1000) },
    { expiresAt: new Date(NaN) },
  ];
  for (const fault of faults) {
    await assert.rejects(
      mintToken(services, tenant.scope, request(fault)),
      refusedWith("INVALID_ARGUMENTS"),
      JSON.stringify(fault),
    );
  }
  assert.deepEqual((await listTokens(services, tenant.scope)).tokens, []);
  assert.deepEqual(await auditOf(services, tenant), []);
});

Deno.test("mintToken() binds to the tenant's own endpoints alone", async () => {
  await using test = await testServices();
  const { services } = test;
  const a = await testTenant(services, "A");
  const b = await testTenant(services, "B");
  const ofA = await createEndpoint(services, a.scope, "data");
  const ofB = await createEndpoint(services, b.scope, "data");
  for (const endpoints of [[ofB.endpoint.id], [ofA.endpoint.id, ofB.endpoint.id], [newId()]]) {
    await assert.rejects(
      mintToken(services, a.scope, request({ endpoints: endpoints as never })),
      refusedWith("ACCESS_DENIED"),
    );
  }
  const { id } = ofA.endpoint;
  const { view } = await mintToken(services, a.scope, request({ endpoints: [id, id] }));
  assert.deepEqual(view.endpoints, [{ id, slug: ofA.endpoint.slug, name: "data", tables: null }]);
  assert.deepEqual((await listTokens(services, a.scope)).tokens, [view]);
  assert.deepEqual((await listTokens(services, b.scope)).tokens, []);
});

Deno.test("mintToken() by a token gives at most what that token has", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const one = await createEndpoint(services, tenant.scope, "one");
  const two = await createEndpoint(services, tenant.scope, "two");
  const expiresAt = new Date(Date.now() + 3_600_000);
  const abilities = ["rows:read", "api:tokens:write"] as const;
  const endpoints = [one.endpoint.id];
  const maker = await mintToken(
    services,
    tenant.scope,
    request({ abilities, endpoints, expiresAt }),
  );
  const scope = await actingBy(services, maker);
  const within = request({ endpoints, expiresAt });
  const beyond: [Partial<TokenRequest>, string][] = [
    [{ abilities: ["files:write"] }, "INSUFFICIENT_SCOPE"],
    [{ abilities: [...abilities, "api:tokens:read"] }, "INSUFFICIENT_SCOPE"],
    [{ scope: "mcp:write" }, "INSUFFICIENT_SCOPE"],
    [{ endpoints: "all" }, "ACCESS_DENIED"],
    [{ endpoints: [two.endpoint.id] }, "ACCESS_DENIED"],
    [{ endpoints: [...endpoints, two.endpoint.id] }, "ACCESS_DENIED"],
    [{ expiresAt: null }, "INVALID_ARGUMENTS"],
    [{ expiresAt: new Date(expiresAt.getTime() + 1) }, "INVALID_ARGUMENTS"],
  ];
  for (const [change, code] of beyond) {
    await assert.rejects(
      mintToken(services, scope, { ...within, ...change }),
      refusedWith(code),
      JSON.stringify(change),
    );
  }
  const made = await mintToken(services, scope, within);
  assert.deepEqual((await actingBy(services, made)).principal.abilities, new Set(["rows:read"]));
  // Without the ability, nothing at all.
  await assert.rejects(
    mintToken(services, await actingBy(services, made), within),
    refusedWith("INSUFFICIENT_SCOPE"),
  );
});

Deno.test("mintToken() gives no ability to change rows to a token that only reads", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  for (const ability of ROW_WRITES) {
    const abilities = ["rows:read", ability] as const;
    await assert.rejects(
      mintToken(services, tenant.scope, request({ abilities })),
      (error) =>
        error instanceof AppError && error.code === "INVALID_ARGUMENTS" &&
        /mcp:write/.test(error.detail ?? ""),
    );
    const made = await mintToken(
      services,
      tenant.scope,
      request({ scope: "mcp:write", abilities }),
    );
    assert((await actingBy(services, made)).principal.abilities.has(ability));
  }
});

Deno.test("mintToken() by a token that was revoked meanwhile makes nothing", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const maker = await mintToken(
    services,
    tenant.scope,
    request({ abilities: ["api:tokens:write"] }),
  );
  // As another replica sees it for up to a second: the principal from before the revocation.
  const stale = await actingBy(services, maker);
  await revokeToken(services, tenant.scope, maker.view.id);
  await assert.rejects(
    mintToken(services, stale, request({ abilities: ["api:tokens:write"] })),
    refusedWith("AUTHENTICATION_REQUIRED"),
  );
});

Deno.test("rotateToken() and revokeToken() reach no further than the one who acts", async () => {
  await using test = await testServices();
  const { services } = test;
  const a = await testTenant(services, "A");
  const b = await testTenant(services, "B");
  const one = await createEndpoint(services, a.scope, "one");
  const two = await createEndpoint(services, a.scope, "two");
  const ofB = await mintToken(services, b.scope, request());
  const strong = await mintToken(
    services,
    a.scope,
    request({ scope: "mcp:write", abilities: ABILITIES, endpoints: [one.endpoint.id] }),
  );
  const elsewhere = await mintToken(services, a.scope, request({ endpoints: [two.endpoint.id] }));
  const everywhere = await mintToken(services, a.scope, request());
  const weak = await actingBy(
    services,
    await mintToken(
      services,
      a.scope,
      request({
        abilities: ["api:tokens:read", "api:tokens:write"],
        endpoints: [one.endpoint.id],
      }),
    ),
  );
  // A new secret of a stronger token would be a way up.
  await assert.rejects(
    rotateToken(services, weak, strong.view.id),
    refusedWith("INSUFFICIENT_SCOPE"),
  );
  for (const view of [ofB.view, elsewhere.view, everywhere.view, { id: newId<TokenId>() }]) {
    for (const act of [rotateToken, revokeToken]) {
      await assert.rejects(act(services, weak, view.id), refusedWith("NOT_FOUND"));
    }
  }
  await assert.rejects(revokeToken(services, a.scope, ofB.view.id), refusedWith("NOT_FOUND"));
  const seen = (await listTokens(services, weak)).tokens.map(({ id }) => id);
  assert.deepEqual(new Set(seen), new Set([strong.view.id, weak.principal.tokenId]));
  for (const kept of [ofB, strong, elsewhere, everywhere]) await actingBy(services, kept);
});

Deno.test("rotateToken() keeps name, abilities, endpoints and expiry, and may act on itself", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const { endpoint } = await createEndpoint(services, tenant.scope, "one");
  const first = await mintToken(
    services,
    tenant.scope,
    request({
      abilities: ["rows:read", "api:tokens:write"],
      endpoints: [endpoint.id],
      expiresAt: new Date(Date.now() + 3_600_000),
    }),
  );
  const second = await rotateToken(services, await actingBy(services, first), first.view.id);
  const frozen = ({ name, scope, abilities, endpoints, expiresAt }: MintedToken["view"]) => ({
    name,
    scope,
    abilities,
    endpoints,
    expiresAt,
  });
  assert.deepEqual(frozen(second.view), frozen(first.view));
  assert.notEqual(second.token, first.token);
  assert.deepEqual((await listTokens(services, tenant.scope)).tokens, [second.view]);
  await assert.rejects(
    rotateToken(services, tenant.scope, first.view.id),
    refusedWith("NOT_FOUND"),
  );
});

Deno.test("rotateToken() of one token fifty times at once succeeds once", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const self = await mintToken(
    services,
    tenant.scope,
    request({ abilities: ["api:tokens:write"] }),
  );
  const scope = await actingBy(services, self);
  const results = await Promise.allSettled(
    Array.from(
      { length: 50 },
      (_, i) => rotateToken(services, i % 2 ? scope : tenant.scope, self.view.id),
    ),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  const codes = results.flatMap((result) =>
    result.status === "rejected" ? [(result.reason as AppError).code] : []
  );
  assert.deepEqual(new Set(codes), new Set(["NOT_FOUND", "AUTHENTICATION_REQUIRED"]));
  assert.equal((await listTokens(services, tenant.scope)).tokens.length, 1);
});

Deno.test("revokeToken() by two tokens of each other waits instead of failing", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  for (let round = 0; round < 10; round++) {
    const make = () =>
      mintToken(services, tenant.scope, request({ abilities: ["api:tokens:write"] }));
    const [x, y] = [await make(), await make()];
    const [byX, byY] = [await actingBy(services, x), await actingBy(services, y)];
    const results = await Promise.allSettled([
      revokeToken(services, byX, y.view.id),
      revokeToken(services, byY, x.view.id),
    ]);
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  }
});

Deno.test("revokeToken() and rotateToken() answer when every replica refuses the old token", async () => {
  await using one = await testServices();
  await using other = await testServices({ control: one.control });
  const tenant = await testTenant(one.services);
  for (const end of [revokeToken, rotateToken]) {
    for (let round = 0; round < 5; round++) {
      const minted = await mintToken(one.services, tenant.scope, request());
      await actingBy(other.services, minted);
      await end(one.services, tenant.scope, minted.view.id);
      await assert.rejects(
        actingBy(other.services, minted),
        refusedWith("AUTHENTICATION_REQUIRED"),
      );
    }
  }
});

Deno.test("listTokens() pages from the newest on", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  for (let i = 0; i < 5; i++) {
    await mintToken(services, tenant.scope, request({ name: `token ${i}` }));
  }
  const names: string[] = [];
  let after: TokenId | null = null;
  do {
    const page: Awaited<ReturnType<typeof listTokens>> = await listTokens(
      services,
      tenant.scope,
      { after, limit: 2 },
    );
    names.push(...page.tokens.map(({ name }) => name));
    after = page.next;
  } while (after);
  assert.deepEqual(names, [4, 3, 2, 1, 0].map((i) => `token ${i}`));
});

Deno.test("tokens leave audit entries that hold no secret", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const first = await mintToken(services, tenant.scope, request());
  const second = await rotateToken(services, tenant.scope, first.view.id);
  await revokeToken(services, tenant.scope, second.view.id);
  const events = await auditOf(services, tenant);
  assert.deepEqual(
    events.map(({ action, subject, detail }) => [action, subject, detail["token_id"]]),
    [
      ["token.minted", "agent", first.view.id],
      ["token.rotated", "agent", second.view.id],
      ["token.revoked", "agent", second.view.id],
    ],
  );
  assert.equal(events[1]!.detail["replaced"], first.view.id);
  const text = JSON.stringify(events) + test.logLines.join("\n");
  for (const { token } of [first, second]) assert.ok(!text.includes(token.slice(12)));
});

Deno.test("viewers see their own tokens alone, end them, and make none", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const { view } = await mintToken(services, tenant.scope, request());
  // As somebody who was an owner when they made it.
  const principal: Principal = {
    ...tenant.scope.principal,
    role: "viewer",
    abilities: new Set(["rows:read", "api:tokens:read"]),
  };
  const viewer = requestOf(principal);
  const other = requestOf({ ...principal, userId: newId() });
  assert.equal((await listTokens(services, viewer)).tokens.length, 1);
  assert.equal((await listTokens(services, other)).tokens.length, 0);
  for (
    const act of [
      () => mintToken(services, viewer, request()),
      () => rotateToken(services, viewer, view.id),
    ]
  ) await assert.rejects(act(), refusedWith("INSUFFICIENT_SCOPE"));
  await assert.rejects(revokeToken(services, other, view.id), refusedWith("NOT_FOUND"));
  await revokeToken(services, viewer, view.id);
  assert.equal((await listTokens(services, tenant.scope)).tokens.length, 0);
});
