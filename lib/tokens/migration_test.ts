import assert from "node:assert/strict";
import { newId, type TenantId } from "../ids.ts";
import { connect, migrate, readMigrations } from "../postgres/mod.ts";
import { createControl, testCluster } from "../../tests/harness/mod.ts";

const TRAIL = new URL("../../migrations/control/", import.meta.url);

Deno.test("the migration lets tokens that hand in files go on seeing what became of them", async () => {
  const control = await createControl();
  const { superuser, superuserUrl } = await testCluster();
  const database = `tokens_${crypto.randomUUID().slice(0, 8)}`;
  await superuser.unsafe(`CREATE DATABASE ${database} OWNER bulkhead_admin`);
  const at = (base: string) => {
    const url = new URL(base);
    url.pathname = `/${database}`;
    return connect(url.href, { max: 1 });
  };
  const [admin, inside] = [at(control.adminUrl), at(superuserUrl)];
  try {
    const trail = await readMigrations(TRAIL);
    await migrate(admin, trail.filter(({ version }) => version < 10));
    const tenant = newId<TenantId>();
    await inside`INSERT INTO tenants (id, name) VALUES (${tenant}, 'old')`;
    await inside`
      INSERT INTO tokens (id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints)
      SELECT gen_random_uuid(), ${tenant}, 'pat', sha256(convert_to(name, 'UTF8')), 'bhd_pat_1234',
        name, 'mcp', string_to_array(name, ' '), true
      FROM unnest(string_to_array('files:write,rows:read,rows:read files:write', ',')) AS name`;
    await migrate(admin, trail);
    const rows = await inside<{ name: string; abilities: string[] }[]>`
      SELECT name, to_jsonb(abilities) AS abilities FROM tokens ORDER BY name`;
    assert.deepEqual([...rows].map((row) => ({ ...row })), [
      { name: "files:write", abilities: ["files:write", "files:read"] },
      { name: "rows:read", abilities: ["rows:read"] },
      { name: "rows:read files:write", abilities: ["rows:read", "files:write", "files:read"] },
    ]);
    const [left] = await inside<{ left: boolean }[]>`
      SELECT has_column_privilege('bulkhead_lookup', 'public.tokens', 'abilities', 'UPDATE') AS left`;
    assert.equal(left!.left, false);
  } finally {
    await inside.end({ timeout: 5 });
    await admin.end({ timeout: 5 });
    await superuser.unsafe(`DROP DATABASE ${database} WITH (FORCE)`);
    await control.drop();
  }
});
