import assert from "node:assert/strict";
import { testServices, testTenant } from "../../tests/harness/services.ts";
import { type EndpointId, newId, type TenantId, type TokenId } from "../ids.ts";
import { createLog } from "../log.ts";
import { createUsageRecorder, type UsageEvent } from "./usage.ts";

const [ENDPOINT, ELSEWHERE] = [newId<EndpointId>(), newId<EndpointId>()];
const TOKEN = newId<TokenId>();

/** A recorder over a control database, and what a tenant's rows say. */
async function setUp() {
  const own = await testServices();
  const { control } = own.services;
  const log: string[] = [];
  const usage = createUsageRecorder(control, createLog((line) => void log.push(line)));
  const read = (tenantId: TenantId) =>
    control.tenant(tenantId, (tx) =>
      tx<{ line: string }[]>`
        SELECT concat_ws(' ', tool, status, latency_us, endpoint_id = ${ENDPOINT},
          token_id = ${TOKEN}, extract(epoch FROM at)::float8 * 1000) AS line
        FROM usage_events ORDER BY at`)
      .then((rows) => rows.map(({ line }) => line));
  const event = (tenantId: TenantId, at: number, rest: Partial<UsageEvent> = {}): UsageEvent => ({
    tenantId,
    endpointId: ENDPOINT,
    tokenId: TOKEN,
    at,
    tool: "get_row",
    status: "ok",
    latencyUs: at * 10,
    ...rest,
  });
  return { own, usage, read, event, log, tenant: await testTenant(own.services) };
}

Deno.test("usage recorder writes a row a call, each as it was", async () => {
  const { own, usage, read, event, tenant: { tenantId } } = await setUp();
  await using _own = own;
  const other = (await testTenant(own.services)).tenantId;
  usage.record(event(tenantId, 1));
  usage.record(event(other, 2));
  usage.record(event(tenantId, 3, { status: "CANCELLED" }));
  usage.record(event(tenantId, 4, { endpointId: ELSEWHERE, tokenId: null }));
  usage.record(event(tenantId, 5.5, { latencyUs: 7 }));
  await usage.flush();
  usage.record(event(tenantId, 6));
  await usage.close();
  assert.deepEqual(await read(tenantId), [
    "get_row ok 10 t t 1",
    "get_row CANCELLED 30 t t 3",
    "get_row ok 40 f 4",
    "get_row ok 7 t t 5.5",
    "get_row ok 60 t t 6",
  ]);
  assert.deepEqual(await read(other), ["get_row ok 20 t t 2"]);
});

Deno.test("usage recorder writes more calls than one statement takes", async () => {
  const { own, usage, read, event, tenant: { tenantId } } = await setUp();
  await using _own = own;
  for (let at = 1; at <= 7_001; at++) usage.record(event(tenantId, at));
  for (let at = 7_002; at <= 10_500; at++) usage.record(event(tenantId, at, { tool: "x" }));
  await usage.close();
  const lines = await read(tenantId);
  assert.equal(lines.length, 10_500);
  assert.equal(lines[7_000], "get_row ok 70010 t t 7001");
  assert.equal(lines[10_499], "x ok 105000 t t 10500");
});

Deno.test("usage recorder is held up by no tenant that is gone, and keeps what failed", async () => {
  const { own, usage, read, event, log, tenant: { tenantId } } = await setUp();
  await using _own = own;
  usage.record(event(newId<TenantId>(), 1));
  // No column holds so much: Postgres refuses the batch, which is tried again with the next.
  const failing = (await testTenant(own.services)).tenantId;
  usage.record(event(failing, 2, { latencyUs: 2 ** 40 }));
  usage.record(event(tenantId, 3));
  await usage.flush();
  assert.equal(log.length, 2);
  assert.deepEqual(await read(tenantId), ["get_row ok 30 t t 3"]);
  usage.record(event(tenantId, 4));
  await usage.close();
  assert.equal(log.length, 3);
  assert.deepEqual(await read(tenantId), ["get_row ok 30 t t 3", "get_row ok 40 t t 4"]);
});
