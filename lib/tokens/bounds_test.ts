import assert from "node:assert/strict";
import { createEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { TokenId } from "../ids.ts";
import { connect, type Sql, sqlState } from "../postgres/mod.ts";
import type { RequestScope } from "../principal.ts";
import type { Services } from "../services.ts";
import {
  presentedFrom,
  requestOf,
  testCluster,
  type TestServices,
  testServices,
  testTenant,
} from "../../tests/harness/mod.ts";
import {
  authenticate,
  listTokens,
  MAX_CALLS_PER_MINUTE,
  MAX_NETWORKS,
  MAX_OVERLAP_SECONDS,
  type MintedToken,
  mintToken,
  revokeToken,
  rotateToken,
  type TokenRequest,
} from "./mod.ts";

const HOUR = 3_600;

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof AppError && error.code === code;

const request = (changes: Partial<TokenRequest> = {}): TokenRequest => ({
  name: "agent",
  scope: "mcp",
  abilities: ["rows:read"],
  endpoints: "all",
  ...changes,
});

const actingBy = async (services: Services, { token }: MintedToken): Promise<RequestScope> =>
  requestOf(await authenticate(services, presentedFrom(`Bearer ${token}`)));

const bounds = ({ expiresAt, networks, callsPerMinute, review }: MintedToken["view"]) => ({
  expiresAt,
  networks,
  callsPerMinute,
  review,
});

/** A clock that runs with the machine's and can be put ahead. */
function movable() {
  let ahead = 0;
  return { now: () => Date.now() + ahead, advance: (ms: number) => void (ahead += ms) };
}

/** A connection to the test's control database as its superuser. */
async function superuserOf({ control }: TestServices): Promise<Sql> {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${control.database}`;
  return connect(url.href, { max: 1 });
}

Deno.test("mintToken() refuses bounds that are none", async () => {
  await using test = await testServices();
  const { services } = test;
  const { scope } = await testTenant(services);
  const many = Array.from({ length: MAX_NETWORKS + 1 }, (_, i) => `192.0.2.${i}`);
  const faults: Partial<TokenRequest>[] = [
    { networks: ["example.com"] },
    { networks: ["192.0.2.0/33"] },
    { networks: ["192.0.2.0/24", ""] },
    { networks: many },
    { callsPerMinute: -1 },
    { callsPerMinute: 1.5 },
    { callsPerMinute: MAX_CALLS_PER_MINUTE + 1 },
    { callsPerMinute: NaN, networks: ["nowhere"] },
  ];
  for (const fault of faults) {
    await assert.rejects(
      mintToken(services, scope, request(fault)),
      refusedWith("INVALID_ARGUMENTS"),
      JSON.stringify(fault),
    );
  }
  const { view } = await mintToken(
    services,
    scope,
    request({ networks: ["192.0.2.9/24", "192.0.2.0/24", "::FFFF:203.0.113.1"] }),
  );
  assert.deepEqual(view.networks, ["192.0.2.0/24", "203.0.113.1/32"]);
});

Deno.test("mintToken() and rotateToken() by a token bound others as it is bound itself", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const abilities = ["rows:read", "api:tokens:write"] as const;
  const bound = { networks: ["192.0.2.0/24"], callsPerMinute: 100, review: true };
  const maker = await mintToken(services, tenant.scope, request({ abilities, ...bound }));
  assert.equal(maker.view.review, true);
  const scope = await actingBy(services, maker);
  assert.equal(scope.principal.review, true);
  const beyond: Partial<TokenRequest>[] = [
    { networks: null },
    { networks: ["192.0.2.0/24", "198.51.100.1"] },
    { networks: ["192.0.0.0/16"] },
    { networks: ["::/0"] },
    { callsPerMinute: null },
    { callsPerMinute: 101 },
    { review: false },
  ];
  for (const change of beyond) {
    await assert.rejects(
      mintToken(services, scope, request({ ...bound, ...change })),
      refusedWith("INVALID_ARGUMENTS"),
      JSON.stringify(change),
    );
    // Nor by the new secret of one that is bound less.
    const wider = await mintToken(services, tenant.scope, request({ ...bound, ...change }));
    await assert.rejects(
      rotateToken(services, scope, wider.view.id),
      refusedWith("INSUFFICIENT_SCOPE"),
      JSON.stringify(change),
    );
  }
  const narrow = { networks: ["192.0.2.128/25"], callsPerMinute: 99, review: true };
  const made = await mintToken(services, scope, request(narrow));
  const rotated = await rotateToken(services, scope, made.view.id);
  assert.deepEqual(bounds(rotated.view), { ...narrow, expiresAt: null });
  // Itself it may replace.
  const self = await rotateToken(services, scope, maker.view.id, HOUR);
  assert.deepEqual(bounds(self.view), { ...bound, expiresAt: null });
});

Deno.test("rotateToken() with an overlap lets the old token go on until then, on every replica", async () => {
  const clock = movable();
  await using one = await testServices({ clock });
  await using other = await testServices({ clock, control: one.control });
  const { services } = one;
  const tenant = await testTenant(services);
  const old = await mintToken(services, tenant.scope, request());
  await actingBy(other.services, old);
  const before = Date.now();
  const fresh = await rotateToken(services, tenant.scope, old.view.id, HOUR);
  assert.equal(fresh.view.expiresAt, null);
  for (const minted of [old, fresh]) {
    await actingBy(services, minted);
    await actingBy(other.services, minted);
  }
  const { tokens } = await listTokens(services, tenant.scope);
  const [newer, older] = tokens;
  assert.equal(older!.replacedBy, fresh.view.id);
  assert.equal(newer!.replacedBy, null);
  const lasts = older!.expiresAt!.getTime() - before;
  assert(lasts >= HOUR * 1000 - 1000 && lasts < HOUR * 1000 + 60_000, String(lasts));
  // What is being replaced is not replaced again, nor put off.
  for (const overlap of [0, MAX_OVERLAP_SECONDS]) {
    await assert.rejects(
      rotateToken(services, tenant.scope, old.view.id, overlap),
      refusedWith("CONFLICT"),
    );
  }
  clock.advance(lasts);
  for (const { services } of [one, other]) {
    await assert.rejects(actingBy(services, old), refusedWith("AUTHENTICATION_REQUIRED"));
    await actingBy(services, fresh);
  }
});

Deno.test("rotateToken() puts no end off, and takes no overlap that is none", async () => {
  await using test = await testServices();
  const { services } = test;
  const { scope } = await testTenant(services);
  const expiresAt = new Date(Date.now() + HOUR * 1000);
  const old = await mintToken(services, scope, request({ expiresAt }));
  for (const overlap of [-1, 0.5, NaN, Infinity, MAX_OVERLAP_SECONDS + 1]) {
    await assert.rejects(
      rotateToken(services, scope, old.view.id, overlap),
      refusedWith("INVALID_ARGUMENTS"),
      String(overlap),
    );
  }
  const fresh = await rotateToken(services, scope, old.view.id, 7 * 86_400);
  for (const { expiresAt: end } of (await listTokens(services, scope)).tokens) {
    assert.deepEqual(end, expiresAt);
  }
  // The old one is ended before its time as any other is.
  await revokeToken(services, scope, old.view.id);
  await assert.rejects(actingBy(services, old), refusedWith("AUTHENTICATION_REQUIRED"));
  await actingBy(services, fresh);
});

Deno.test("listTokens() shows a token that was replaced until its overlap is over", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const old = await mintToken(services, tenant.scope, request());
  const fresh = await rotateToken(services, tenant.scope, old.view.id, HOUR);
  const ids = async () => (await listTokens(services, tenant.scope)).tokens.map(({ id }) => id);
  assert.deepEqual(await ids(), [fresh.view.id, old.view.id]);
  const sooner = `UPDATE tokens SET expires_at = now() WHERE id = '${old.view.id}'`;
  assert.equal(await stateOf(services, tenant.tenantId, sooner), null);
  assert.deepEqual(await ids(), [fresh.view.id]);
  await assert.rejects(
    revokeToken(services, tenant.scope, old.view.id),
    refusedWith("NOT_FOUND"),
  );
  // One that nobody replaced stays, so that its end is seen.
  const done = `UPDATE tokens SET expires_at = now() WHERE id = '${fresh.view.id}'`;
  assert.equal(await stateOf(services, tenant.tenantId, done), null);
  assert.deepEqual(await ids(), [fresh.view.id]);
});

Deno.test("rotateToken() with an overlap fifty times at once succeeds once", async () => {
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
      (_, i) => rotateToken(services, i % 2 ? scope : tenant.scope, self.view.id, HOUR * (i % 3)),
    ),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  const codes = results.flatMap((result) =>
    result.status === "rejected" ? [(result.reason as AppError).code] : []
  );
  for (const code of codes) {
    assert(["NOT_FOUND", "CONFLICT", "AUTHENTICATION_REQUIRED"].includes(code), code);
  }
  const live = (await listTokens(services, tenant.scope)).tokens;
  assert.equal(live.filter(({ replacedBy }) => !replacedBy).length, 1);
});

Deno.test("a token covers the team as it was asked at minting, and no endpoint more", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const first = await createEndpoint(services, tenant.scope, "first");
  const every = await mintToken(services, tenant.scope, request());
  const listed = await mintToken(
    services,
    tenant.scope,
    request({ endpoints: [first.endpoint.id] }),
  );
  const later = await createEndpoint(services, tenant.scope, "later");
  const reach = async (minted: MintedToken) =>
    (await actingBy(services, minted)).principal.endpoints;
  assert.equal(await reach(every), "all");
  assert.deepEqual(await reach(listed), new Set([first.endpoint.id]));
  // The application itself cannot change that afterwards.
  const attempts = [
    (id: TokenId) => `UPDATE tokens SET all_endpoints = true WHERE id = '${id}'`,
    (id: TokenId) =>
      `INSERT INTO token_endpoints (tenant_id, token_id, endpoint_id)
       VALUES ('${tenant.tenantId}', '${id}', '${later.endpoint.id}')`,
  ];
  for (const attempt of attempts) {
    const sql = attempt(listed.view.id);
    const state = await stateOf(services, tenant.tenantId, sql);
    assert(state === "42501" || state === "23001", `${sql}: ${state}`);
  }
  assert.deepEqual(await reach(listed), new Set([first.endpoint.id]));
});

/** The SQLSTATE that a statement of the application ends with; null where it goes through. */
function stateOf(services: Services, tenantId: string, statement: string): Promise<string | null> {
  return services.control.tenant(tenantId as never, (tx) => tx.unsafe(statement)).then(
    () => null,
    (error) => sqlState(error) ?? sqlState((error as Error).cause) ?? String(error),
  );
}

Deno.test("the database lets a token be narrowed and never widened, by its triggers and grants", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const { endpoint } = await createEndpoint(services, tenant.scope, "one");
  const expiresAt = new Date(Date.now() + HOUR * 1000);
  const mint = async (changes: Partial<TokenRequest> = {}) =>
    (await mintToken(services, tenant.scope, request(changes))).view.id;
  const [id, open, revoked] = [await mint({ expiresAt }), await mint(), await mint()];
  await revokeToken(services, tenant.scope, revoked);
  const run = (statement: string) => stateOf(services, tenant.tenantId, statement);

  const byTrigger = [
    `UPDATE tokens SET expires_at = expires_at + interval '1 second' WHERE id = '${id}'`,
    `UPDATE tokens SET expires_at = NULL WHERE id = '${id}'`,
    `UPDATE tokens SET expires_at = 'infinity' WHERE id = '${id}'`,
    `UPDATE tokens SET expires_at = 'infinity' WHERE id = '${open}'`,
    `UPDATE tokens SET revoked_at = NULL WHERE id = '${revoked}'`,
    `INSERT INTO token_endpoints (tenant_id, token_id, endpoint_id)
     VALUES ('${tenant.tenantId}', '${id}', '${endpoint.id}')`,
  ];
  const byGrant = [
    "abilities = '{}'",
    "scope = 'mcp:write'",
    "all_endpoints = true",
    "networks = NULL",
    "calls_per_minute = NULL",
    "review = false",
    "created_at = now()",
  ].map((change) => `UPDATE tokens SET ${change} WHERE id = '${id}'`);
  for (const statement of byTrigger) assert.equal(await run(statement), "23001", statement);
  for (const statement of byGrant) assert.equal(await run(statement), "42501", statement);
  // Narrower is what it may become.
  const narrower = `UPDATE tokens SET expires_at = expires_at - interval '1 second'`;
  assert.equal(await run(`${narrower} WHERE id = '${id}'`), null);
  assert.equal(await run(`UPDATE tokens SET expires_at = now() WHERE id = '${open}'`), null);

  // What was shown is the triggers' doing: without them, each of these goes through.
  const superuser = await superuserOf(test);
  try {
    await superuser.unsafe(`
      DROP TRIGGER only_narrower ON tokens;
      DROP TRIGGER only_at_minting ON token_endpoints;`);
  } finally {
    await superuser.end();
  }
  for (const statement of byTrigger) assert.equal(await run(statement), null, statement);
});

Deno.test("the database keeps abilities that change rows from tokens that only read", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const insert = (scope: string, ability: string) =>
    stateOf(
      services,
      tenant.tenantId,
      `INSERT INTO tokens (id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints)
       VALUES (gen_random_uuid(), '${tenant.tenantId}', 'pat', sha256(random()::text::bytea),
         'bhd_pat_1234', 'agent', '${scope}', ARRAY['${ability}'], true)`,
    );
  for (const ability of ["rows:insert", "rows:update", "rows:delete"]) {
    assert.equal(await insert("mcp", ability), "23514", ability);
    assert.equal(await insert("mcp:write", ability), null, ability);
  }
});

Deno.test("listTokens() tells which tokens nobody has used for 90 days", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const mint = async (name: string) =>
    (await mintToken(services, tenant.scope, request({ name }))).view;
  for (const name of ["fresh", "forgotten", "never used", "used"]) {
    assert.equal((await mint(name)).unused, false);
  }
  const superuser = await superuserOf(test);
  try {
    await superuser`
      UPDATE tokens SET created_at = now() - interval '91 days' WHERE name <> 'fresh'`;
    await superuser`
      UPDATE tokens SET last_used_at = now() - interval '91 days' WHERE name = 'forgotten'`;
    await superuser`
      UPDATE tokens SET last_used_at = now() - interval '89 days' WHERE name = 'used'`;
  } finally {
    await superuser.end();
  }
  const { tokens } = await listTokens(services, tenant.scope);
  assert.deepEqual(
    Object.fromEntries(tokens.map(({ name, unused }) => [name, unused])),
    { fresh: false, forgotten: true, "never used": true, used: false },
  );
});
