/** Tokens made by tokens end with those, share their budget, and leave with them. */
import assert from "node:assert/strict";
import { createEndpoint } from "../../lib/endpoints/mod.ts";
import { newId, type RequestId } from "../../lib/ids.ts";
import { replaceLeaked, revokeLeaked } from "../../lib/leaks/mod.ts";
import {
  countCall,
  type MintedToken,
  mintToken,
  revokeToken,
  rotateToken,
} from "../../lib/tokens/mod.ts";
import { requireAnother } from "../../lib/tools/review/decider.ts";
import { pastRowSecurity } from "../harness/mod.ts";
import {
  actingBy,
  as,
  childOf,
  credentialStage,
  isOver,
  lives,
  request,
} from "./credentials_stage.ts";

Deno.test("revokeToken() ends what a token made, at every remove and on every replica, and no more", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const root = await mintToken(services, tenant.scope, request());
  const left = await childOf(s, root);
  const right = await childOf(s, root);
  const below = await childOf(s, left);
  await lives(s, root, left, right, below);
  await revokeToken(services, tenant.scope, left.view.id);
  await isOver(s, left, below);
  await lives(s, root, right);
  await revokeToken(services, tenant.scope, root.view.id);
  await isOver(s, root, right);
});

Deno.test("the look-up refuses what stands below a token that is over, whoever ended that", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const root = await mintToken(services, tenant.scope, request());
  const child = await childOf(s, root);
  const below = await childOf(s, child);
  const looked = async () =>
    (await services.control.lookup`
      SELECT id FROM lookup.token(sha256(convert_to(${below.token}, 'UTF8')))`).length;
  assert.equal(await looked(), 1);
  await pastRowSecurity(s.test, (sql) =>
    sql`
    UPDATE tokens SET expires_at = now() - interval '1 second' WHERE id = ${root.view.id}`);
  assert.equal(await looked(), 0);
});

Deno.test("what a token made goes on under what takes its place, and ends with that", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const first = await mintToken(services, tenant.scope, request());
  const child = await childOf(s, first);
  const second = await rotateToken(services, tenant.scope, first.view.id, 3600);
  const third = await rotateToken(services, tenant.scope, second.view.id);
  await isOver(s, second);
  await lives(s, first, third, child);
  // The old one is ended before its time: what it made is its successor's.
  await revokeToken(services, tenant.scope, first.view.id);
  await isOver(s, first);
  await lives(s, third, child);
  await revokeToken(services, tenant.scope, third.view.id);
  await isOver(s, third, child);
});

Deno.test("a narrowing of a token reaches what it made: abilities, endpoints, networks, end, review", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const [a, b] = [
    (await createEndpoint(services, tenant.scope, "a")).endpoint.id,
    (await createEndpoint(services, tenant.scope, "b")).endpoint.id,
  ];
  const root = await mintToken(services, tenant.scope, request({ endpoints: [a, b] }));
  const child = await childOf(s, root, { endpoints: [a, b], networks: ["192.0.2.0/24"] });
  const end = new Date(Date.now() + 60_000);
  await pastRowSecurity(s.test, async (sql) => {
    await sql`
      UPDATE tokens SET abilities = '{rows:read,rows:update}', review = true, expires_at = ${end},
        networks = '{192.0.2.128/25,198.51.100.0/24}'
      WHERE id = ${root.view.id}`;
    await sql`DELETE FROM token_endpoints WHERE token_id = ${root.view.id} AND endpoint_id = ${b}`;
  });
  await assert.rejects(as(services, child, "192.0.2.7"), { code: "AUTHENTICATION_REQUIRED" });
  await assert.rejects(as(services, child, "198.51.100.7"), { code: "AUTHENTICATION_REQUIRED" });
  const principal = await as(services, child, "192.0.2.200");
  assert.deepEqual([...principal.abilities].toSorted(), ["rows:read", "rows:update"]);
  assert.deepEqual([...principal.endpoints], [a]);
  assert(principal.review);
  const [row] = await services.control.lookup<{ expires_at: Date; networks: string[] }[]>`
    SELECT expires_at, to_jsonb(networks) AS networks
    FROM lookup.token(sha256(convert_to(${child.token}, 'UTF8')))`;
  assert.deepEqual(row!.expires_at, end);
  assert.deepEqual(row!.networks, ["192.0.2.128/25"]);
  // Ranges that share nothing leave nowhere, not everywhere.
  await pastRowSecurity(s.test, (sql) =>
    sql`
    UPDATE tokens SET networks = '{198.51.100.0/24}' WHERE id = ${root.view.id}`);
  const [none] = await services.control.lookup<{ networks: string[] }[]>`
    SELECT to_jsonb(networks) AS networks
    FROM lookup.token(sha256(convert_to(${child.token}, 'UTF8')))`;
  assert.deepEqual(none!.networks, []);
  await pastRowSecurity(
    s.test,
    (sql) =>
      sql`UPDATE tokens SET scope = 'mcp', abilities = '{rows:read}' WHERE id = ${root.view.id}`,
  );
  const [read] = await services.control.lookup<{ scope: string }[]>`
    SELECT scope FROM lookup.token(sha256(convert_to(${child.token}, 'UTF8')))`;
  assert.equal(read!.scope, "mcp");
});

Deno.test("countCall() lets a line spend one budget, however many tokens it makes or rotates", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const root = await mintToken(services, tenant.scope, request({ callsPerMinute: 10 }));
  const one = await childOf(s, root, { callsPerMinute: 4 });
  const other = await childOf(s, root, { callsPerMinute: 10 });
  const calls = async (token: MintedToken) => {
    const principal = await as(services, token);
    for (let made = 0;; made++) {
      try {
        countCall(services, principal);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "RATE_LIMITED");
        return made;
      }
    }
  };
  assert.equal(await calls(one), 4);
  const rotated = await rotateToken(services, await actingBy(services, one), one.view.id, 3600);
  assert.equal(await calls(rotated), 0, "what takes its place has no budget of its own");
  assert.equal(await calls(other), 6);
  assert.equal(await calls(root), 0);
  const free = await mintToken(services, tenant.scope, request());
  for (let n = 0; n < 100; n++) countCall(services, await as(services, free));
});

Deno.test("a leak reaches all that was made with a token, also in its own place and before a rotation", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const leaked = await mintToken(services, tenant.scope, request());
  const child = await childOf(s, leaked);
  // By somebody who has it, so that its owner takes the old one for the only one.
  const usurper = await rotateToken(
    services,
    await actingBy(services, leaked),
    leaked.view.id,
    3600,
  );
  const below = await childOf(s, usurper);
  const unrelated = await mintToken(services, tenant.scope, request());
  await lives(s, leaked, child, usurper, below, unrelated);
  const source = { by: "page", requestId: newId<RequestId>(), network: null } as const;
  await revokeLeaked(services, [{ token: leaked.token, url: null }], source);
  await isOver(s, leaked, child, usurper, below);
  await lives(s, unrelated);
});

Deno.test("replaceLeaked() ends what the old token made, and keeps what takes its place", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const leaked = await mintToken(services, tenant.scope, request());
  const child = await childOf(s, leaked);
  await lives(s, leaked, child);
  const fresh = await replaceLeaked(services, tenant.scope, leaked.view.id);
  await isOver(s, leaked, child);
  await lives(s, fresh);
});

Deno.test("a line is at most sixteen tokens deep, in the database too", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  let last = await mintToken(services, tenant.scope, request());
  for (let depth = 1; depth <= 16; depth++) last = await childOf(s, last);
  await assert.rejects(childOf(s, last), { code: "INVALID_ARGUMENTS" });
  await assert.rejects(
    services.control.tenant(tenant.tenantId, (tx) =>
      tx`
      INSERT INTO tokens (
        id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints, created_by, minted_by
      ) VALUES (
        ${newId()}, ${tenant.tenantId}, 'pat', sha256(convert_to(${newId()}, 'UTF8')), 'bhd_pat_0000',
        'forged', 'mcp', '{rows:read}', true, ${tenant.userId}, ${last.view.id}
      )`),
    /tokens_depth/,
  );
  await lives(s, last);
});

Deno.test("nobody in a line approves what the line asked for, and another line may", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const root = await mintToken(services, tenant.scope, request());
  const asking = await childOf(s, root);
  const sibling = await childOf(s, root);
  const below = await childOf(s, asking);
  const rotated = await rotateToken(services, tenant.scope, sibling.view.id, 3600);
  const other = await mintToken(services, tenant.scope, request());
  const { endpoint } = await createEndpoint(services, tenant.scope, "shop");
  const asked = { actor: asking.view.id, token: asking.view.id };
  for (const token of [root, asking, sibling, below, rotated]) {
    const scope = { ...await actingBy(services, token), endpoint };
    await assert.rejects(requireAnother(services, scope, asked), { code: "ACCESS_DENIED" });
  }
  await requireAnother(services, { ...await actingBy(services, other), endpoint }, asked);
  await requireAnother(services, { ...tenant.scope, endpoint }, asked);
});

Deno.test("a token does not put one in the place of what it comes from, and so outlive its own end", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const root = await mintToken(services, tenant.scope, request());
  const child = await childOf(s, root);
  const below = await childOf(s, child);
  const sibling = await childOf(s, root);
  for (const [by, above] of [[child, root], [below, root], [below, child]] as const) {
    await assert.rejects(
      rotateToken(services, await actingBy(services, by), above.view.id, 3600),
      { code: "ACCESS_DENIED" },
    );
  }
  await lives(s, root, child, below, sibling);
});

Deno.test("whoever put a token in another's place does not approve by it what they asked for", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const asking = await mintToken(services, tenant.scope, request());
  const stranger = await mintToken(services, tenant.scope, request());
  const deciding = await mintToken(services, tenant.scope, request());
  const taken = await rotateToken(
    services,
    await actingBy(services, asking),
    deciding.view.id,
    3600,
  );
  const made = await childOf(s, taken);
  const decides = async (by: MintedToken, asked: MintedToken) =>
    await requireAnother(
      services,
      { ...await actingBy(services, by) } as Parameters<typeof requireAnother>[1],
      { actor: "nobody", token: asked.view.id },
    );
  for (const [by, asked] of [[taken, asking], [made, asking], [asking, taken], [asking, made]]) {
    await assert.rejects(decides(by!, asked!), { code: "ACCESS_DENIED" });
  }
  await decides(stranger, asking);
  await decides(stranger, taken);
});
