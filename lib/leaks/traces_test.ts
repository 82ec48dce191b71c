import assert from "node:assert/strict";
import { createEndpoint } from "../endpoints/mod.ts";
import { mintToken, rotateToken } from "../tokens/mod.ts";
import { testServices, testTenant } from "../../tests/harness/mod.ts";
import { replaceLeaked } from "./mod.ts";

Deno.test("what replaces a token that was rotated lasts as long as that was to, not as its overlap", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services);
  const { endpoint } = await createEndpoint(services, tenant.scope, "data");
  const mint = async (expiresAt: Date | null) =>
    (await mintToken(services, tenant.scope, {
      name: "agent",
      scope: "mcp",
      abilities: ["rows:read"],
      endpoints: [endpoint.id],
      expiresAt,
    })).view.id;
  const inAYear = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);
  for (const expiresAt of [null, inAYear]) {
    const id = await mint(expiresAt);
    await rotateToken(services, tenant.scope, id, 3600);
    const { view } = await replaceLeaked(services, tenant.scope, id);
    assert.deepEqual(view.expiresAt, expiresAt);
  }
});
