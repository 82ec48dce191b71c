/** Tokens end with the person whom they were made by, on every replica. */
import assert from "node:assert/strict";
import { abilitiesOf, changeRole, removeMember, type Role, ROLES } from "../../lib/auth/mod.ts";
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { newId } from "../../lib/ids.ts";
import { replaceLeaked } from "../../lib/leaks/mod.ts";
import { ABILITIES } from "../../lib/principal.ts";
import {
  listTokens,
  type MintedToken,
  mintToken,
  readToken,
  revokeToken,
  rotateToken,
} from "../../lib/tokens/mod.ts";
import { pastRowSecurity, testMember, testServices, testTenant } from "../harness/mod.ts";
import {
  actingBy,
  as,
  childOf,
  credentialStage,
  isOver,
  lives,
  request,
  type Stage,
} from "./credentials_stage.ts";

Deno.test("role_abilities() of the database is abilitiesOf() of the program", async () => {
  await using test = await testServices();
  for (const role of [...ROLES, "nobody"]) {
    const [row] = await test.services.control.lookup<{ abilities: string[] }[]>`
      SELECT to_jsonb(public.role_abilities(${role})) AS abilities`;
    const expected = role === "nobody" ? [] : [...abilitiesOf(role as Role)];
    assert.deepEqual(row!.abilities.toSorted(), expected.toSorted(), role);
  }
});

Deno.test("removeMember() ends a person's tokens and all below them, and none of others", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const member = await testMember(s.test, tenant, "member");
  const own = await mintToken(services, member.scope, request());
  const child = await childOf(s, own);
  const grandchild = await childOf(s, child);
  const rotated = await rotateToken(services, member.scope, child.view.id, 3600);
  const others = await mintToken(services, tenant.scope, request());
  await lives(s, own, child, rotated, grandchild, others);
  await removeMember(services, s.owner, member.userId, NOTHING, SYSTEM_ACTOR);
  await isOver(s, own, child, rotated, grandchild);
  await lives(s, others);
  // Who is asked in again starts anew.
  await pastRowSecurity(s.test, (sql) =>
    sql`
    INSERT INTO members (tenant_id, user_id, role)
    VALUES (${tenant.tenantId}, ${member.userId}, 'owner')`);
  await isOver(s, own, child, rotated, grandchild);
});

/** Nothing of the team's to decide about. */
const NOTHING = { kept: [], revoked: [] };

/** How many rows the look-up itself answers, past every cache. */
const looked = async ({ services }: Stage, { token }: MintedToken) =>
  (await services.control.lookup`
    SELECT id FROM lookup.token(sha256(convert_to(${token}, 'UTF8')))`).length;

Deno.test("a token whose maker has not confirmed the address is refused by the look-up itself", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const admin = await testMember(s.test, tenant, "admin");
  const own = await mintToken(services, admin.scope, request());
  const child = await childOf(s, own);
  const team = await mintToken(services, admin.scope, request({ team: true }));
  // Taken over by rotation: its maker is the owner from then on, and yet it stands below what was made.
  const taken = await rotateToken(services, tenant.scope, child.view.id);
  const all = async () => [await looked(s, own), await looked(s, taken), await looked(s, team)];
  assert.deepEqual(await all(), [1, 1, 1]);
  await pastRowSecurity(s.test, (sql) =>
    sql`
    UPDATE users SET email_verified_at = NULL WHERE id = ${admin.userId}`);
  assert.deepEqual(await all(), [0, 0, 1]);
});

Deno.test("a token of who is no member is refused by the look-up itself, and the team's is not", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const admin = await testMember(s.test, tenant, "admin");
  const own = await mintToken(services, admin.scope, request());
  const child = await childOf(s, own);
  const team = await mintToken(services, admin.scope, request({ team: true }));
  const taken = await rotateToken(services, tenant.scope, child.view.id);
  const all = async () => [await looked(s, own), await looked(s, taken), await looked(s, team)];
  assert.deepEqual(await all(), [1, 1, 1]);
  await pastRowSecurity(s.test, (sql) =>
    sql`
    DELETE FROM members WHERE user_id = ${admin.userId} AND tenant_id = ${tenant.tenantId}`);
  assert.deepEqual(await all(), [0, 0, 1]);
});

Deno.test("changeRole() takes from tokens what the role has not, by the next call, and gives it back", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const admin = await testMember(s.test, tenant, "admin");
  const own = await mintToken(services, admin.scope, request());
  const child = await childOf(s, own);
  const role = async (next: Role) => {
    await lives(s, own, child);
    await changeRole(services, s.owner, admin.userId, next, SYSTEM_ACTOR);
    for (const each of s.both) {
      for (const token of [own, child]) {
        const principal = await as(each, token);
        assert.equal(principal.role, next);
        assert.deepEqual(
          [...principal.abilities].toSorted(),
          ABILITIES.filter((one) => abilitiesOf(next).has(one)).toSorted(),
        );
        assert.equal(principal.scope, next === "viewer" ? "mcp" : "mcp:write");
      }
    }
  };
  await role("viewer");
  await assert.rejects(childOf(s, own), { code: "INSUFFICIENT_SCOPE" });
  await role("member");
  await role("admin");
});

Deno.test("a person who is demoted while they mint has no more of it than their role", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const admin = await testMember(s.test, tenant, "admin");
  const [, ...minted] = await Promise.all([
    changeRole(services, s.owner, admin.userId, "viewer", SYSTEM_ACTOR),
    ...Array.from({ length: 20 }, () => mintToken(services, admin.scope, request())),
  ]);
  for (const each of s.both) {
    for (const token of minted) assert.equal((await as(each, token)).role, "viewer");
  }
});

Deno.test("a person who is removed while they mint leaves no token that would come back with them", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const member = await testMember(s.test, tenant, "member");
  const parent = await mintToken(services, member.scope, request());
  const parentScope = await actingBy(services, parent);
  const [removed, ...minting] = await Promise.allSettled([
    removeMember(services, s.owner, member.userId, NOTHING, SYSTEM_ACTOR),
    ...Array.from(
      { length: 20 },
      (_, n) => mintToken(services, n % 2 ? member.scope : parentScope, request()),
    ),
  ]);
  assert.equal(removed.status, "fulfilled");
  const minted = minting.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  await isOver(s, parent, ...minted);
  const left = await pastRowSecurity(s.test, (sql) =>
    sql`
    SELECT id FROM tokens WHERE created_by = ${member.userId} AND revoked_at IS NULL`);
  assert.equal(left.length, 0);
  await assert.rejects(mintToken(services, member.scope, request()), { code: "ACCESS_DENIED" });
});

Deno.test("tokens of the team outlive who made them, within what admins may, unless they are revoked", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const admin = await testMember(s.test, tenant, "admin");
  const member = await testMember(s.test, tenant, "member");
  const kept = await mintToken(services, admin.scope, request({ team: true }));
  const dropped = await mintToken(services, admin.scope, request({ team: true }));
  const child = await childOf(s, dropped);
  assert(child.view.team, "what a token of the team makes is the team's");
  const personal = await mintToken(services, admin.scope, request());
  await assert.rejects(
    mintToken(services, member.scope, request({ team: true })),
    { code: "ACCESS_DENIED" },
  );
  await assert.rejects(childOf(s, personal, { team: true }), { code: "ACCESS_DENIED" });
  // One that they did not make is not theirs to take along.
  const others = await mintToken(services, tenant.scope, request({ team: true }));
  await lives(s, kept, dropped, child, others);
  const revoked = [dropped.view.id, others.view.id];
  // Each is decided about: what came meanwhile is not passed over.
  await assert.rejects(
    removeMember(services, s.owner, admin.userId, { kept: [], revoked }, SYSTEM_ACTOR),
    { code: "CONFLICT" },
  );
  const decisions = { kept: [kept.view.id], revoked };
  await removeMember(services, s.owner, admin.userId, decisions, SYSTEM_ACTOR);
  await lives(s, kept, others);
  await isOver(s, dropped, child, personal);
  for (const each of s.both) assert.equal((await as(each, kept)).role, "admin");
  const fresh = await rotateToken(services, await actingBy(services, kept), kept.view.id);
  await lives(s, fresh);
  assert(fresh.view.team);
});

Deno.test("the database lets nobody but owners and admins make a token of the team, and no line mix", async () => {
  await using s = await credentialStage();
  const { tenant, services } = s;
  const member = await testMember(s.test, tenant, "member");
  const personal = await mintToken(services, tenant.scope, request());
  const insert = (userId: string, team: boolean, mintedBy: string | null, series: string | null) =>
    services.control.tenant(tenant.tenantId, (tx) =>
      tx`
      INSERT INTO tokens (
        id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints, created_by, team,
        minted_by, series
      ) VALUES (
        ${newId()}, ${tenant.tenantId}, 'pat', sha256(convert_to(${newId()}, 'UTF8')), 'bhd_pat_0000',
        'forged', 'mcp', '{rows:read}', true, ${userId}, ${team}, ${mintedBy}, ${series}
      )`);
  const stranger = await testTenant(services);
  const { id } = personal.view;
  const refused = {
    "a member's": () => insert(member.userId, true, null, null),
    "a stranger's": () => insert(stranger.userId, false, null, null),
    "the team's below a person's": () => insert(tenant.userId, true, id, null),
    "one in nobody's place": () => insert(tenant.userId, false, null, newId()),
    "one in the place of another, and below it": () => insert(tenant.userId, false, id, id),
  };
  for (const [what, insertion] of Object.entries(refused)) {
    await assert.rejects(insertion(), (error) => error instanceof Error, what);
  }
  await insert(tenant.userId, true, null, null);
});

Deno.test("members see and manage their own tokens; the team's and others' are for owners and admins", async () => {
  await using s = await credentialStage();
  const { services, tenant } = s;
  const member = await testMember(s.test, tenant, "member");
  const admin = await testMember(s.test, tenant, "admin");
  const own = await mintToken(services, member.scope, request());
  const theirs = [
    await mintToken(services, tenant.scope, request()),
    await mintToken(services, tenant.scope, request({ team: true })),
  ];
  for (const scope of [member.scope, await actingBy(services, own)]) {
    const { tokens } = await listTokens(services, scope);
    assert.deepEqual(tokens.map(({ id }) => id), [own.view.id]);
    for (const { view: { id } } of theirs) {
      for (
        const act of [
          () => readToken(services, scope, id),
          () => rotateToken(services, scope, id),
          () => revokeToken(services, scope, id),
          () => replaceLeaked(services, scope, id),
        ]
      ) await assert.rejects(act(), { code: "NOT_FOUND" });
    }
  }
  await lives(s, own, ...theirs);
  const byAdmin = await mintToken(services, admin.scope, request());
  for (const scope of [admin.scope, await actingBy(services, byAdmin)]) {
    assert.equal((await listTokens(services, scope)).tokens.length, 4);
  }
  for (const { view: { id } } of [own, ...theirs]) await revokeToken(services, admin.scope, id);
  await isOver(s, own, ...theirs);
});
