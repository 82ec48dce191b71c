import assert from "node:assert/strict";
import { listActivity } from "../audit/mod.ts";
import { createCaches } from "../cache/mod.ts";
import { createEndpoint, deleteEndpoint, enterEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { Services } from "../services.ts";
import {
  presentedFrom,
  testServices,
  type TestTenant,
  testTenant,
} from "../../tests/harness/mod.ts";
import { CREDENTIALS } from "./credential.ts";
import {
  authenticate as present,
  countCall,
  mintToken,
  newToken,
  revokeToken,
  rotateToken,
  type TokenRequest,
} from "./mod.ts";

const ADDRESS = "192.0.2.7";

/** Presents a header from an address. */
const authenticate = (services: Services, authorization: string | null, address: string | null) =>
  present(services, presentedFrom(authorization, address));

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof AppError && error.code === code;

/** A clock that runs with the machine's and can be put ahead. */
function movable() {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    advance: (ms: number) => void (ahead += ms),
  };
}

/** The same services with caches of their own, which no other process makes forget, counting the look-ups that come before the tenant is known. */
function counting(services: Services) {
  const count = { lookups: 0 };
  const lookup = new Proxy(services.control.lookup, {
    apply(target, self, args) {
      count.lookups++;
      return Reflect.apply(target, self, args);
    },
  });
  const caches = createCaches(services.clock);
  return { count, services: { ...services, caches, control: { ...services.control, lookup } } };
}

const request = (changes: Partial<TokenRequest> = {}): TokenRequest => ({
  name: "agent",
  scope: "mcp",
  abilities: ["rows:read"],
  endpoints: "all",
  ...changes,
});

const bearer = (token: string) => `Bearer ${token}`;

const mint = (services: Services, tenant: TestTenant, changes?: Partial<TokenRequest>) =>
  mintToken(services, tenant.scope, request(changes));

Deno.test("authenticate() resolves a token to what it was minted with", async () => {
  await using test = await testServices();
  const tenant = await testTenant(test.services);
  const { token, view } = await mint(test.services, tenant);
  for (const header of [bearer(token), `bearer ${token}`, `BEARER   ${token}`]) {
    const principal = await authenticate(test.services, header, ADDRESS);
    assert.equal(principal.kind, "mcp");
    assert.equal(principal.tenantId, tenant.tenantId);
    assert.equal(principal.userId, tenant.userId);
    assert.equal(principal.tokenId, view.id);
    assert.equal(principal.label, "agent");
    assert.deepEqual(principal.abilities, new Set(["rows:read"]));
    assert.equal(principal.endpoints, "all");
  }
});

Deno.test("authenticate() asks the database once a lease, and never for what is no token", async () => {
  const clock = movable();
  await using test = await testServices({ clock });
  const tenant = await testTenant(test.services);
  const { token } = await mint(test.services, tenant);
  const { count, services } = counting(test.services);
  await Promise.all([1, 2, 3].map(() => authenticate(services, bearer(token), ADDRESS)));
  assert.equal(count.lookups, 1);
  clock.advance(1001);
  await authenticate(services, bearer(token), ADDRESS);
  assert.equal(count.lookups, 2);
  const broken = token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");
  const others = (["ort", "agt", "oac", "ocs"] as const).map(newToken);
  for (const text of [broken, ...others, "x"]) {
    await assert.rejects(
      authenticate(services, bearer(text), null),
      refusedWith("AUTHENTICATION_REQUIRED"),
    );
  }
  assert.equal(count.lookups, 2);
  for (const kind of ["pat", "oat"] as const) {
    await assert.rejects(
      authenticate(services, bearer(newToken(kind)), ADDRESS),
      refusedWith("AUTHENTICATION_REQUIRED"),
    );
  }
  // Two of each: who it is, and whether it ever was anybody.
  assert.equal(count.lookups, 6);
});

Deno.test("authenticate() begins what can be done meanwhile where a token has to be looked up", async () => {
  const clock = movable();
  await using test = await testServices({ clock });
  const tenant = await testTenant(test.services);
  const { token } = await mint(test.services, tenant);
  let begun = 0;
  const ask = (text: string) =>
    present(test.services, presentedFrom(`Bearer ${text}`), () => void begun++);
  await ask(token);
  await ask(token);
  assert.equal(begun, 1);
  clock.advance(1001);
  await ask(token);
  assert.equal(begun, 2);
  await assert.rejects(ask("nonsense"), refusedWith("AUTHENTICATION_REQUIRED"));
  assert.equal(begun, 2);
});

Deno.test("authenticate() tells a malformed header from a missing one", async () => {
  await using test = await testServices();
  const cases: [header: string | null, code: string][] = [
    [null, "AUTHENTICATION_REQUIRED"],
    ["", "AUTHENTICATION_REQUIRED"],
    ["Bearer", "AUTHENTICATION_REQUIRED"],
    ["Basic dXNlcjpwYXNz", "AUTHENTICATION_REQUIRED"],
    ["Bearer a b", "INVALID_REQUEST"],
    ["Bearer a, Bearer b", "INVALID_REQUEST"],
    ['Bearer "a"', "INVALID_REQUEST"],
    ["Bearer ü", "INVALID_REQUEST"],
    ["Bearer ' OR 1=1", "INVALID_REQUEST"],
    [bearer("a".repeat(1_000_000)), "AUTHENTICATION_REQUIRED"],
  ];
  for (const [header, code] of cases) {
    await assert.rejects(
      authenticate(test.services, header, ADDRESS),
      refusedWith(code),
      String(header).slice(0, 40),
    );
  }
});

Deno.test("authenticate() refuses a revoked and a rotated token at once", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const first = await mint(services, tenant);
  await authenticate(services, bearer(first.token), ADDRESS);
  const second = await rotateToken(services, tenant.scope, first.view.id);
  await assert.rejects(
    authenticate(services, bearer(first.token), ADDRESS),
    refusedWith("AUTHENTICATION_REQUIRED"),
  );
  assert.equal(
    (await authenticate(services, bearer(second.token), ADDRESS)).tokenId,
    second.view.id,
  );
  await revokeToken(services, tenant.scope, second.view.id);
  await assert.rejects(
    authenticate(services, bearer(second.token), ADDRESS),
    refusedWith("AUTHENTICATION_REQUIRED"),
  );
});

Deno.test("authenticate() refuses a token that expired while it was cached", async () => {
  const clock = movable();
  await using test = await testServices({ clock });
  const tenant = await testTenant(test.services);
  const expiresAt = new Date(Date.now() + 60_000);
  const { token } = await mint(test.services, tenant, { expiresAt });
  const { count, services } = counting(test.services);
  clock.advance(59_500);
  await authenticate(services, bearer(token), ADDRESS);
  clock.advance(600);
  await assert.rejects(
    authenticate(services, bearer(token), ADDRESS),
    refusedWith("AUTHENTICATION_REQUIRED"),
  );
  assert.equal(count.lookups, 1);
});

Deno.test("authenticate() limits what is no token by network and token, never valid ones", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const { token } = await mint(services, tenant);
  const codes = new Map<string, number>();
  for (let i = 0; i < 70; i++) {
    await authenticate(services, bearer("nonsense"), ADDRESS).catch((error: AppError) =>
      codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
    );
  }
  assert.deepEqual([...codes], [["AUTHENTICATION_REQUIRED", 60], ["RATE_LIMITED", 10]]);
  await assert.rejects(
    authenticate(services, bearer("nonsense"), ADDRESS),
    (error) => error instanceof AppError && error.code === "RATE_LIMITED" && error.retryAfter! > 0,
  );
  // Others of the same network, a client without a token, a valid token, and another network are not
  // held to it.
  let held = 0;
  for (let other = 0; other < 50; other++) {
    const code = await authenticate(services, bearer(newToken("pat")), ADDRESS)
      .then(() => "", (error: AppError) => error.code);
    if (code === "RATE_LIMITED") held++;
  }
  assert.ok(held < 10, `${held} of 50 share the counter of one that repeats itself`);
  await assert.rejects(
    authenticate(services, null, ADDRESS),
    refusedWith("AUTHENTICATION_REQUIRED"),
  );
  await authenticate(services, bearer(token), ADDRESS);
  await assert.rejects(
    authenticate(services, bearer("nonsense"), "198.51.100.9"),
    refusedWith("AUTHENTICATION_REQUIRED"),
  );
});

Deno.test("authenticate() gives a token whose endpoints are gone nothing to enter", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const kept = await createEndpoint(services, tenant.scope, "kept");
  const doomed = await createEndpoint(services, tenant.scope, "doomed");
  const { token } = await mint(services, tenant, { endpoints: [doomed.endpoint.id] });
  const enter = async (slug: typeof kept.endpoint.slug) => {
    const principal = await authenticate(services, bearer(token), ADDRESS);
    return await enterEndpoint(services, { ...tenant.scope, principal }, slug);
  };
  assert.equal((await enter(doomed.endpoint.slug)).endpoint.id, doomed.endpoint.id);
  await assert.rejects(enter(kept.endpoint.slug), refusedWith("ACCESS_DENIED"));
  await deleteEndpoint(services, doomed, () => Promise.resolve());
  services.caches.of(CREDENTIALS).dropWhere(() => true);
  const principal = await authenticate(services, bearer(token), ADDRESS);
  assert.deepEqual(principal.endpoints, new Set());
  for (const { endpoint } of [kept, doomed]) {
    await assert.rejects(enter(endpoint.slug), refusedWith("ACCESS_DENIED"));
  }
});

Deno.test("authenticate() takes a token from its networks alone, whatever form an address has", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const networks = ["192.0.2.0/24", "2001:db8::/32", "203.0.113.9"];
  const { token, view } = await mint(services, tenant, { networks });
  assert.deepEqual(view.networks, ["192.0.2.0/24", "2001:db8::/32", "203.0.113.9/32"]);
  for (const address of ["192.0.2.7", "2001:db8:1::9", "203.0.113.9"]) {
    assert.equal((await authenticate(services, bearer(token), address)).tokenId, view.id);
  }
  for (const address of ["192.0.3.7", "2001:db9::9", "203.0.113.8", null]) {
    await assert.rejects(
      authenticate(services, bearer(token), address),
      // As for a token that never was: no detail, no other code.
      (error) =>
        error instanceof AppError && error.code === "AUTHENTICATION_REQUIRED" &&
        error.detail === undefined,
      String(address),
    );
  }
  // Whose token it is can read of it.
  await services.denials.flush();
  const { entries } = await listActivity(services, tenant.scope, { action: "call.denied" }, {
    after: null,
    limit: 10,
  });
  assert.equal(entries.length, 1);
  assert.equal(entries[0]!.detail["reason"], "NETWORK_NOT_ALLOWED");
  assert.equal(entries[0]!.detail["count"], 4);
  assert.equal(entries[0]!.network, "192.0.3.0/24");
  // Another token from the same place is as welcome as before.
  const free = await mint(services, tenant);
  await authenticate(services, bearer(free.token), "192.0.3.7");
});

Deno.test("authenticate() always answers a token that was one with 401, however often it comes", async () => {
  const clock = movable();
  await using test = await testServices({ clock });
  const { services } = test;
  const tenant = await testTenant(services);
  const revoked = await mint(services, tenant);
  await revokeToken(services, tenant.scope, revoked.view.id);
  const expired = await mint(services, tenant, { expiresAt: new Date(Date.now() + 3_600_000) });
  await services.control.tenant(
    tenant.tenantId,
    (tx) => tx`UPDATE tokens SET expires_at = now() WHERE id = ${expired.view.id}`,
  );
  // Whatever else the network did before.
  for (let i = 0; i < 70; i++) {
    await authenticate(services, bearer(newToken("pat")), ADDRESS).catch(() => {});
  }
  for (const { token } of [revoked, expired]) {
    for (let i = 0; i < 150; i++) {
      await assert.rejects(
        authenticate(services, bearer(token), ADDRESS),
        refusedWith("AUTHENTICATION_REQUIRED"),
      );
    }
  }
});

Deno.test("authenticate() counts uses from elsewhere as failures of that network", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const { token } = await mint(services, tenant, { networks: ["192.0.2.0/24"] });
  const codes = new Set<string>();
  for (let i = 0; i < 70; i++) {
    await authenticate(services, bearer(token), "198.51.100.9").catch((error: AppError) =>
      codes.add(error.code)
    );
  }
  assert.deepEqual(codes, new Set(["AUTHENTICATION_REQUIRED", "RATE_LIMITED"]));
  await authenticate(services, bearer(token), ADDRESS);
});

Deno.test("countCall() holds a token to its calls a minute, and others to none", async () => {
  const clock = movable();
  await using test = await testServices({ clock });
  const { services } = test;
  const tenant = await testTenant(services);
  const held = await mint(services, tenant, { callsPerMinute: 3 });
  const free = await mint(services, tenant);
  const call = async ({ token }: { token: string }) =>
    countCall(services, await authenticate(services, bearer(token), ADDRESS));
  for (let i = 0; i < 3; i++) await call(held);
  await assert.rejects(
    call(held),
    (error) => error instanceof AppError && error.code === "RATE_LIMITED" && error.retryAfter! > 0,
  );
  for (let i = 0; i < 20; i++) await call(free);
  clock.advance(60_001);
  await call(held);
});

Deno.test("authenticate() notes the last use to the minute and logs no token", async () => {
  const clock = movable();
  await using test = await testServices({ clock });
  const { services } = test;
  const tenant = await testTenant(services);
  const { token, view } = await mint(services, tenant);
  let network: string | null = null;
  const lastUsed = async () => {
    await services.tokenUse.flush();
    const [row] = await services.control.tenant(
      tenant.tenantId,
      (tx) =>
        tx<{ at: Date | null; network: string | null }[]>`
          SELECT last_used_at AS at, last_used_network AS network FROM tokens`,
    );
    network = row!.network;
    return row!.at?.getTime() ?? null;
  };
  assert.equal(await lastUsed(), null);
  await authenticate(services, bearer(token), ADDRESS);
  const first = await lastUsed();
  assert.ok(first !== null);
  assert.equal(network, "192.0.2.0/24");
  clock.advance(30_000);
  await authenticate(services, bearer(token), ADDRESS);
  assert.equal(await lastUsed(), first);
  clock.advance(31_000);
  await authenticate(services, bearer(token), "2001:db8:1:2::9");
  assert.ok((await lastUsed())! >= first + 60_000);
  assert.equal(network, "2001:db8:1::/48");
  await revokeToken(services, tenant.scope, view.id);
  await authenticate(services, bearer(token), ADDRESS).catch(() => {});
  assert.ok(!test.logLines.join("\n").includes(token.slice(12)));
});
