import assert from "node:assert/strict";
import { createLog } from "../log.ts";
import { newId, type TenantId, type TokenId } from "../ids.ts";
import { mintToken } from "../tokens/mod.ts";
import { createTokenUseRecorder } from "./mod.ts";
import { testServices, testTenant } from "../../tests/harness/mod.ts";

Deno.test("close() writes when and from where each tenant's tokens were last used, to the minute", async () => {
  await using test = await testServices();
  const { services } = test;
  let now = Date.parse("2030-01-01T00:00:00Z");
  const recorder = createTokenUseRecorder(services.control, { now: () => now }, services.log);
  const expected = new Map<TokenId, { now: number; network: string }>();
  const tenants: TenantId[] = [];
  for (const name of ["A", "B"]) {
    const { tenantId, scope } = await testTenant(services, name);
    for (let i = 0; i < 3; i++) {
      const { view } = await mintToken(services, scope, {
        name: `token ${i}`,
        scope: "mcp",
        abilities: ["rows:read"],
        endpoints: "all",
      });
      now += 1000;
      recorder.record(tenantId, view.id, `192.0.${i}.0/24`);
      expected.set(view.id, { now, network: `192.0.${i}.0/24` });
      // Within the same minute nothing more is written.
      now += 1000;
      recorder.record(tenantId, view.id, "198.51.100.0/24");
    }
    tenants.push(tenantId);
  }
  // One that is gone, and one under another tenant's name, change nothing.
  await recorder.flush();
  recorder.record(tenants[0]!, newId(), null);
  now += 120_000;
  recorder.record(tenants[1]!, [...expected.keys()][0]!, null);
  await recorder.close();
  for (const tenantId of tenants) {
    const rows = await services.control.tenant(
      tenantId,
      (tx) =>
        tx<{ id: TokenId; at: Date; network: string }[]>`
        SELECT id, last_used_at AS at, last_used_network AS network FROM tokens`,
    );
    assert.equal(rows.length, 3);
    for (const { id, at, network } of rows) {
      assert.deepEqual({ now: at.getTime(), network }, expected.get(id));
    }
  }
});

Deno.test("a batch that cannot be written is told and given up", async () => {
  await using test = await testServices();
  const lines: string[] = [];
  const failing = {
    ...test.services.control,
    tenant: () => Promise.reject(new Error("the database is away")),
  };
  const recorder = createTokenUseRecorder(
    failing,
    test.services.clock,
    createLog((line) => void lines.push(line)),
  );
  recorder.record(newId(), newId(), null);
  await recorder.close();
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /token_use\.write_failed/);
});
