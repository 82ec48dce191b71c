import assert from "node:assert/strict";
import { newId, type TenantId } from "../ids.ts";
import type { Sql } from "../postgres/mod.ts";
import { migrated } from "../../tests/harness/mod.ts";

async function hasLeft(inside: Sql, table: string, ...columns: string[]): Promise<void> {
  for (const column of columns) {
    const [row] = await inside<{ left: boolean }[]>`
      SELECT has_column_privilege('bulkhead_lookup', ${table}, ${column}, 'UPDATE') AS left`;
    assert.equal(row!.left, false, column);
  }
}

Deno.test("the migration lets tokens that hand in files go on seeing what became of them", () =>
  migrated(10, async (inside) => {
    const tenant = newId<TenantId>();
    await inside`INSERT INTO tenants (id, name) VALUES (${tenant}, 'old')`;
    await inside`
      INSERT INTO tokens (id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints)
      SELECT gen_random_uuid(), ${tenant}, 'pat', sha256(convert_to(name, 'UTF8')), 'bhd_pat_1234',
        name, 'mcp', string_to_array(name, ' '), true
      FROM unnest(string_to_array('files:write,rows:read,rows:read files:write', ',')) AS name`;
  }, async (inside) => {
    const rows = await inside<{ name: string; abilities: string[] }[]>`
      SELECT name, to_jsonb(abilities) AS abilities FROM tokens ORDER BY name`;
    assert.deepEqual([...rows].map((row) => ({ ...row })), [
      { name: "files:write", abilities: ["files:write", "files:read"] },
      { name: "rows:read", abilities: ["rows:read"] },
      { name: "rows:read files:write", abilities: ["rows:read", "files:write", "files:read"] },
    ]);
    await hasLeft(inside, "public.tokens", "abilities");
  }));

Deno.test("the migration puts tokens into lines, and ends those whose maker has left", () => {
  const [tenant, member, gone] = [newId(), newId(), newId()];
  const [first, second, third, alone, left, nobodys] = Array.from({ length: 6 }, () => newId());
  return migrated(17, async (inside) => {
    await inside`INSERT INTO tenants (id, name) VALUES (${tenant!}, 'old')`;
    await inside`
      INSERT INTO users (id, email, email_verified_at) VALUES
        (${member!}, 'a@old.example', now()), (${gone!}, 'b@old.example', now())`;
    await inside`
      INSERT INTO members (tenant_id, user_id, role) VALUES (${tenant!}, ${member!}, 'owner')`;
    const insert = (id: string, maker: string | null) =>
      inside`
        INSERT INTO tokens (
          id, tenant_id, kind, hash, prefix, name, scope, abilities, all_endpoints, created_by
        ) VALUES (
          ${id}, ${tenant!}, 'pat', sha256(convert_to(${id}, 'UTF8')), 'bhd_pat_1234', 'old', 'mcp',
          '{rows:read}', true, ${maker}
        )`;
    for (const id of [first, second, third, alone]) await insert(id!, member!);
    await insert(left!, gone!);
    await insert(nobodys!, null);
    await inside`UPDATE tokens SET replaced_by = ${second!} WHERE id = ${first!}`;
    await inside`UPDATE tokens SET replaced_by = ${third!} WHERE id = ${second!}`;
  }, async (inside) => {
    const rows = await inside<{ id: string; line: string; series: string; over: boolean }[]>`
      SELECT id, line, series, revoked_at IS NOT NULL AS over FROM tokens`;
    const seen = Object.fromEntries(rows.map(({ id, ...row }) => [id, row]));
    const expected = (line: string, over: boolean) => ({ line, series: line, over });
    assert.deepEqual(seen, {
      [first!]: expected(first!, false),
      [second!]: expected(first!, false),
      [third!]: expected(first!, false),
      [alone!]: expected(alone!, false),
      [left!]: expected(left!, true),
      [nobodys!]: expected(nobodys!, true),
    });
    await hasLeft(inside, "public.tokens", "line", "series");
  });
});
