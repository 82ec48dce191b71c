import assert from "node:assert/strict";
import { newId } from "../ids.ts";
import { migrated } from "../../tests/harness/mod.ts";

Deno.test("the migration ends what unproved accounts are signed in with, and proves the machine's own", () => {
  const [tenant, proved, unproved, local] = [newId(), newId(), newId(), newId()];
  return migrated(16, async (inside) => {
    await inside`INSERT INTO tenants (id, name) VALUES (${tenant!}, 'old')`;
    await inside`
      INSERT INTO users (id, email, password_hash, email_verified_at) VALUES
        (${proved!}, 'proved@old.example', 'hash', now()),
        (${unproved!}, 'unproved@old.example', 'hash', NULL),
        (${local!}, 'local@localhost', NULL, NULL)`;
    for (const user of [proved, unproved, local]) {
      await inside`
        INSERT INTO members (tenant_id, user_id, role) VALUES (${tenant!}, ${user!}, 'owner')`;
      await inside`
        INSERT INTO tokens (
          id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints, created_by
        ) VALUES (
          ${newId()}, ${tenant!}, 'pat', sha256(${user!}::text::bytea), 'bhd_pat_1234', 'old', 'mcp',
          ARRAY['rows:read'], true, ${user!}
        )`;
      for (const days of [1, 40]) {
        await inside`
          INSERT INTO sessions (id, user_id, tenant_id, created_at, expires_at) VALUES (
            ${newId()}, ${user!}, ${tenant!}, now() - make_interval(days => ${days}),
            now() + interval '14 days'
          )`;
      }
      await inside`
        INSERT INTO challenges (id, purpose, user_id, link_hash, expires_at) VALUES (
          ${newId()}, 'sign_in', ${user!}, sha256(${user!}::text::bytea), now() + interval '1 hour'
        )`;
    }
  }, async (inside) => {
    const rows = await inside<Record<string, unknown>[]>`
      SELECT u.email, u.password_hash, u.email_verified_at IS NOT NULL AS proved,
        (SELECT count(*)::int FROM sessions s
          WHERE s.user_id = u.id AND s.expires_at > now()) AS sessions,
        (SELECT count(*)::int FROM tokens t
          WHERE t.created_by = u.id AND t.revoked_at IS NULL) AS tokens,
        (SELECT count(*)::int FROM lookup.token(sha256(u.id::text::bytea))) AS served,
        (SELECT count(*)::int FROM challenges c
          WHERE c.user_id = u.id AND c.used_at IS NULL) AS links
      FROM users u ORDER BY u.email`;
    assert.deepEqual([...rows].map((row) => ({ ...row })), [
      {
        email: "local@localhost",
        password_hash: null,
        proved: true,
        sessions: 1,
        tokens: 1,
        served: 1,
        links: 1,
      },
      {
        email: "proved@old.example",
        password_hash: "hash",
        proved: true,
        sessions: 1,
        tokens: 1,
        served: 1,
        links: 1,
      },
      // Signs in by password and a code, which ends the tokens; until then they are refused.
      {
        email: "unproved@old.example",
        password_hash: "hash",
        proved: false,
        sessions: 0,
        tokens: 1,
        served: 0,
        links: 1,
      },
    ]);
  });
});

Deno.test("the migration ends invitations whose sender may not give their role any more", () => {
  const [tenant, owner, viewer] = [newId(), newId(), newId()];
  return migrated(19, async (inside) => {
    await inside`INSERT INTO tenants (id, name) VALUES (${tenant!}, 'old')`;
    await inside`
      INSERT INTO users (id, email, email_verified_at) VALUES
        (${owner!}, 'owner@old.example', now()), (${viewer!}, 'viewer@old.example', now())`;
    await inside`
      INSERT INTO members (tenant_id, user_id, role) VALUES
        (${tenant!}, ${owner!}, 'owner'), (${tenant!}, ${viewer!}, 'viewer')`;
    for (const [email, by] of [["a@x.example", owner], ["b@x.example", viewer]]) {
      await inside`
        INSERT INTO invitations (id, tenant_id, email, role, hash, invited_by, expires_at) VALUES (
          ${newId()}, ${tenant!}, ${email!}, 'admin', sha256(${email!}::bytea), ${by!},
          now() + interval '1 day'
        )`;
    }
  }, async (inside) => {
    const rows = await inside<{ email: string }[]>`SELECT email FROM invitations`;
    assert.deepEqual(rows.map(({ email }) => email), ["a@x.example"]);
  });
});
