import assert from "node:assert/strict";
import { ABILITIES, type Ability, atLeast, type Role, ROLES } from "../principal.ts";
import {
  abilitiesOf,
  authorize,
  may,
  type Permission,
  PERMISSIONS,
  RECENT_MS,
} from "./permissions.ts";

const NOW = Date.now();
const person = (role: Role, ago = 0) => ({
  role,
  authenticatedAt: new Date(NOW - ago),
  factorMissing: false,
});

const allowed = (role: Role) =>
  (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => {
    try {
      authorize(person(role), permission, NOW);
      return true;
    } catch {
      return false;
    }
  });

Deno.test("authorize() gives each role what it is for, and the higher all of the lower", () => {
  const viewer = allowed("viewer");
  assert(viewer.includes("endpoints:read") && !viewer.includes("tokens:write"));
  const member = allowed("member");
  assert(member.includes("files:write") && !member.includes("endpoints:delete"));
  const admin = allowed("admin");
  assert(admin.includes("team:manage") && !admin.includes("team:own"));
  assert.equal(allowed("owner").length, Object.keys(PERMISSIONS).length);
  for (const [index, role] of ROLES.entries()) {
    for (const lower of ROLES.slice(index)) {
      assert(allowed(lower).every((permission) => allowed(role).includes(permission)));
      assert(atLeast(role, lower));
    }
    assert(allowed(role).every((permission) => may(role, permission)));
  }
});

Deno.test("authorize() takes one of a permission's abilities from a token, and no other", () => {
  for (const [name, { abilities }] of Object.entries(PERMISSIONS)) {
    const permission = name as Permission;
    for (const ability of ABILITIES) {
      const asks = () =>
        authorize({ role: "owner", abilities: new Set([ability]) }, permission, NOW);
      if ((abilities as readonly Ability[]).includes(ability)) asks();
      else {
        assert.throws(asks, { code: abilities.length ? "INSUFFICIENT_SCOPE" : "ACCESS_DENIED" });
      }
    }
  }
});

Deno.test("authorize() refuses a token what it refuses a person in the token's role", () => {
  for (const [name, { abilities }] of Object.entries(PERMISSIONS)) {
    const permission = name as Permission;
    if (!abilities.length) continue;
    for (const role of ROLES) {
      const asks = () => authorize({ role, abilities: new Set(ABILITIES) }, permission, NOW);
      if (may(role, permission)) asks();
      else assert.throws(asks, { code: "ACCESS_DENIED" }, `${role} ${permission}`);
    }
  }
});

Deno.test("authorize() asks again for sensitive acts, ten minutes after the last proof", () => {
  authorize(person("owner", RECENT_MS), "endpoints:delete", NOW);
  authorize(person("owner", RECENT_MS + 1), "endpoints:read", NOW);
  for (const permission of ["endpoints:delete", "team:own", "account:confirmed"] as const) {
    assert.throws(() => authorize(person("owner", RECENT_MS + 1), permission, NOW), {
      code: "CONFIRMATION_REQUIRED",
    });
  }
});

Deno.test("abilitiesOf() gives viewers nothing that changes", () => {
  const viewer = [...abilitiesOf("viewer")];
  assert(viewer.length > 0 && viewer.every((ability) => ability.endsWith(":read")));
  assert.deepEqual([...abilitiesOf("member")], [...ABILITIES]);
});
